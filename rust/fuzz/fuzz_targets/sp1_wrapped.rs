//! Wrapped proofs of SP1, bare and as bundles: what is valid has put out the recorded values.
//!
//! The first byte chooses the wrapping, and whether values are given. PLONK gets none: its bare
//! proofs are decoded to the last element then, and none is verified, which takes seconds here.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use zkattest_verifiers::{CannotVerify, Error, ProofVerifier, System, open};

/// Key and values of `tests/fixtures/sp1-5-groth16/proof.bin`, a bundle.
const BUNDLE_KEY: [u8; 32] = [
    0x00, 0xbb, 0x9e, 0x57, 0x31, 0x4d, 0x7e, 0xe4, 0xf6, 0x5a, 0x4b, 0x9f, 0xb4, 0x6f, 0xbe, 0xae,
    0x04, 0x95, 0xf2, 0x01, 0x5c, 0x5a, 0x8a, 0x73, 0x73, 0x33, 0x68, 0x0c, 0xe6, 0xbb, 0x42, 0x4e,
];
const BUNDLE_VALUES: [u8; 12] = [20, 0, 0, 0, 0x6d, 0x1a, 0, 0, 0xd3, 0x0b, 0, 0];
const BARE_KEY: &[u8] = include_bytes!("../../../tests/fixtures/sp1-6.1-groth16/program_vk.bin");
const BARE_VALUES: &[u8] =
    include_bytes!("../../../tests/fixtures/sp1-6.1-groth16/public_values.bin");

/// A verifier, the values it is given, and those that its program put out.
type Case = (Box<dyn ProofVerifier>, Option<&'static [u8]>, &'static [u8]);

fn cases() -> [Case; 3] {
    let groth16 = |key| open(System::Sp1Groth16, key, None).unwrap();
    let plonk = open(System::Sp1Plonk, &BUNDLE_KEY, None).unwrap();
    [
        (groth16(&BUNDLE_KEY), None, &BUNDLE_VALUES),
        (groth16(BARE_KEY), Some(BARE_VALUES), BARE_VALUES),
        (plonk, None, &[]),
    ]
}

fuzz_target!(|data: &[u8]| {
    static CASES: OnceLock<[Case; 3]> = OnceLock::new();
    let Some((chosen, proof)) = data.split_first() else {
        return;
    };
    let cases = CASES.get_or_init(cases);
    let (verifier, given, expected) = &cases[usize::from(*chosen) % cases.len()];
    match verifier.verify(proof, *given) {
        Ok(verified) => assert_eq!(verified.public_values, *expected),
        Err(Error::CannotVerify(CannotVerify::VerifierPanicked)) => panic!("a contained panic"),
        Err(answer) => assert!(!answer.to_string().is_empty()),
    }
});
