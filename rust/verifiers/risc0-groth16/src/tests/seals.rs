//! Malformed seals: every refusal by its name.

use super::*;

/// The modulus of the base field of BN254, big-endian.
const MODULUS: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
/// Where each coordinate stands, and of which point it is.
const COORDINATES: [(usize, &str); 8] = [
    (4, "proof: A"),
    (36, "proof: A"),
    (68, "proof: B"),
    (100, "proof: B"),
    (132, "proof: B"),
    (164, "proof: B"),
    (196, "proof: C"),
    (228, "proof: C"),
];

fn undecodable(detail: impl Into<String>) -> Refusal {
    Refusal::ProofUndecodable {
        detail: detail.into(),
    }
}

#[test]
fn empty_is_undecodable() {
    assert_eq!(golden("V5_0").refusal(&[]), undecodable("it is empty"));
}

#[test]
fn truncated_is_undecodable() {
    let golden = golden("V5_0");
    for keep in 1..SEAL_BYTES {
        let detail = format!("it has {keep} bytes, expected 260");
        assert_eq!(golden.refusal(&golden.seal[..keep]), undecodable(detail));
    }
}

#[test]
fn extended_is_too_large() {
    let golden = golden("V5_0");
    for extra in [1, 32, 1 << 20] {
        let seal = [&golden.seal[..], &vec![0; extra]].concat();
        let expected = Refusal::ProofTooLarge {
            got: seal.len(),
            limit: SEAL_BYTES,
        };
        assert_eq!(golden.refusal(&seal), expected);
    }
}

#[test]
fn unknown_selector_cannot_be_checked() {
    let golden = golden("V5_0");
    // The last is a real one, of receipts that prove membership in a set.
    for selector in [[0; 4], [0xc2, 0x7d, 0x1b, 0xc1], [0x24, 0x2f, 0x9d, 0x5b]] {
        let name = format!(
            "selector 0x{}; known are RISC Zero 1.1, 1.2, 2.2, 3.0, 5.0",
            hex::encode(selector)
        );
        let expected = CannotVerify::UnknownParameters { name };
        let outcome = golden.verify(&golden.patched(0, &selector));
        assert_eq!(outcome, Err(expected.into()));
    }
}

#[test]
fn fake_receipts_are_invalid() {
    let golden = golden("V5_0");
    let expected = Refusal::ProofInvalid {
        detail: "selector 0xffffffff is that of a fake receipt, made in development mode".into(),
    };
    let fake = [&[0xff; 4][..], &[7; 32]].concat();
    assert_eq!(golden.refusal(&fake), expected);
    assert_eq!(golden.refusal(&golden.patched(0, &[0xff; 4])), expected);
}

#[test]
fn coordinates_at_or_above_the_modulus_are_not_canonical() {
    let golden = golden("V5_0");
    for (at, what) in COORDINATES {
        let expected = Refusal::FieldElementNotCanonical { what: what.into() };
        for value in [bytes::<32>(MODULUS), [0xff; 32]] {
            assert_eq!(golden.refusal(&golden.patched(at, &value)), expected);
        }
    }
}

#[test]
fn flag_bits_are_no_second_encoding() {
    // Libraries that keep the sign of y in the two bits above a coordinate ignore them here.
    let golden = golden("V5_0");
    for (at, what) in COORDINATES {
        let expected = Refusal::FieldElementNotCanonical { what: what.into() };
        for flag in [0x80, 0x40, 0xc0] {
            let flagged = golden.patched(at, &[golden.seal[at] | flag]);
            assert_eq!(golden.refusal(&flagged), expected);
        }
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    let golden = golden("V5_0");
    for (at, what) in COORDINATES {
        let last = at + 31;
        let expected = Refusal::PointNotOnCurve { what: what.into() };
        let moved = golden.patched(last, &[golden.seal[last] ^ 1]);
        assert_eq!(golden.refusal(&moved), expected);
    }
}

#[test]
fn infinity_is_not_on_the_curve() {
    let golden = golden("V5_0");
    for (at, length, what) in [
        (4, 64, "proof: A"),
        (68, 128, "proof: B"),
        (196, 64, "proof: C"),
    ] {
        let expected = Refusal::PointNotOnCurve { what: what.into() };
        assert_eq!(
            golden.refusal(&golden.patched(at, &vec![0; length])),
            expected
        );
    }
}

#[test]
fn point_outside_the_subgroup_is_refused() {
    // On the twist, with x = 1, and not in the group of order r: computed with `py_ecc.bn128`.
    let golden = golden("V5_0");
    let expected = Refusal::PointNotInSubgroup {
        what: "proof: B".into(),
    };
    let point = bytes::<128>(concat!(
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "0d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a4",
        "2869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb",
    ));
    assert_eq!(golden.refusal(&golden.patched(68, &point)), expected);
}

#[test]
fn proof_rewritten_by_anybody_is_still_valid() {
    // The negated A and B make the same product of pairings: Groth16 proofs can be rewritten by
    // anybody. That this one is valid is a property of the system, and written down here.
    let golden = golden("V5_0");
    let mut seal = golden.seal.clone();
    for at in [36, 132, 164] {
        let negated = negate(&seal[at..at + 32]);
        seal[at..at + 32].copy_from_slice(&negated);
    }
    assert_ne!(seal, golden.seal);
    assert_eq!(golden.verify(&seal).unwrap().public_values, golden.journal);
}

/// Subtract a coordinate from the modulus, byte by byte.
fn negate(coordinate: &[u8]) -> [u8; 32] {
    let mut result = bytes::<32>(MODULUS);
    let mut borrow = 0;
    for (digit, other) in result.iter_mut().rev().zip(coordinate.iter().rev()) {
        let difference = i32::from(*digit) - i32::from(*other) - borrow;
        borrow = i32::from(difference < 0);
        *digit = difference.rem_euclid(256) as u8;
    }
    result
}

#[test]
fn every_flipped_bit_is_refused() {
    let golden = golden("V5_0");
    for at in 0..SEAL_BYTES {
        for bit in 0..8 {
            let flipped = golden.patched(at, &[golden.seal[at] ^ 1 << bit]);
            let outcome = golden.verify(&flipped);
            let expected = if at < SELECTOR_BYTES {
                matches!(
                    outcome,
                    Err(Error::CannotVerify(CannotVerify::UnknownParameters { .. }))
                )
            } else {
                // One flipped bit of a coordinate leaves the curve or the field.
                matches!(
                    outcome,
                    Err(Error::Refused(
                        Refusal::PointNotOnCurve { .. } | Refusal::FieldElementNotCanonical { .. }
                    ))
                )
            };
            assert!(expected, "byte {at}, bit {bit}: {outcome:?}");
        }
    }
}

#[test]
fn swapped_points_are_invalid() {
    let golden = golden("V5_0");
    let (a, c) = (golden.seal[4..68].to_vec(), golden.seal[196..260].to_vec());
    let mut swapped = golden.patched(4, &c);
    swapped[196..].copy_from_slice(&a);
    assert_eq!(golden.refusal(&swapped), invalid());
}

#[test]
fn proofs_of_other_systems_are_refused_by_their_size() {
    let golden = golden("V5_0");
    for proof in FOREIGN {
        let expected = Refusal::ProofTooLarge {
            got: proof.len(),
            limit: SEAL_BYTES,
        };
        assert_eq!(golden.refusal(proof), expected);
    }
}
