mod shapes;

use std::time::Instant;

use sp1_primitives::io::SP1PublicValues;
use sp1_verifier::{Groth16Bn254Proof, ProofFromNetwork, SP1Proof};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/", $name))
    };
}

const PROOF: &[u8] = fixture!("sp1-6.4-compressed/proof.bin");
const KEY: &[u8; 32] = fixture!("sp1-6.4-compressed/program_vk.bin");
const PUBLIC_VALUES: &[u8] = fixture!("sp1-6.4-compressed/public_values.bin");
const GROTH16: &[u8] = fixture!("sp1-5-groth16/proof.bin");

/// First field element of the bundle, zero in the fixture.
const FIRST_ELEMENT: usize = 4;
/// Length prefix of the recursion public values, 187 elements.
const ELEMENTS_LENGTH: usize = 0x6c;
/// Length prefix of the program's public values, at the end of the bundle.
const VALUES_LENGTH: usize = PROOF.len() - CIRCUIT_VERSION.len() - 8 - PUBLIC_VALUES.len() - 8;
/// The modulus of the field, as it must never stand in a bundle.
const MODULUS: u32 = 0x7f00_0001;

fn verifier() -> Verifier {
    Verifier::new(*KEY).unwrap()
}

fn refusal(bytes: &[u8], public_values: Option<&[u8]>) -> Refusal {
    match verifier().verify(bytes, public_values) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut proof = PROOF.to_vec();
    proof[at..at + bytes.len()].copy_from_slice(bytes);
    proof
}

#[test]
fn fixture_is_valid_with_and_without_the_callers_values() {
    for public_values in [None, Some(PUBLIC_VALUES)] {
        let verified = verifier().verify(PROOF, public_values).unwrap();
        assert_eq!(verified.public_values, PUBLIC_VALUES);
        assert!(!verified.verify.is_zero());
    }
}

#[test]
fn bundle_without_values_needs_the_callers() {
    let decoded = verifier().decode(PROOF).unwrap();
    let bare = ProofFromNetwork {
        proof: SP1Proof::Compressed(decoded.proof),
        public_values: SP1PublicValues::new(),
        sp1_version: CIRCUIT_VERSION.into(),
    };
    let bytes = bincode::serialize(&bare).unwrap();
    assert_eq!(
        verifier()
            .verify(&bytes, Some(PUBLIC_VALUES))
            .unwrap()
            .public_values,
        PUBLIC_VALUES
    );
    assert!(matches!(
        refusal(&bytes, None),
        Refusal::PublicValuesMismatch { .. }
    ));
}

#[test]
fn empty_is_undecodable() {
    assert_eq!(
        refusal(&[], None),
        Refusal::ProofUndecodable {
            detail: "it is empty".into()
        }
    );
}

#[test]
fn truncated_is_undecodable() {
    for keep in [
        1,
        4,
        5,
        0x6c,
        0x70,
        1000,
        PROOF.len() / 2,
        PROOF.len() - 70,
        PROOF.len() - 1,
    ] {
        let detail = format!("it ends inside a field, after {keep} bytes");
        assert_eq!(
            refusal(&PROOF[..keep], None),
            Refusal::ProofUndecodable { detail }
        );
    }
}

#[test]
fn extended_has_trailing_bytes() {
    let extended = [PROOF, b"\0"].concat();
    let expected = Refusal::ProofTrailingBytes {
        expected: PROOF.len(),
        got: PROOF.len() + 1,
    };
    assert_eq!(refusal(&extended, None), expected);
}

#[test]
fn oversize_is_refused_before_decoding() {
    let large = vec![0; MAX_PROOF_BYTES + 1];
    let expected = Refusal::ProofTooLarge {
        got: MAX_PROOF_BYTES + 1,
        limit: MAX_PROOF_BYTES,
    };
    assert_eq!(refusal(&large, None), expected);
}

#[test]
fn huge_length_prefixes_allocate_nothing() {
    for at in [
        ELEMENTS_LENGTH,
        VALUES_LENGTH,
        PROOF.len() - CIRCUIT_VERSION.len() - 8,
    ] {
        for length in [u64::MAX, u64::MAX / 4, 1 << 40, 1 << 32] {
            let started = Instant::now();
            let refusal = refusal(&patched(at, &length.to_le_bytes()), None);
            assert!(
                matches!(refusal, Refusal::ProofUndecodable { .. }),
                "{at}: {refusal}"
            );
            // A gigabyte of zeroed pages takes longer than this, even on a busy machine.
            assert!(started.elapsed().as_secs() < 2);
        }
    }
}

#[test]
fn field_element_above_the_modulus_is_not_canonical() {
    assert_eq!(PROOF[FIRST_ELEMENT..FIRST_ELEMENT + 4], [0; 4]);
    let refusal = refusal(&patched(FIRST_ELEMENT, &MODULUS.to_le_bytes()), None);
    let detail = format!("not canonical at byte {FIRST_ELEMENT}");
    assert_eq!(refusal, Refusal::ProofUndecodable { detail });
}

#[test]
fn other_version_is_named() {
    let last = PROOF.len() - 1;
    let expected = Refusal::ProofVersionMismatch {
        expected: CIRCUIT_VERSION,
        got: "v6.1.1".into(),
    };
    assert_eq!(refusal(&patched(last, b"1"), None), expected);
}

#[test]
fn other_key_is_named_with_both() {
    let mut other = *KEY;
    other[31] ^= 1;
    let outcome = Verifier::new(other).unwrap().verify(PROOF, None);
    let expected = Refusal::ProgramKeyMismatch {
        expected: Hash(other),
        got: Hash(*KEY),
    };
    assert_eq!(outcome, Err(expected.into()));
}

#[test]
fn key_that_no_program_has_is_refused() {
    for (at, limb) in [(0, 0), (1, 0), (28, 7)] {
        let mut key = [0; 32];
        key[at..(at + 4).min(32)].fill(0xff);
        let refusal = Verifier::new(key).unwrap_err();
        let Refusal::ProgramKeyNotCanonical { limb: found, .. } = refusal else {
            panic!("{refusal}")
        };
        assert_eq!(found, limb, "{refusal}");
    }
}

#[test]
fn other_public_values_are_refused() {
    assert!(matches!(
        refusal(PROOF, Some(b"others")),
        Refusal::PublicValuesMismatch { .. }
    ));
    assert!(matches!(
        refusal(PROOF, Some(b"")),
        Refusal::PublicValuesMismatch { .. }
    ));
    let mut flipped = PROOF.to_vec();
    flipped[VALUES_LENGTH + 8] ^= 1;
    assert!(matches!(
        refusal(&flipped, None),
        Refusal::PublicValuesMismatch { .. }
    ));
    assert!(matches!(
        refusal(&flipped, Some(PUBLIC_VALUES)),
        Refusal::PublicValuesMismatch { .. }
    ));
}

#[test]
fn flipped_bit_inside_the_proof_is_invalid() {
    let mut flipped = PROOF.to_vec();
    flipped[PROOF.len() / 2] ^= 1;
    assert!(matches!(
        refusal(&flipped, None),
        Refusal::ProofInvalid { .. }
    ));
}

#[test]
fn groth16_proof_of_another_format_is_undecodable() {
    assert!(matches!(
        refusal(GROTH16, None),
        Refusal::ProofUndecodable { .. }
    ));
}

#[test]
fn well_formed_bundle_of_another_kind_is_unsupported() {
    let bundle = ProofFromNetwork {
        proof: SP1Proof::Groth16(Groth16Bn254Proof::default()),
        public_values: SP1PublicValues::from(PUBLIC_VALUES),
        sp1_version: CIRCUIT_VERSION.into(),
    };
    let outcome = verifier().verify(&bincode::serialize(&bundle).unwrap(), None);
    assert_eq!(
        outcome,
        Err(CannotVerify::Unsupported {
            kind: "SP1 groth16 proofs, only compressed proofs are verified".into()
        }
        .into())
    );
}

#[test]
fn panic_is_contained() {
    let outcome: Result<(), Error> = contain_panics(|| panic!("a defect"));
    assert_eq!(outcome, Err(CannotVerify::VerifierPanicked.into()));
}

/// Every bit matters somewhere: no flip may leave the proof valid, crash or hang.
#[test]
#[ignore = "two minutes: cargo test --release -- --ignored"]
fn flipped_bits_everywhere_are_refused() {
    for at in (0..PROOF.len()).step_by(331) {
        let mut flipped = PROOF.to_vec();
        flipped[at] ^= 1 << (at % 8);
        let outcome = verifier().verify(&flipped, None);
        assert!(
            matches!(outcome, Err(Error::Refused(_))),
            "byte {at}: {outcome:?}"
        );
    }
}
