mod keys;

use ark_bn254::{Fq, Fq2, Fr, G2Affine};
use ark_ff::{BigInteger, PrimeField};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/", $name))
    };
}

const PROOF: &[u8; 256] = fixture!("groth16-bn254/proof.bin");
const PUBLIC_VALUES: &[u8; 64] = fixture!("groth16-bn254/public_values.bin");
const GNARK_KEY: &[u8] = fixture!("sp1-5-groth16/groth16_vk.bin");
const SNARKJS_KEY: &[u8] = fixture!("groth16-bn254/verification_key.json");

/// Where the points of a proof begin.
const A: usize = 0;
const B: usize = 64;
const C: usize = 192;

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn verifier(key: &[u8]) -> Verifier {
    Verifier::new(digest(key), key).unwrap()
}

fn answer(proof: &[u8], public_values: &[u8]) -> Result<Verified, Error> {
    verifier(GNARK_KEY).verify(proof, Some(public_values))
}

fn refusal(proof: &[u8], public_values: &[u8]) -> Refusal {
    match answer(proof, public_values) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut proof = PROOF.to_vec();
    proof[at..at + bytes.len()].copy_from_slice(bytes);
    proof
}

fn big_endian(element: impl PrimeField) -> Vec<u8> {
    element.into_bigint().to_bytes_be()
}

/// A point of the twist whose order has another factor.
fn outside_of_the_subgroup() -> Vec<u8> {
    let point = (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(x.into(), Fq::from(0)), true))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    [point.x.c1, point.x.c0, point.y.c1, point.y.c0]
        .into_iter()
        .flat_map(big_endian)
        .collect()
}

fn invalid() -> Refusal {
    Refusal::ProofInvalid {
        detail: "the equation of the pairings does not hold".into(),
    }
}

#[test]
fn golden_proof_is_valid_under_either_encoding_of_its_key() {
    for key in [GNARK_KEY, SNARKJS_KEY] {
        let verified = verifier(key).verify(PROOF, Some(PUBLIC_VALUES)).unwrap();
        assert_eq!(verified.public_values, PUBLIC_VALUES);
        assert!(!verified.verify.is_zero());
    }
}

#[test]
fn bounds_and_version_are_told_before_a_proof_is_there() {
    let verifier = verifier(GNARK_KEY);
    assert_eq!(verifier.max_proof_bytes(), 256);
    assert_eq!(verifier.circuit_version(), "bn254");
}

#[test]
fn proof_without_values_cannot_be_verified() {
    assert_eq!(
        verifier(GNARK_KEY).verify(PROOF, None),
        Err(CannotVerify::PublicValuesMissing.into())
    );
}

#[test]
fn length_of_a_proof_is_exact() {
    let undecodable = |detail: &str| Refusal::ProofUndecodable {
        detail: detail.into(),
    };
    assert_eq!(refusal(&[], PUBLIC_VALUES), undecodable("it is empty"));
    for kept in [1, 31, 64, 192, 224, 255] {
        assert_eq!(
            refusal(&PROOF[..kept], PUBLIC_VALUES),
            undecodable(&format!("it has {kept} bytes, expected 256"))
        );
    }
    let extended = [&PROOF[..], &[0]].concat();
    assert_eq!(
        refusal(&extended, PUBLIC_VALUES),
        Refusal::ProofTooLarge {
            got: 257,
            limit: 256
        }
    );
}

#[test]
fn length_of_the_values_is_exact() {
    for values in [&[][..], &PUBLIC_VALUES[..32], &[0; 65], &[0; 96]] {
        assert_eq!(
            refusal(PROOF, values),
            Refusal::PublicValuesLengthMismatch {
                expected: 64,
                got: values.len()
            }
        );
    }
}

#[test]
fn coordinates_are_below_the_modulus() {
    let modulus = Fq::MODULUS.to_bytes_be();
    for (at, what) in [
        (A, "proof: A"),
        (A + 32, "proof: A"),
        (B, "proof: B"),
        (B + 96, "proof: B"),
        (C, "proof: C"),
        (C + 32, "proof: C"),
    ] {
        for bytes in [&modulus[..], &[0xff; 32]] {
            assert_eq!(
                refusal(&patched(at, bytes), PUBLIC_VALUES),
                Refusal::FieldElementNotCanonical { what: what.into() }
            );
        }
    }
}

#[test]
fn same_number_plus_the_modulus_is_refused() {
    let mut number = Fq::MODULUS;
    let x = Fq::from_be_bytes_mod_order(&PROOF[..32]).into_bigint();
    assert!(!number.add_with_carry(&x));
    assert_eq!(
        refusal(&patched(A, &number.to_bytes_be()), PUBLIC_VALUES),
        Refusal::FieldElementNotCanonical {
            what: "proof: A".into()
        }
    );
}

#[test]
fn scalars_are_below_the_modulus() {
    for (at, what) in [(0, "public input 0"), (32, "public input 1")] {
        let mut values = *PUBLIC_VALUES;
        values[at..at + 32].copy_from_slice(&Fr::MODULUS.to_bytes_be());
        assert_eq!(
            refusal(PROOF, &values),
            Refusal::FieldElementNotCanonical { what: what.into() }
        );
    }
}

#[test]
fn points_are_on_their_curves() {
    for (at, what) in [(A, "proof: A"), (B, "proof: B"), (C, "proof: C")] {
        for bytes in [&[0u8; 64][..], &[vec![0; 63], vec![1]].concat()] {
            assert_eq!(
                refusal(&patched(at, bytes), PUBLIC_VALUES),
                Refusal::PointNotOnCurve { what: what.into() }
            );
        }
    }
    assert_eq!(
        refusal(&patched(B, &[0; 128]), PUBLIC_VALUES),
        Refusal::PointNotOnCurve {
            what: "proof: B".into()
        }
    );
}

#[test]
fn point_of_the_twist_is_in_the_subgroup() {
    assert_eq!(
        refusal(&patched(B, &outside_of_the_subgroup()), PUBLIC_VALUES),
        Refusal::PointNotInSubgroup {
            what: "proof: B".into()
        }
    );
}

#[test]
fn every_flipped_bit_of_a_proof_is_refused_by_name() {
    for at in 0..PROOF.len() {
        let flipped = patched(at, &[PROOF[at] ^ 1 << (at % 8)]);
        let refusal = refusal(&flipped, PUBLIC_VALUES);
        let what = ["proof: A", "proof: B", "proof: B", "proof: C"][at / 64].to_owned();
        let expected = [
            Refusal::PointNotOnCurve { what: what.clone() },
            Refusal::FieldElementNotCanonical { what },
        ];
        assert!(expected.contains(&refusal), "byte {at}: {refusal}");
    }
}

#[test]
fn points_of_their_groups_that_prove_nothing_are_invalid() {
    let negated = |at: usize| {
        let y = -Fq::from_be_bytes_mod_order(&PROOF[at..at + 32]);
        patched(at, &big_endian(y))
    };
    let swapped = [&PROOF[C..], &PROOF[B..C], &PROOF[..B]].concat();
    for proof in [negated(A + 32), negated(C + 32), swapped] {
        assert_eq!(refusal(&proof, PUBLIC_VALUES), invalid());
    }
}

#[test]
fn other_values_are_invalid() {
    for at in [1, 31, 33, 63] {
        let mut values = *PUBLIC_VALUES;
        values[at] ^= 1;
        assert_eq!(refusal(PROOF, &values), invalid());
    }
}

#[test]
fn other_key_is_invalid() {
    let mut key = GNARK_KEY.to_vec();
    // The sign of alpha.
    key[0] ^= 0b0100_0000;
    assert_eq!(
        verifier(&key).verify(PROOF, Some(PUBLIC_VALUES)),
        Err(invalid().into())
    );
}
