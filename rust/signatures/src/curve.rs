//! Affine points of secp256k1: y² = x³ + 7.
//!
//! Coordinates have magnitude 1 in the sense of `k256`: additions raise it, products need at
//! most 8 and give 1. Debug builds of `k256` check that.

use k256::FieldElement;
use k256::ProjectivePoint;
use k256::elliptic_curve::sec1::{EncodedPoint, FromEncodedPoint};

use crate::roots;

/// A point that is not the identity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: FieldElement,
    pub(crate) y: FieldElement,
}

impl Point {
    /// Return the point with the other y.
    pub(crate) fn negated(&self) -> Self {
        Self {
            x: self.x,
            y: self.y.negate(1).normalize_weak(),
        }
    }

    /// Return the point, or with `negative` its negation.
    pub(crate) fn signed(&self, negative: bool) -> Self {
        if negative { self.negated() } else { *self }
    }

    /// Turn into the library's form; None where the point is not on the curve.
    pub(crate) fn to_projective(self) -> Option<ProjectivePoint> {
        let encoded: EncodedPoint<k256::Secp256k1> =
            EncodedPoint::<k256::Secp256k1>::from_affine_coordinates(
                &self.x.to_bytes(),
                &self.y.to_bytes(),
                false,
            );
        ProjectivePoint::from_encoded_point(&encoded).into()
    }
}

/// Return x³ + 7, of magnitude 2.
fn right_side(x: &FieldElement) -> FieldElement {
    x.square().mul(x) + FieldElement::from_u64(7)
}

/// Whether a point satisfies the curve's equation.
pub(crate) fn contains(point: &Point) -> bool {
    let difference = right_side(&point.x) + point.y.square().negate(1);
    difference.normalizes_to_zero().into()
}

/// Find points by x and the parity of y; None where the curve has none.
pub(crate) fn lift<const N: usize>(places: [(FieldElement, bool); N]) -> [Option<Point>; N] {
    let squares = places.map(|(x, _)| right_side(&x).normalize_weak());
    let mut roots = roots::square_roots(squares).into_iter();
    places.map(|(x, odd)| {
        let y = roots.next()??.normalize();
        let point = Point { x, y };
        Some(point.signed(bool::from(y.is_odd()) != odd))
    })
}
