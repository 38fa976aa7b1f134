//! The curve BN254 as EIP-196 and EIP-197 want it.

use ark_ec::bn::Bn;
use ark_ec::pairing::Pairing as _;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{AdditiveGroup as _, BigInt, Field as _, PrimeField as _, Zero as _};
use ethrex_crypto::CryptoError;

use crate::limbs;
use crate::points::{PointCalls, Sum};
use crate::sys;

mod curve;
use curve::{Config, Fq, Fq2, Fq12, G1, G2};

const FIELD_BYTES: usize = 32;
const COEFF_B: u64 = 3;

/// The system calls on G1.
struct Calls;

impl PointCalls<8> for Calls {
    fn add(p: &mut [u64; 8], q: &[u64; 8]) {
        sys::bn254_add(p, q);
    }

    fn double(p: &mut [u64; 8]) {
        sys::bn254_double(p);
    }
}

/// ECADD.
pub fn g1_add(p1: &[u8], p2: &[u8]) -> Result<[u8; 64], CryptoError> {
    let (p, q) = (decode_g1(p1)?, decode_g1(p2)?);
    let mut sum = Sum::<Calls, 8>::of(p.as_ref().map(words));
    sum.add(&q.as_ref().map(words));
    Ok(encode_g1(sum))
}

/// ECMUL.
pub fn g1_mul(point: &[u8], scalar: &[u8]) -> Result<[u8; 64], CryptoError> {
    let scalar = scalar
        .first_chunk::<32>()
        .ok_or(CryptoError::InvalidInput("scalar must be 32 bytes"))?;
    let terms: Vec<_> = decode_g1(point)?
        .iter()
        .map(|point| (words(point), *scalar))
        .collect();
    Ok(encode_g1(Sum::<Calls, 8>::multiply(&terms)))
}

/// ECPAIRING: whether the product over all pairs is one.
pub fn pairing_check(pairs: &[(&[u8], &[u8])]) -> Result<bool, CryptoError> {
    let mut first = Vec::with_capacity(pairs.len());
    let mut second = Vec::with_capacity(pairs.len());
    for (g1, g2) in pairs {
        let (g1, g2) = (decode_g1(g1)?, decode_g2(g2)?);
        // A pair with infinity on either side contributes one.
        if let (Some(g1), Some(g2)) = (g1, g2) {
            first.push(g1);
            second.push(g2);
        }
    }
    Ok(match first.len() {
        0 => true,
        // The pairing of two points of prime order is not degenerate.
        1 => false,
        _ => Bn::<Config>::multi_pairing(first, second).0 == Fq12::ONE,
    })
}

/// A point on the curve, or nothing for infinity; the group is the whole curve.
fn decode_g1(bytes: &[u8]) -> Result<Option<Affine<G1>>, CryptoError> {
    let [x, y] = coordinates::<2>(bytes)?;
    if x.is_zero() && y.is_zero() {
        return Ok(None);
    }
    if y.square() != x.square() * x + Fq::from(COEFF_B) {
        return Err(CryptoError::InvalidPoint("G1 point not on curve"));
    }
    Ok(Some(Affine::new_unchecked(x, y)))
}

/// A point of the subgroup, or nothing for infinity. Imaginary parts come first.
fn decode_g2(bytes: &[u8]) -> Result<Option<Affine<G2>>, CryptoError> {
    let [x1, x0, y1, y0] = coordinates::<4>(bytes)?;
    let point = Affine::<G2>::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    if point.x.is_zero() && point.y.is_zero() {
        return Ok(None);
    }
    if !point.is_on_curve() {
        return Err(CryptoError::InvalidPoint("G2 point not on curve"));
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(CryptoError::InvalidPoint("G2 point not in subgroup"));
    }
    Ok(Some(point))
}

fn coordinates<const K: usize>(bytes: &[u8]) -> Result<[Fq; K], CryptoError> {
    let mut out = [Fq::ZERO; K];
    if bytes.len() < K * FIELD_BYTES {
        return Err(CryptoError::InvalidInput("point is too short"));
    }
    for (slot, chunk) in out.iter_mut().zip(bytes.chunks_exact(FIELD_BYTES)) {
        let chunk = chunk
            .first_chunk()
            .ok_or(CryptoError::InvalidInput("point is too short"))?;
        *slot = Fq::from_bigint(BigInt(limbs::from_be(chunk))).ok_or(CryptoError::InvalidPoint(
            "coordinate exceeds field modulus",
        ))?;
    }
    Ok(out)
}

fn words(point: &Affine<G1>) -> [u64; 8] {
    let (x, y) = (point.x.0.0, point.y.0.0);
    [x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]]
}

fn encode_g1(sum: Sum<Calls, 8>) -> [u8; 64] {
    let mut out = [0u8; 64];
    if let Some(p) = sum.point() {
        out[..32].copy_from_slice(&limbs::to_be(&[p[0], p[1], p[2], p[3]]));
        out[32..].copy_from_slice(&limbs::to_be(&[p[4], p[5], p[6], p[7]]));
    }
    out
}

#[cfg(test)]
mod tests;
