//! A ZisK proof, changed: what decodes has the one size, and the key of its program.
//!
//! A proof takes 255 kB, so an input says what to write into the recorded one: the place (four
//! bytes, little-endian), whether the rest of it follows (one byte, odd for yes), what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zkattest_verifiers::{CannotVerify, Error, Refusal, System, open};

const PROOF: &[u8] = include_bytes!("../../../tests/fixtures/zisk-1.1-vadcop/proof.bin");
const KEY: &[u8] = include_bytes!("../../../tests/fixtures/zisk-1.1-vadcop/program_vk.bin");

/// No program puts these out, so that only decoding and comparing is fuzzed.
const NO_VALUES: Option<&[u8]> = Some(b"");

fuzz_target!(|data: &[u8]| {
    let Some((head, written)) = data.split_first_chunk::<5>() else {
        return;
    };
    let [a, b, c, d, follows] = *head;
    let place = u32::from_le_bytes([a, b, c, d]) as usize % (PROOF.len() + 1);
    let end = PROOF.len().min(place + written.len());
    let tail = if follows % 2 == 1 { &PROOF[end..] } else { &[] };
    let proof = [&PROOF[..place], written, tail].concat();
    let verifier = open(System::Zisk, KEY, None).unwrap();
    match verifier.verify(&proof, NO_VALUES).unwrap_err() {
        Error::Refused(Refusal::PublicValuesMismatch { .. }) => {
            assert_eq!(proof.len(), PROOF.len());
            assert!(proof.windows(KEY.len()).any(|bytes| bytes == KEY));
        }
        Error::CannotVerify(CannotVerify::VerifierPanicked) => panic!("a contained panic"),
        answer => assert!(!answer.to_string().is_empty()),
    }
});
