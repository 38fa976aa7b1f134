//! The curve BLS12-381 as EIP-2537 wants it: field elements of 48 bytes, infinity as zeros.

use ark_ec::bls12::{Bls12, Bls12Config as _};
use ark_ec::pairing::Pairing as _;
use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::fields::Fp;
use ark_ff::{AdditiveGroup as _, BigInt, Field as _, PrimeField as _, Zero as _};
use core::marker::PhantomData;
use ethrex_crypto::CryptoError;

use crate::points::{PointCalls, Sum};
use crate::sys;

mod curve;
mod map;
pub(crate) use curve::{Base, Config, Fq, Fq2, Fq12, G1, G2};

pub type G1Bytes = ([u8; 48], [u8; 48]);
pub type G2Bytes = ([u8; 48], [u8; 48], [u8; 48], [u8; 48]);

const COEFF_B: u64 = 4;

/// The system calls on G1's curve.
pub(crate) struct Calls;

impl PointCalls<12> for Calls {
    fn add(p: &mut [u64; 12], q: &[u64; 12]) {
        sys::bls12_381_add(p, q);
    }

    fn double(p: &mut [u64; 12]) {
        sys::bls12_381_double(p);
    }
}

/// A point of G1's curve: x then y.
pub(crate) type Point = [u64; 12];

pub fn g1_add(a: &G1Bytes, b: &G1Bytes) -> Result<[u8; 96], CryptoError> {
    let (p, q) = (decode_g1(a)?, decode_g1(b)?);
    let mut sum = Sum::<Calls, 12>::of(p);
    sum.add(&q);
    Ok(encode_g1(sum.point()))
}

pub fn g1_msm(pairs: &[(G1Bytes, [u8; 32])]) -> Result<[u8; 96], CryptoError> {
    let mut terms = Vec::with_capacity(pairs.len());
    for (point, scalar) in pairs {
        if let Some(point) = decode_g1_subgroup(point)? {
            terms.push((point, *scalar));
        }
    }
    Ok(encode_g1(Sum::<Calls, 12>::multiply(&terms).point()))
}

pub fn g2_add(a: &G2Bytes, b: &G2Bytes) -> Result<[u8; 192], CryptoError> {
    let (p, q) = (decode_g2(a)?, decode_g2(b)?);
    Ok(encode_g2(&(p.into_group() + q).into_affine()))
}

pub fn g2_msm(pairs: &[(G2Bytes, [u8; 32])]) -> Result<[u8; 192], CryptoError> {
    const WINDOW: usize = 16;
    let mut terms: Vec<([Projective<G2>; WINDOW], &[u8; 32])> = Vec::with_capacity(pairs.len());
    for (point, scalar) in pairs {
        let point = decode_g2_subgroup(point)?;
        let mut table = [Projective::ZERO; WINDOW];
        for i in 1..WINDOW {
            table[i] = table[i - 1] + point;
        }
        terms.push((table, scalar));
    }
    let mut sum = Projective::<G2>::ZERO;
    for byte in 0..32 {
        for shift in [4, 0] {
            for _ in 0..4 {
                sum.double_in_place();
            }
            for (table, scalar) in &terms {
                sum += table[usize::from(scalar[byte] >> shift) % WINDOW];
            }
        }
    }
    Ok(encode_g2(&sum.into_affine()))
}

pub fn pairing_check(pairs: &[(G1Bytes, G2Bytes)]) -> Result<bool, CryptoError> {
    let mut terms = Vec::with_capacity(pairs.len());
    for (first, second) in pairs {
        let (first, second) = (decode_g1_subgroup(first)?, decode_g2_subgroup(second)?);
        if let (Some(first), false) = (first, second.infinity) {
            terms.push((first, second));
        }
    }
    Ok(product_is_one(&terms))
}

/// Whether the product of the pairings is one, for points of the subgroups other than infinity.
pub(crate) fn product_is_one(terms: &[(Point, Affine<G2>)]) -> bool {
    match terms {
        [] => true,
        // The pairing of two points of prime order is not degenerate.
        [_] => false,
        _ => {
            let first = terms.iter().map(|(point, _)| affine(point));
            let second = terms.iter().map(|(_, point)| *point);
            Bls12::<Config>::multi_pairing(first, second).0 == Fq12::ONE
        }
    }
}

pub fn map_fp_to_g1(element: &[u8; 48]) -> Result<[u8; 96], CryptoError> {
    Ok(encode_g1(map::to_g1(decode_fq(element)?)))
}

pub fn map_fp2_to_g2(c0: &[u8; 48], c1: &[u8; 48]) -> Result<[u8; 192], CryptoError> {
    let element = Fq2::new(decode_fq(c0)?, decode_fq(c1)?);
    Ok(encode_g2(
        &map::to_g2(element).unwrap_or(Affine::identity()),
    ))
}

/// A point on the curve, or nothing for infinity.
fn decode_g1(bytes: &G1Bytes) -> Result<Option<Point>, CryptoError> {
    let (x, y) = (decode_fq(&bytes.0)?, decode_fq(&bytes.1)?);
    if x.is_zero() && y.is_zero() {
        return Ok(None);
    }
    if y.square() != curve_equation(&x) {
        return Err(CryptoError::InvalidPoint("G1 point not on curve"));
    }
    Ok(Some(join(&x, &y)))
}

fn decode_g1_subgroup(bytes: &G1Bytes) -> Result<Option<Point>, CryptoError> {
    let point = decode_g1(bytes)?;
    if point.as_ref().is_some_and(|point| !in_g1(point)) {
        return Err(CryptoError::InvalidPoint("G1 point not in subgroup"));
    }
    Ok(point)
}

/// x³ + 4
pub(crate) fn curve_equation(x: &Fq) -> Fq {
    x.square() * x + Fq::from(COEFF_B)
}

/// Section 6 of <https://eprint.iacr.org/2021/1130>: `φ(P) = -[X²]P`.
pub(crate) fn in_g1(point: &Point) -> bool {
    let [x] = Config::X else { return false };
    let Some(once) = Sum::<Calls, 12>::times_word(point, *x).point() else {
        return false;
    };
    let Some(twice) = Sum::<Calls, 12>::times_word(&once, *x).point() else {
        return false;
    };
    let (twice, point) = (affine(&twice), affine(point));
    point.x * curve::G1_BETA == twice.x && point.y == -twice.y
}

/// A point on the curve; zeros are infinity.
fn decode_g2(bytes: &G2Bytes) -> Result<Affine<G2>, CryptoError> {
    let x = Fq2::new(decode_fq(&bytes.0)?, decode_fq(&bytes.1)?);
    let y = Fq2::new(decode_fq(&bytes.2)?, decode_fq(&bytes.3)?);
    if x.is_zero() && y.is_zero() {
        return Ok(Affine::identity());
    }
    let point = Affine::new_unchecked(x, y);
    if !point.is_on_curve() {
        return Err(CryptoError::InvalidPoint("G2 point not on curve"));
    }
    Ok(point)
}

fn decode_g2_subgroup(bytes: &G2Bytes) -> Result<Affine<G2>, CryptoError> {
    let point = decode_g2(bytes)?;
    if !point.infinity && !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(CryptoError::InvalidPoint("G2 point not in subgroup"));
    }
    Ok(point)
}

pub(crate) fn decode_fq(bytes: &[u8; 48]) -> Result<Fq, CryptoError> {
    let mut words = [0u64; 6];
    for (word, chunk) in words.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *word = chunk
            .iter()
            .fold(0, |word, byte| (word << 8) | u64::from(*byte));
    }
    Fq::from_bigint(BigInt(words)).ok_or(CryptoError::InvalidInput(
        "field element exceeds field modulus",
    ))
}

fn encode_fq(element: &Fq, out: &mut [u8]) {
    for (chunk, word) in out.chunks_exact_mut(8).zip(element.0.0.iter().rev()) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
}

fn encode_g1(point: Option<Point>) -> [u8; 96] {
    let mut out = [0u8; 96];
    if let Some(point) = point {
        let point = affine(&point);
        encode_fq(&point.x, &mut out[..48]);
        encode_fq(&point.y, &mut out[48..]);
    }
    out
}

fn encode_g2(point: &Affine<G2>) -> [u8; 192] {
    let mut out = [0u8; 192];
    if !point.infinity {
        let elements = [&point.x.c0, &point.x.c1, &point.y.c0, &point.y.c1];
        for (element, chunk) in elements.into_iter().zip(out.chunks_exact_mut(48)) {
            encode_fq(element, chunk);
        }
    }
    out
}

pub(crate) fn join(x: &Fq, y: &Fq) -> Point {
    let mut out = [0; 12];
    out[..6].copy_from_slice(&x.0.0);
    out[6..].copy_from_slice(&y.0.0);
    out
}

fn affine(p: &Point) -> Affine<G1> {
    let x = Fp(BigInt([p[0], p[1], p[2], p[3], p[4], p[5]]), PhantomData);
    let y = Fp(BigInt([p[6], p[7], p[8], p[9], p[10], p[11]]), PhantomData);
    Affine::new_unchecked(x, y)
}

#[cfg(test)]
mod tests;
