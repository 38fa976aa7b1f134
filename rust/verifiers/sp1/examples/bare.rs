//! Time bare calls of `sp1-verifier`, one for each line on standard input.
//!
//! `bare PROOF KEY` answers each line with nanoseconds of wall time and of processor time: what a
//! call costs that trusts its input. `benches/bench_verify.py` and `benches/verifiers` measure our
//! calls against it.

mod timed;

use std::error::Error;

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
    timed::answer_lines(|| {
        let bundle: ProofFromNetwork = bincode::deserialize(&proof)?;
        let SP1Proof::Compressed(compressed) = &bundle.proof else {
            return Err("not compressed".into());
        };
        let values = bundle.public_values.as_slice();
        verifier.verify_compressed_with_public_values(compressed, values, &key)?;
        Ok(())
    })
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
