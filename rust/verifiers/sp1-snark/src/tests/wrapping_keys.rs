//! Keys that a caller adds.

use super::*;

const GROTH16_V5: &[u8] = fixture!("sp1-5-groth16/groth16_vk.bin");
const PLONK_V5_KEY: &[u8] = include_bytes!("../keys/plonk-v5.0.0.bin");
const PLONK_V6_KEY: &[u8] = fixture!("sp1-6.0-plonk/plonk_vk.bin");

fn open(wrapping: Wrapping, key: &[u8]) -> Result<Verifier, Error> {
    Verifier::new(wrapping, *GROTH16.program_vk, Some(key))
}

fn refused(wrapping: Wrapping, key: &[u8]) -> Error {
    open(wrapping, key).unwrap_err()
}

fn malformed(detail: &str) -> Error {
    Refusal::VerifierKeyMalformed {
        detail: detail.into(),
    }
    .into()
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut key = PLONK_V6_KEY.to_vec();
    key[at..at + bytes.len()].copy_from_slice(bytes);
    key
}

/// v5.0.0's key, but for the last byte of its lines, which nobody reads: it has another selector.
fn relabelled_key() -> (Vec<u8>, [u8; 4]) {
    let mut key = PLONK_V5_KEY.to_vec();
    *key.iter_mut().nth_back(12).unwrap() ^= 1;
    let selector = sp1_verifier::sha256_hash(&key)[..4].try_into().unwrap();
    (key, selector)
}

#[test]
fn given_key_stands_beside_the_known_ones() {
    let (key, selector) = relabelled_key();
    let shown = format!("selector 0x{}", hex::encode(selector));
    let verifier = Verifier::new(Wrapping::Plonk, *PLONK.program_vk, Some(&key)).unwrap();
    assert_eq!(
        verifier.circuit_version(),
        format!("v5.0.0, v6.1.0, {shown}")
    );
    let proof = PLONK.patched(0, &selector);
    let verified = verifier.verify(&proof, Some(PLONK.public_values)).unwrap();
    assert_eq!(verified.public_values, PLONK.public_values);
    assert_eq!(verifier.circuit_version_of(&proof), shown);
    let known = open(Wrapping::Groth16, GROTH16_V5).unwrap();
    assert_eq!(known.circuit_version(), "v6.1.0, v5.0.0");
}

#[test]
fn key_that_is_not_known_needs_its_root() {
    // The sign of a point makes another key.
    let mut key = GROTH16_VK_BYTES.to_vec();
    key[0] ^= 0b0100_0000;
    assert_eq!(
        refused(Wrapping::Groth16, &key),
        malformed("the root of the recursion keys must follow it, 32 bytes")
    );
    key.extend([7; 32]);
    let verifier = open(Wrapping::Groth16, &key).unwrap();
    assert!(
        verifier
            .circuit_version()
            .starts_with("v5.0.0, v6.1.0, selector 0x")
    );
}

#[test]
fn root_of_a_known_key_is_not_the_callers() {
    let key = [*GROTH16_VK_BYTES, &[7; 32]].concat();
    assert_eq!(
        refused(Wrapping::Groth16, &key),
        malformed("it is no key of SP1: 5 public inputs")
    );
}

#[test]
fn lengths_of_keys_are_exact() {
    for length in [0, 100, PLONK_V6_KEY.len() - 1] {
        assert_eq!(
            refused(Wrapping::Plonk, &PLONK_V6_KEY[..length]),
            malformed(&format!("it has {length} bytes, expected 34368"))
        );
    }
    assert_eq!(
        refused(Wrapping::Plonk, &[0; 65_537]),
        malformed("it has 65537 bytes, limit 65536")
    );
    assert_eq!(
        refused(Wrapping::Groth16, &GROTH16_V5[..395]),
        malformed("it is cut, after 395 bytes")
    );
}

#[test]
fn elements_of_a_plonk_key_are_checked() {
    let modulus = Fr::MODULUS.to_bytes_be();
    for at in [8, 40, 80] {
        let what = "verifier key: a scalar".into();
        assert_eq!(
            refused(Wrapping::Plonk, &patched(at, &modulus)),
            Refusal::FieldElementNotCanonical { what }.into()
        );
    }
    for at in [112, 336, 372, 404] {
        let what = "verifier key: a point in G1".into();
        assert_eq!(
            refused(Wrapping::Plonk, &patched(at, &[0xbf; 32])),
            Refusal::FieldElementNotCanonical { what }.into()
        );
    }
    for at in [436, 500] {
        assert_eq!(
            refused(Wrapping::Plonk, &patched(at, &[PLONK_V6_KEY[at] & 0x3f])),
            malformed("verifier key: a point in G2 has the flags of no compressed point")
        );
    }
}

#[test]
fn points_of_a_plonk_key_are_on_their_curves_and_in_their_groups() {
    // No point of G1 has the coordinate 4: 4³ + 3 is no square.
    let off = [&[0b1000_0000][..], &[0; 30], &[4]].concat();
    for at in [112, 208, 336, 372, 404] {
        let what = "verifier key: a point in G1".into();
        assert_eq!(
            refused(Wrapping::Plonk, &patched(at, &off)),
            Refusal::PointNotOnCurve { what }.into()
        );
    }
    // x = 1 is on the twist, and not in the group of order r: computed with `py_ecc.bn128`.
    let outside = [&[0b1000_0000][..], &[0; 62], &[1]].concat();
    for at in [436, 500] {
        let what = "verifier key: a point in G2".into();
        assert_eq!(
            refused(Wrapping::Plonk, &patched(at, &outside)),
            Refusal::PointNotInSubgroup { what }.into()
        );
    }
}

#[test]
fn counts_of_a_plonk_key_are_those_of_sp1() {
    assert_eq!(
        refused(Wrapping::Plonk, &patched(371, &[2])),
        malformed("2 commitments at 1 places, expected one")
    );
    assert_eq!(
        refused(Wrapping::Plonk, &patched(79, &[9])),
        malformed("it is no key of SP1: 9 public inputs")
    );
}
