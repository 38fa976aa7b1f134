//! Halving of scalars by the curve's endomorphism (Gallant, Lambert, Vanstone, 2001).
//!
//! (x, y) ↦ (βx, y) multiplies a point by λ, so k·P = k₁·P + k₂·(λP) with k = k₁ + k₂λ, and
//! both parts can be kept below 2^128.

use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::scalar::IsHigh;
use k256::{FieldElement, Scalar, U256};

use crate::curve::Point;
use crate::key::{field_element, scalar};

/// A cube root of one in the field.
const BETA: U256 =
    U256::from_be_hex("7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501ee");
/// The cube root of one among the scalars that belongs to it.
const LAMBDA: U256 =
    U256::from_be_hex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");
/// Short vectors (a, b) with a + bλ = 0: the second coordinates, of the first negated.
const MINUS_B1: u128 = 0xe443_7ed6_010e_8828_6f54_7fa9_0abf_e4c3;
const B2: u128 = 0x3086_d221_a7d4_6bcd_e86c_90e4_9284_eb15;
/// 2^384·b₂/n and -2^384·b₁/n, rounded.
const G1: U256 =
    U256::from_be_hex("3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031");
const G2: U256 =
    U256::from_be_hex("e4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71");

/// A point and what it is multiplied by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    pub(crate) point: Point,
    pub(crate) factor: u128,
}

/// The endomorphism with its constants at hand.
pub(crate) struct Splitter {
    beta: FieldElement,
    minus_lambda: Scalar,
}

impl Splitter {
    /// Read the constants; None never happens.
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            beta: field_element(&to_bytes(&BETA))?,
            minus_lambda: -scalar(&to_bytes(&LAMBDA))?,
        })
    }

    /// Write k·P as two terms with factors below 2^128; None never happens.
    pub(crate) fn split(&self, point: &Point, k: &Scalar) -> Option<[Term; 2]> {
        let turned = Point {
            x: point.x.mul(&self.beta),
            y: point.y,
        };
        let number = U256::from(k);
        let second = Scalar::from(high_part(&number, &G1)?) * Scalar::from(MINUS_B1)
            - Scalar::from(high_part(&number, &G2)?) * Scalar::from(B2);
        let first = second * self.minus_lambda + k;
        Some([short_term(point, &first)?, short_term(&turned, &second)?])
    }
}

fn to_bytes(number: &U256) -> [u8; 32] {
    use k256::elliptic_curve::bigint::Encoding;
    number.to_be_bytes()
}

/// Return the low 128 bits of a number whose high ones are zero.
fn low_half(number: &[u8; 32]) -> Option<u128> {
    let (high, low) = number.split_at(16);
    let high = u128::from_be_bytes(high.try_into().ok()?);
    let low = u128::from_be_bytes(low.try_into().ok()?);
    (high == 0).then_some(low)
}

/// Return a·b / 2^384, rounded.
fn high_part(a: &U256, b: &U256) -> Option<u128> {
    let (_, high): (U256, U256) = a.mul_wide(b);
    let rest = bool::from(high.bit(127));
    let whole = low_half(&to_bytes(&high.shr_vartime(128)))?;
    whole.checked_add(u128::from(rest))
}

/// Take k·P with k near zero from either side.
fn short_term(point: &Point, k: &Scalar) -> Option<Term> {
    let negative = bool::from(k.is_high());
    let size = if negative { -k } else { *k };
    Some(Term {
        point: point.signed(negative),
        factor: low_half(&size.to_repr().into())?,
    })
}

#[cfg(test)]
mod tests {
    use k256::ProjectivePoint;

    use super::*;
    use crate::support::Signer;

    /// Scalars near zero, near the order, near λ, and spread over everything.
    fn scalars() -> Vec<Scalar> {
        let lambda = scalar(&to_bytes(&LAMBDA)).unwrap();
        let half = Scalar::from(2u64).invert().unwrap();
        let mut all = vec![Scalar::ZERO, Scalar::ONE, -Scalar::ONE, half, -half];
        for anchor in [lambda, -lambda, lambda.square(), half * lambda] {
            all.extend([anchor, anchor + Scalar::ONE, anchor - Scalar::ONE]);
        }
        all.extend([0, 1, 64, 126, 127].map(|bit| Scalar::from(1u128 << bit)));
        all.extend([u128::MAX, MINUS_B1, B2].map(Scalar::from));
        let mut spread = lambda;
        for _ in 0..200 {
            spread = spread.square() + lambda;
            all.push(spread);
        }
        all
    }

    #[test]
    fn halves_make_up_the_product() {
        let point = Signer::new(8).key.point().unwrap();
        let whole = point.to_projective().unwrap();
        let splitter = Splitter::new().unwrap();
        for k in scalars() {
            let terms = splitter.split(&point, &k).unwrap();
            let sum: ProjectivePoint = terms
                .iter()
                .map(|term| term.point.to_projective().unwrap() * Scalar::from(term.factor))
                .sum();
            assert_eq!(sum, whole * k);
        }
    }

    #[test]
    fn endomorphism_multiplies_by_lambda() {
        let point = Signer::new(8).key.point().unwrap();
        let splitter = Splitter::new().unwrap();
        let turned = Point {
            x: point.x.mul(&splitter.beta),
            y: point.y,
        };
        let expected = point.to_projective().unwrap() * -splitter.minus_lambda;
        assert_eq!(turned.to_projective().unwrap(), expected);
    }
}
