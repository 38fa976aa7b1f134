//! Any bytes as an OpenVM proof: decoded as far as names go, never verified, and no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zkattest_verifiers::{CannotVerify, Error, System, open};

/// A program that nobody has: a proof does not carry its key.
const KEY: [u8; 32] = [0; 32];
/// Bytes that every proof ends with: number of values, values, their commitment, one byte.
const END_BYTES: usize = 4 * (1 + 128 + 8) + 1;

fuzz_target!(|data: &[u8]| {
    let verifier = open(System::Openvm, &KEY, None).unwrap();
    match verifier.verify(data, None).unwrap_err() {
        Error::CannotVerify(CannotVerify::VerifierPanicked) => panic!("a contained panic"),
        // Named whole: then it began as a proof does, and had a whole end.
        Error::CannotVerify(CannotVerify::Unsupported { kind }) if kind.contains("STARK") => {
            assert_eq!(data.first_chunk(), Some(&3_u32.to_le_bytes()));
            assert!(data.len() > END_BYTES && data.last() == Some(&0));
        }
        answer => assert!(!answer.to_string().is_empty()),
    }
});
