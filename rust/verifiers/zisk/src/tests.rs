mod shapes;

use std::time::Instant;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/", $name))
    };
}

const PROOF: &[u8] = fixture!("zisk-1.1-vadcop/proof.bin");
const KEY: &[u8; 32] = fixture!("zisk-1.1-vadcop/program_vk.bin");
const PUBLIC_VALUES: &[u8] = fixture!("zisk-1.1-vadcop/public_values.bin");

/// First word of the proof proper, behind its length prefix.
const FIRST_WORD: usize = 8;
/// Words of the proof proper.
const WORDS: usize = 31_754;
/// Length prefix of the public words.
const PUBLICS_LENGTH: usize = FIRST_WORD + 8 * WORDS;
/// First public word: the program key.
const PUBLICS: usize = PUBLICS_LENGTH + 8;
/// First word of the output.
const OUTPUT: usize = PUBLICS + 8 * 4;
/// The boolean that says that a proof is minimal.
const MINIMAL: usize = PUBLICS + 8 * 68;
/// Length prefix of the name of the hash family.
const FAMILY_LENGTH: usize = MINIMAL + 1;
/// The modulus of the field, as it must never stand in a bundle.
const MODULUS: u64 = 0xffff_ffff_0000_0001;

fn verifier() -> Verifier {
    Verifier::new(*KEY).unwrap()
}

fn refusal(bytes: &[u8], public_values: Option<&[u8]>) -> Refusal {
    match verifier().verify(bytes, public_values) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn undecodable(detail: impl Into<String>) -> Refusal {
    Refusal::ProofUndecodable {
        detail: detail.into(),
    }
}

fn invalid() -> Refusal {
    Refusal::ProofInvalid {
        detail: "the vadcop proof does not verify under the aggregation key".into(),
    }
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut proof = PROOF.to_vec();
    proof[at..at + bytes.len()].copy_from_slice(bytes);
    proof
}

fn digest(values: &[u8]) -> Hash {
    use sha2::Digest as _;
    Hash(sha2::Sha256::digest(values).into())
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
fn statement_of_43_bytes_stands_for_the_padded_one() {
    // The fixture puts out 46 bytes: its first 43, asked for alone, have a tail that says something.
    let expected = Refusal::PublicValuesPaddingNotZero { at: 43 };
    assert_eq!(PUBLIC_VALUES[43], 0xfe);
    assert_eq!(refusal(PROOF, Some(&PUBLIC_VALUES[..43])), expected);
    // With that tail cleared the statement is compared, and only then is the proof looked at.
    let cleared = patched(OUTPUT + 8 * 10, &[0x95, 0xf9, 0xf5, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(refusal(&cleared, Some(&PUBLIC_VALUES[..43])), invalid());
    let other = [&PUBLIC_VALUES[..42], b"\0"].concat();
    let expected = Refusal::PublicValuesMismatch {
        expected: digest(&other),
        got: digest(&PUBLIC_VALUES[..43]),
    };
    assert_eq!(refusal(&cleared, Some(&other)), expected);
}

#[test]
fn other_public_values_are_refused() {
    for values in [&b""[..], b"others", &PUBLIC_VALUES[..46], &[0; 256]] {
        let expected = Refusal::PublicValuesMismatch {
            expected: digest(values),
            got: digest(PUBLIC_VALUES),
        };
        assert_eq!(refusal(PROOF, Some(values)), expected);
    }
}

#[test]
fn changed_output_is_invalid() {
    let flipped = patched(OUTPUT, &[PROOF[OUTPUT] ^ 1]);
    assert_eq!(refusal(&flipped, None), invalid());
    let mut values = PUBLIC_VALUES.to_vec();
    values[0] ^= 1;
    assert_eq!(refusal(&flipped, Some(&values)), invalid());
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
fn bundle_that_names_another_program_is_invalid_for_that_one() {
    let flipped = patched(PUBLICS, &[PROOF[PUBLICS] ^ 1]);
    let mut other = *KEY;
    other[0] ^= 1;
    let outcome = Verifier::new(other).unwrap().verify(&flipped, None);
    assert_eq!(outcome, Err(invalid().into()));
}

#[test]
fn key_that_no_program_has_is_refused() {
    for word in 0..4 {
        let mut key = *KEY;
        key[8 * word..8 * word + 8].copy_from_slice(&MODULUS.to_le_bytes());
        let expected = Refusal::ProgramKeyMalformed {
            detail: format!("word {word} is not below the modulus: {MODULUS}"),
        };
        assert_eq!(Verifier::new(key).unwrap_err(), expected);
    }
}

#[test]
fn proofs_of_other_systems_are_undecodable() {
    let proofs: [&[u8]; 4] = [
        fixture!("sp1-6.4-compressed/proof.bin"),
        fixture!("sp1-5-groth16/proof.bin"),
        fixture!("openvm-2.1-stark/proof.bin"),
        &[0xc2; 260],
    ];
    let details = proofs.map(|proof| refusal(proof, None).to_string());
    assert_eq!(
        details,
        [
            "proof is too large: got 1272621 bytes, limit 1048576",
            "proof cannot be decoded: it ends inside a field, after 1415 bytes",
            "proof cannot be decoded: it ends inside a field, after 267559 bytes",
            "proof cannot be decoded: it ends inside a field, after 260 bytes",
        ]
    );
}
