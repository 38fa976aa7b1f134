//! Time bare calls of `sp1-verifier`, one for each line on standard input.
//!
//! `bare PROOF KEY` answers each line with nanoseconds of wall time and of processor time: what a
//! call costs that trusts its input. `benches/bench_verify.py` measures our call against it.

use std::{
    error::Error,
    io::{BufRead, Write, stdin, stdout},
    time::Instant,
};

use slop_algebra::AbstractField;
use sp1_primitives::SP1Field;
use sp1_verifier::{ProofFromNetwork, SP1Proof, compressed::SP1CompressedVerifier};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, proof, key] = arguments.as_slice() else {
        return Err("usage: bare PROOF KEY".into());
    };
    let proof = std::fs::read(proof)?;
    let key = limbs(&std::fs::read(key)?);
    let verifier = SP1CompressedVerifier::new();
    for line in stdin().lock().lines() {
        line?;
        let (started, worked) = (Instant::now(), processor_ns()?);
        let bundle: ProofFromNetwork = bincode::deserialize(&proof)?;
        let SP1Proof::Compressed(compressed) = &bundle.proof else {
            return Err("not compressed".into());
        };
        let values = bundle.public_values.as_slice();
        verifier.verify_compressed_with_public_values(compressed, values, &key)?;
        println!(
            "{} {}",
            started.elapsed().as_nanos(),
            processor_ns()? - worked
        );
        stdout().flush()?;
    }
    Ok(())
}

/// Read how long this thread has run on a processor; waiting for one does not count.
fn processor_ns() -> Result<u64, Box<dyn Error>> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(statistics
        .split_whitespace()
        .next()
        .ok_or("empty schedstat")?
        .parse()?)
}

/// Split a canonical key of 32 bytes into its eight limbs of 31 bits.
fn limbs(key: &[u8]) -> [SP1Field; 8] {
    let bits: Vec<u32> = key
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| u32::from(byte >> bit & 1)))
        .collect();
    std::array::from_fn(|limb| {
        let bits = bits.iter().skip(8 + 31 * limb).take(31);
        SP1Field::from_canonical_u32(bits.fold(0, |value, bit| value << 1 | bit))
    })
}
