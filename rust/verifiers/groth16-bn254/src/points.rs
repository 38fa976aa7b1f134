//! Coordinates and points from bytes: canonical, on the curve, in the subgroup, in this order.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, PrimeField};
use zkattest_verifier::Refusal;

/// A coordinate in the base field, or a scalar.
pub(crate) type Coordinate = [u8; 32];

/// The two highest bits of a compressed point, where no coordinate has any.
const FLAGS: u8 = 0b1100_0000;
const SMALLER_Y: u8 = 0b1000_0000;
const LARGER_Y: u8 = 0b1100_0000;
const INFINITY: u8 = 0b0100_0000;

/// Decode an element of a prime field from 32 big-endian bytes.
pub(crate) fn element<F: PrimeField<BigInt = BigInt<4>>>(
    bytes: &Coordinate,
    what: &str,
) -> Result<F, Refusal> {
    let mut limbs = [0; 4];
    let (words, _) = bytes.as_chunks::<8>();
    for (limb, word) in limbs.iter_mut().rev().zip(words) {
        *limb = u64::from_be_bytes(*word);
    }
    F::from_bigint(BigInt::new(limbs)).ok_or_else(|| not_canonical(what))
}

pub(crate) fn not_canonical(what: &str) -> Refusal {
    Refusal::FieldElementNotCanonical { what: what.into() }
}

/// Decode a point of G1 from `x` and `y`.
pub(crate) fn g1([x, y]: [&Coordinate; 2], what: &str) -> Result<G1Affine, Refusal> {
    g1_from_coordinates(element(x, what)?, element(y, what)?, what)
}

/// Refuse 64 bytes that are no point of G1 other than infinity, `x ‖ y`.
pub fn require_g1(bytes: &[u8; 64], what: &str) -> Result<(), Refusal> {
    match bytes.as_chunks().0 {
        [x, y] => g1([x, y], what).map(drop),
        _ => Err(not_canonical(what)),
    }
}

/// Refuse 32 bytes that are no compressed point of G1 as gnark writes one.
pub fn require_compressed_g1(bytes: &Coordinate, what: &str) -> Result<(), Refusal> {
    compressed_g1(bytes, what).map(drop)
}

/// Refuse 64 bytes that are no compressed point of G2 as gnark writes one.
pub fn require_compressed_g2(bytes: &[u8; 64], what: &str) -> Result<(), Refusal> {
    match bytes.as_chunks().0 {
        [x1, x0] => compressed_g2([x1, x0], what).map(drop),
        _ => Err(not_canonical(what)),
    }
}

/// Decode a point of G2 from `x₁`, `x₀`, `y₁` and `y₀`.
pub(crate) fn g2([x1, x0, y1, y0]: [&Coordinate; 4], what: &str) -> Result<G2Affine, Refusal> {
    let x = Fq2::new(element(x0, what)?, element(x1, what)?);
    let y = Fq2::new(element(y0, what)?, element(y1, what)?);
    g2_from_coordinates(x, y, what)
}

/// Check the coordinates of a point of G1.
pub(crate) fn g1_from_coordinates(x: Fq, y: Fq, what: &str) -> Result<G1Affine, Refusal> {
    checked(G1Affine::new_unchecked(x, y), what)
}

/// Check the coordinates of a point of G2.
pub(crate) fn g2_from_coordinates(x: Fq2, y: Fq2, what: &str) -> Result<G2Affine, Refusal> {
    checked(G2Affine::new_unchecked(x, y), what)
}

fn checked<C: SWCurveConfig>(point: Affine<C>, what: &str) -> Result<Affine<C>, Refusal> {
    if !point.is_on_curve() {
        return Err(Refusal::PointNotOnCurve { what: what.into() });
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(Refusal::PointNotInSubgroup { what: what.into() });
    }
    Ok(point)
}

/// Decode a compressed point of G1; infinity is a point, too.
pub(crate) fn compressed_g1(bytes: &Coordinate, what: &str) -> Result<G1Affine, Refusal> {
    let (flags, x) = split_flags(bytes);
    decompress(flags, element(&x, what)?, what)
}

/// Decode a compressed point of G2 from `x₁` and `x₀`; infinity is a point, too.
pub(crate) fn compressed_g2(
    [imaginary, real]: [&Coordinate; 2],
    what: &str,
) -> Result<G2Affine, Refusal> {
    let (flags, imaginary) = split_flags(imaginary);
    let x = Fq2::new(element(real, what)?, element(&imaginary, what)?);
    decompress(flags, x, what)
}

fn split_flags(bytes: &Coordinate) -> (u8, Coordinate) {
    let mut x = *bytes;
    let [top, ..] = &mut x;
    let flags = *top & FLAGS;
    *top &= !FLAGS;
    (flags, x)
}

fn decompress<C: SWCurveConfig>(
    flags: u8,
    x: C::BaseField,
    what: &str,
) -> Result<Affine<C>, Refusal> {
    if flags == INFINITY && x == C::BaseField::default() {
        return Ok(Affine::identity());
    }
    let not_on_curve = || Refusal::PointNotOnCurve { what: what.into() };
    let (smaller, larger) = Affine::<C>::get_ys_from_x_unchecked(x).ok_or_else(not_on_curve)?;
    match flags {
        SMALLER_Y => checked(Affine::new_unchecked(x, smaller), what),
        LARGER_Y => checked(Affine::new_unchecked(x, larger), what),
        _ => Err(Refusal::VerifierKeyMalformed {
            detail: format!("{what} has the flags of no compressed point"),
        }),
    }
}
