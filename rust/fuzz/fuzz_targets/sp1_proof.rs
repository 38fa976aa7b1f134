//! A compressed SP1 proof, changed: what decodes is canonical, and is of this version.
//!
//! A proof takes 1.27 MB, so an input says what to write into the recorded one, as in `zisk_proof`:
//! the place (four bytes, little-endian), whether the rest of it follows (one byte, odd for yes),
//! what is written.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use zkattest_verifiers::{CannotVerify, Error, ProofVerifier, Refusal, System, open};

const PROOF: &[u8] = include_bytes!("../../../tests/fixtures/sp1-6.4-compressed/proof.bin");
const KEY: &[u8] = include_bytes!("../../../tests/fixtures/sp1-6.4-compressed/program_vk.bin");
const VERSION: &[u8] = b"v6.1.0";

/// The program of the proof does not put these out, so that only decoding and comparing is fuzzed.
const NO_VALUES: Option<&[u8]> = Some(b"");

fuzz_target!(|data: &[u8]| {
    static VERIFIER: OnceLock<Box<dyn ProofVerifier>> = OnceLock::new();
    let Some((head, written)) = data.split_first_chunk::<5>() else {
        return;
    };
    let [a, b, c, d, follows] = *head;
    let place = u32::from_le_bytes([a, b, c, d]) as usize % (PROOF.len() + 1);
    let end = PROOF.len().min(place + written.len());
    let tail = if follows % 2 == 1 { &PROOF[end..] } else { &[] };
    let proof = [&PROOF[..place], written, tail].concat();
    let verifier = VERIFIER.get_or_init(|| open(System::Sp1, KEY, None).unwrap());
    match verifier.verify(&proof, NO_VALUES).unwrap_err() {
        Error::Refused(Refusal::PublicValuesMismatch { .. }) => {
            assert!(proof.len() <= verifier.max_proof_bytes());
            assert!(proof.ends_with(VERSION));
        }
        Error::CannotVerify(CannotVerify::VerifierPanicked) => panic!("a contained panic"),
        answer => assert!(!answer.to_string().is_empty()),
    }
});
