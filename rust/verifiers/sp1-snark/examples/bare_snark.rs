//! Time bare calls of `sp1-verifier` for wrapped proofs, one for each line on standard input.
//!
//! `bare_snark groth16|plonk PROOF KEY PUBLIC_VALUES [WRAPPING_KEY]` answers as `bare` of the crate
//! for SP1. The library decodes the wrapping key, by default its own, at every call. What it wants
//! besides proof and key is taken from the proof: the library's own reading of the public inputs
//! knows the newest circuit alone.

#[path = "../../sp1/examples/timed/mod.rs"]
mod timed;

use std::error::Error;

use sha2::{Digest, Sha256};
use sp1_verifier::{GROTH16_VK_BYTES, Groth16Verifier, PLONK_VK_BYTES, PlonkVerifier};

const USAGE: &str = "usage: bare_snark groth16|plonk PROOF KEY PUBLIC_VALUES [WRAPPING_KEY]";
const SELECTOR_BYTES: usize = 4;
const GROTH16_BYTES: usize = 256;
const PLONK_BYTES: usize = 864;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, wrapping, proof, key, values, given @ ..] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let (proof, values) = (std::fs::read(proof)?, std::fs::read(values)?);
    let program = <[u8; 32]>::try_from(std::fs::read(key)?.as_slice())?;
    let given = given.first().map(std::fs::read).transpose()?;
    let is_plonk = wrapping == "plonk";
    let body_bytes = if is_plonk { PLONK_BYTES } else { GROTH16_BYTES };
    let split = proof.len().checked_sub(body_bytes).ok_or(USAGE)?;
    let (head, body) = proof.split_at(split);
    let header = head.get(SELECTOR_BYTES..).ok_or(USAGE)?;
    let mut inputs = vec![program, digest(&values)];
    inputs.extend_from_slice(header.as_chunks().0);
    if is_plonk {
        let key = given.unwrap_or_else(|| PLONK_VK_BYTES.to_vec());
        return timed::answer_lines(|| Ok(PlonkVerifier::verify_gnark_proof(body, &inputs, &key)?));
    }
    let key = given.unwrap_or_else(|| GROTH16_VK_BYTES.to_vec());
    timed::answer_lines(|| Ok(Groth16Verifier::verify_gnark_proof(body, &inputs, &key)?))
}

/// Hash public values into 253 bits.
fn digest(values: &[u8]) -> [u8; 32] {
    let mut digest: [u8; 32] = Sha256::digest(values).into();
    if let Some(first) = digest.first_mut() {
        *first &= 0x1f;
    }
    digest
}
