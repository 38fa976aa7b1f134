//! Time calls of this crate from Rust, one for each line on standard input.
//!
//! `bare_risc0 SEAL IMAGE_ID JOURNAL` answers as `bare` of the crate for SP1. No verifier of RISC
//! Zero's own is linked, so this is our own call without Python around it.

#[path = "../../sp1/examples/timed/mod.rs"]
mod timed;

use std::error::Error;

use zkattest_verifier_risc0_groth16::{ProofVerifier as _, Verifier};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, seal, image_id, journal] = arguments.as_slice() else {
        return Err("usage: bare_risc0 SEAL IMAGE_ID JOURNAL".into());
    };
    let (seal, journal) = (std::fs::read(seal)?, std::fs::read(journal)?);
    let image_id = <[u8; 32]>::try_from(std::fs::read(image_id)?.as_slice())?;
    let verifier = Verifier::new(image_id)?;
    timed::answer_lines(|| Ok(verifier.verify(&seal, Some(&journal)).map(drop)?))
}
