//! Any bytes as the seal of a recorded receipt: a valid one has the size, the release and the
//! journal. (Groth16 proofs can be rewritten, so a valid seal need not be the recorded one.)
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use zkattest_verifiers::{CannotVerify, Error, ProofVerifier, System, open};

/// The image id and the journal of `tests/fixtures/risc0-groth16/receipt.json`, release 5.0.
const IMAGE_ID: [u8; 32] = [
    0x51, 0x35, 0x0d, 0xe4, 0x1e, 0x57, 0x50, 0x76, 0xbf, 0x18, 0x0d, 0xbe, 0x2e, 0xfb, 0x38, 0xed,
    0xc2, 0x5b, 0x32, 0xe4, 0x71, 0x95, 0xa9, 0x2b, 0x2c, 0x05, 0x85, 0x04, 0x57, 0xe4, 0x57, 0xa0,
];
const JOURNAL: &[u8] = &[
    106, 117, 115, 116, 32, 97, 32, 115, 105, 109, 112, 108, 101, 32, 114, 101, 99, 101, 105, 112,
    116,
];

fuzz_target!(|data: &[u8]| {
    static VERIFIER: OnceLock<Box<dyn ProofVerifier>> = OnceLock::new();
    let verifier = VERIFIER.get_or_init(|| open(System::Risc0Groth16, &IMAGE_ID, None).unwrap());
    match verifier.verify(data, Some(JOURNAL)) {
        Ok(verified) => {
            assert_eq!(data.len(), verifier.max_proof_bytes());
            assert_eq!(verifier.circuit_version_of(data), "5.0");
            assert_eq!(verified.public_values, JOURNAL);
        }
        Err(Error::CannotVerify(CannotVerify::VerifierPanicked)) => panic!("a contained panic"),
        Err(answer) => assert!(!answer.to_string().is_empty()),
    }
});
