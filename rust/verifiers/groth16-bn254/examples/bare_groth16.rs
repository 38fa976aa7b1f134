//! Time the equation of the pairings alone, one for each line on standard input.
//!
//! `bare_groth16 PROOF KEY PUBLIC_VALUES` answers as `bare` of the crate for SP1. Key, proof and
//! inputs are decoded before: what is timed is `ark_groth16::Groth16::verify_proof`.

#[path = "../../sp1/examples/timed/mod.rs"]
mod timed;

use std::error::Error;

use zkattest_verifier_groth16_bn254::{Proof, SCALAR_BYTES, Scalar, VerifyingKey};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, proof, key, values] = arguments.as_slice() else {
        return Err("usage: bare_groth16 PROOF KEY PUBLIC_VALUES".into());
    };
    let key = VerifyingKey::decode(&std::fs::read(key)?)?;
    let proof = Proof::decode(&std::fs::read(proof)?)?;
    let values = std::fs::read(values)?;
    let (elements, _) = values.as_chunks::<SCALAR_BYTES>();
    let inputs = elements
        .iter()
        .map(|bytes| Scalar::decode(bytes, "public input"))
        .collect::<Result<Vec<_>, _>>()?;
    timed::answer_lines(|| Ok(key.verify(&proof, &inputs)?))
}
