//! Time bare calls of `proofman-verifier`, one for each line on standard input.
//!
//! `bare_zisk PROOF` answers as `bare` of the crate for SP1; the program key is not looked at.

#[path = "../../sp1/examples/timed/mod.rs"]
mod timed;

use std::error::Error;

use proofman_verifier::{Poseidon1Verifier, VadcopFinalProof, Verifier as _};

/// Root of the constants of the circuit, as `src/key.rs` has it; another one verifies nothing.
const AGGREGATION_KEY: [u64; 4] = [
    16_370_293_013_691_533_579,
    6_864_437_907_249_201_182,
    12_605_075_787_481_351_281,
    11_365_126_049_963_943_544,
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, proof] = arguments.as_slice() else {
        return Err("usage: bare_zisk PROOF".into());
    };
    let bytes = std::fs::read(proof)?;
    timed::answer_lines(|| {
        let proof: VadcopFinalProof = bincode::deserialize(&bytes)?;
        if Poseidon1Verifier.verify_vadcop_final_compressed(&proof, &AGGREGATION_KEY) {
            return Ok(());
        }
        Err("the proof does not verify".into())
    })
}
