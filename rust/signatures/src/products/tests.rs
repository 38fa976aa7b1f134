//! The bucket method against ark's and against the definition.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{BigInteger, PrimeField};
use ark_secp256k1::{Affine, Fq, Fr, Projective};
use k256::ProjectivePoint;
use k256::elliptic_curve::Group;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use proptest::prelude::*;

use super::*;
use crate::support::Signer;

fn point(number: u64) -> Point {
    Signer::new(number).key.point().unwrap()
}

fn to_ark(point: &Point) -> Affine {
    let coordinate = |bytes: &[u8]| Fq::from_be_bytes_mod_order(bytes);
    Affine::new(
        coordinate(&point.x.to_bytes()),
        coordinate(&point.y.to_bytes()),
    )
}

/// Return x ‖ y, or nothing for the identity, as ark finds them.
fn by_ark(terms: &[Term]) -> Vec<u8> {
    let bases: Vec<Affine> = terms.iter().map(|term| to_ark(&term.point)).collect();
    let factors: Vec<_> = terms
        .iter()
        .map(|term| Fr::from(term.factor).into_bigint())
        .collect();
    let sum = Projective::msm_bigint(&bases, &factors).into_affine();
    let numbers = [sum.x(), sum.y()].into_iter().flatten();
    numbers
        .flat_map(|number| number.into_bigint().to_bytes_be())
        .collect()
}

fn bytes(sum: &ProjectivePoint) -> Vec<u8> {
    let encoded = sum.to_affine().to_encoded_point(false);
    encoded.as_bytes()[1..].to_vec()
}

/// Terms whose points repeat and oppose each other.
fn any_terms() -> impl Strategy<Value = Vec<Term>> {
    let factor = prop_oneof![
        4 => any::<u128>(),
        1 => prop_oneof![Just(0), Just(1), Just(u128::MAX), Just(1 << 127), 0..40u128],
    ];
    let term = (1..30u64, any::<bool>(), factor).prop_map(|(number, negative, factor)| Term {
        point: point(number).signed(negative),
        factor,
    });
    proptest::collection::vec(term, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_of_products_are_those_of_ark(terms in any_terms(), bits in 2..=16u32) {
        let expected = by_ark(&terms);
        prop_assert_eq!(bytes(&sum_of_products(&terms).unwrap()), expected.clone());
        let sum = sum_in_windows(&terms, Windows::of_bits(bits)).unwrap();
        prop_assert_eq!(bytes(&sum), expected);
    }

    #[test]
    fn digits_make_up_the_factor(factor: u128, bits in 2..=16u32) {
        let windows = Windows::of_bits(bits);
        let biased = windows.bias.plus(factor);
        let base = Fr::from(1u128 << bits);
        let total = (0..windows.count).rev().fold(Fr::from(0u64), |total, window| {
            let (size, negative) = windows.digit(&biased, window);
            assert!(size < windows.buckets());
            let digit = Fr::from(size as u64);
            total * base + if negative { -digit } else { digit }
        });
        prop_assert_eq!(total, Fr::from(factor));
    }
}

#[test]
fn sum_of_many_products_is_that_of_ark() {
    // More points than are sorted at once.
    let points: Vec<Point> = (1..1_000).map(point).collect();
    let terms: Vec<Term> = (0..POINTS_AT_ONCE as u128 + 100)
        .map(|n| Term {
            point: points[n as usize % points.len()],
            factor: n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        })
        .collect();
    assert_eq!(bytes(&sum_of_products(&terms).unwrap()), by_ark(&terms));
}

#[test]
fn sum_is_the_identity_for_nothing_and_for_opposites() {
    assert!(bool::from(sum_of_products(&[]).unwrap().is_identity()));
    let opposites = [false, true].map(|negative| Term {
        point: point(1).signed(negative),
        factor: u128::MAX,
    });
    assert!(bool::from(
        sum_of_products(&opposites).unwrap().is_identity()
    ));
    let nothing = opposites.map(|term| Term { factor: 0, ..term });
    assert!(bool::from(sum_of_products(&nothing).unwrap().is_identity()));
}

#[test]
fn sum_is_right_where_all_points_are_one() {
    for count in [2u64, 3, 7, 64, 1_000] {
        let term = Term {
            point: point(5),
            factor: u128::from(count) << 70 | 1,
        };
        let terms = vec![term; count as usize];
        assert_eq!(bytes(&sum_of_products(&terms).unwrap()), by_ark(&terms));
    }
}

#[test]
fn sum_unknown_where_a_point_leaves_the_curve() {
    let mut bent = point(3);
    bent.y = bent.x;
    let sum = sum_of_products(&[Term {
        point: bent,
        factor: 1,
    }]);
    assert!(sum.is_none());
}
