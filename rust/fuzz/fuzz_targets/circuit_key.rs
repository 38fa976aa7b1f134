//! Keys of circuits, of gnark and of snarkjs: three answers, and no panic.
//!
//! The first byte chooses the system, as in the target `verifier_key` of Python.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use zkattest_verifiers::{CannotVerify, Error, System, open};

const KEYED: [System; 3] = [System::Groth16Bn254, System::Sp1Groth16, System::Sp1Plonk];

/// A proof that no key accepts, since it has no points.
const NO_PROOF: &[u8] = &[0; 8];

fuzz_target!(|data: &[u8]| {
    let Some((chosen, key)) = data.split_first() else {
        return;
    };
    let system = KEYED[usize::from(*chosen) % KEYED.len()];
    let program: [u8; 32] = match system {
        System::Groth16Bn254 => Sha256::digest(key).into(),
        _ => [0; 32],
    };
    match open(system, &program, Some(key)) {
        Ok(verifier) => {
            assert!(!verifier.circuit_version().is_empty());
            assert!(verifier.verify(NO_PROOF, Some(&[])).is_err());
        }
        Err(Error::CannotVerify(CannotVerify::VerifierPanicked)) => panic!("a contained panic"),
        Err(answer) => assert!(!answer.to_string().is_empty()),
    }
});
