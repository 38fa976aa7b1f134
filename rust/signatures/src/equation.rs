//! What a signature and a known key must satisfy, and the random sum of many such equations.
//!
//! A signature (r, s) of z by Q, where R is the point with x = r and the given parity, is
//! s·R = z·G + r·Q. For r and s other than zero exactly one Q solves it: the one that
//! recovery finds. Divided by s and summed with a random a for each,
//!
//! Σ a·R - (Σ a·z/s)·G - Σ (a·r/s)·Q
//!
//! is the identity if all hold. If one does not, at most one value of its a in 2^128 makes
//! the sum vanish.

use std::collections::HashMap;

use k256::elliptic_curve::Group;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use k256::{AffinePoint, FieldBytes, FieldElement, Scalar, U256};

use crate::curve::{Point, lift};
use crate::key::{PublicKey, field_element, halves, scalar};
use crate::products::sum_of_products;
use crate::signature::Signature;
use crate::split::{Splitter, Term};

/// Square roots taken beside each other: measured, more gain nothing.
const LANES: usize = 4;

/// One signature's summands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Equation {
    /// Where the signature stands in what was given.
    place: usize,
    key: PublicKey,
    r_point: Point,
    coefficient: u128,
    /// -a·r/s.
    key_factor: Scalar,
    /// -a·z/s.
    base_factor: Scalar,
}

impl Equation {
    /// Return the place and the key, for when the equation holds.
    pub(crate) fn answer(&self) -> (usize, PublicKey) {
        (self.place, self.key)
    }
}

/// The numbers of a signature that recovery would not refuse at sight.
#[derive(Clone, Copy)]
struct Numbers {
    r: Scalar,
    s: Scalar,
    z: Scalar,
    r_x: FieldElement,
    odd: bool,
}

impl Numbers {
    fn of(signature: &Signature) -> Option<Self> {
        let (r_bytes, s_bytes) = halves(&signature.compact);
        let (r, s) = (scalar(&r_bytes)?, scalar(&s_bytes)?);
        if bool::from(r.is_zero()) || bool::from(s.is_zero()) {
            return None;
        }
        Some(Self {
            r,
            s,
            z: <Scalar as Reduce<U256>>::reduce_bytes(&signature.hash.into()),
            r_x: field_element(&r_bytes)?,
            odd: signature.parity?,
        })
    }
}

/// A signature with the key that is to be checked and where it stands.
pub(crate) type Hinted<'a> = (usize, &'a Signature, PublicKey);

/// Prepare equations with one coefficient each; leaves out what has no R.
pub(crate) fn prepare(hinted: &[Hinted<'_>], coefficients: &[u128]) -> Vec<Equation> {
    let with_numbers = hinted.iter().filter_map(|(place, signature, key)| {
        Numbers::of(signature).map(|numbers| (*place, *key, numbers))
    });
    let with_numbers: Vec<(usize, PublicKey, Numbers)> = with_numbers.collect();
    let mut inverses: Vec<Scalar> = with_numbers.iter().map(|(_, _, n)| n.s).collect();
    invert_all(&mut inverses);
    let points = r_points(&with_numbers);
    let parts = with_numbers.iter().zip(points).zip(inverses);
    parts
        .zip(coefficients)
        .filter_map(
            |((((place, key, numbers), r_point), inverse), coefficient)| {
                let weight = -(Scalar::from(*coefficient) * inverse);
                Some(Equation {
                    place: *place,
                    key: *key,
                    r_point: r_point?,
                    coefficient: *coefficient,
                    key_factor: weight * numbers.r,
                    base_factor: weight * numbers.z,
                })
            },
        )
        .collect()
}

fn r_points(signatures: &[(usize, PublicKey, Numbers)]) -> Vec<Option<Point>> {
    let places: Vec<(FieldElement, bool)> =
        signatures.iter().map(|(_, _, n)| (n.r_x, n.odd)).collect();
    let (rows, rest) = places.as_chunks::<LANES>();
    let mut points: Vec<Option<Point>> = rows.iter().flat_map(|row| lift(*row)).collect();
    points.extend(rest.iter().flat_map(|place| lift([*place])));
    points
}

/// Replace scalars, none of them zero, by their inverses (Montgomery's trick).
fn invert_all(scalars: &mut [Scalar]) {
    let mut product = Scalar::ONE;
    let prefixes: Vec<Scalar> = scalars
        .iter()
        .map(|scalar| {
            let before = product;
            product *= scalar;
            before
        })
        .collect();
    let mut rest = product.invert().unwrap_or(Scalar::ZERO);
    for (scalar, before) in scalars.iter_mut().zip(prefixes).rev() {
        let inverse = before * rest;
        rest *= *scalar;
        *scalar = inverse;
    }
}

/// Whether all equations hold, up to the chance that their coefficients leave.
pub(crate) fn all_hold(equations: &[Equation]) -> bool {
    terms(equations)
        .and_then(|terms| sum_of_products(&terms))
        .is_some_and(|sum| sum.is_identity().into())
}

/// Write the sum as terms; equations of the same key share theirs.
fn terms(equations: &[Equation]) -> Option<Vec<Term>> {
    let splitter = Splitter::new()?;
    let mut by_key: HashMap<&[u8; 64], (&PublicKey, Scalar)> = HashMap::new();
    let mut base_factor = Scalar::ZERO;
    let mut terms = Vec::with_capacity(3 * equations.len() + 2);
    for equation in equations {
        terms.push(Term {
            point: equation.r_point,
            factor: equation.coefficient,
        });
        base_factor += equation.base_factor;
        let shared = by_key.entry(equation.key.bytes());
        let (_, factor) = shared.or_insert((&equation.key, Scalar::ZERO));
        *factor += equation.key_factor;
    }
    for (key, factor) in by_key.into_values() {
        terms.extend(splitter.split(&key.point()?, &factor)?);
    }
    terms.extend(splitter.split(&generator()?, &base_factor)?);
    Some(terms)
}

/// Return G.
fn generator() -> Option<Point> {
    let encoded = AffinePoint::GENERATOR.to_encoded_point(false);
    let coordinate = |bytes: &FieldBytes| FieldElement::from_bytes(bytes).into();
    let x: Option<FieldElement> = coordinate(encoded.x()?);
    let y: Option<FieldElement> = coordinate(encoded.y()?);
    Some(Point { x: x?, y: y? })
}
