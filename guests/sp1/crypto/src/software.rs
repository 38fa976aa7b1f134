//! What the system calls do, in software, for tests outside of the zkVM.

use ark_ec::CurveGroup as _;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::fields::{Fp, MontBackend, MontConfig};
use ark_ff::{BigInt, PrimeField};
use k256::elliptic_curve::sec1::{FromEncodedPoint as _, ToEncodedPoint as _};
use num_bigint::BigUint;

use crate::limbs;

type Mont<M, const N: usize> = Fp<MontBackend<M, N>, N>;

pub fn keccak_permute(state: &mut [u64; 25]) {
    tiny_keccak::keccakf(state);
}

pub fn sha256_extend(schedule: &mut [u64; 64]) {
    for i in 16..64 {
        let (early, late) = (schedule[i - 15] as u32, schedule[i - 2] as u32);
        let s0 = early.rotate_right(7) ^ early.rotate_right(18) ^ (early >> 3);
        let s1 = late.rotate_right(17) ^ late.rotate_right(19) ^ (late >> 10);
        let sum = s0
            .wrapping_add(s1)
            .wrapping_add(schedule[i - 16] as u32)
            .wrapping_add(schedule[i - 7] as u32);
        schedule[i] = u64::from(sum);
    }
}

pub fn sha256_compress(schedule: &mut [u64; 64], state: &mut [u64; 8]) {
    // The first sixteen words of a schedule are its block.
    let mut block = [0u8; 64];
    for (chunk, word) in block.chunks_exact_mut(4).zip(schedule.iter()) {
        chunk.copy_from_slice(&(*word as u32).to_be_bytes());
    }
    let mut narrow = state.map(|word| word as u32);
    sha2::compress256(&mut narrow, &[block.into()]);
    *state = narrow.map(u64::from);
}

pub fn mul_mod(x: &mut [u64; 4], ym: &[u64; 8]) {
    let (y, m) = (number(&ym[..4]), number(&ym[4..]));
    let m = if m == BigUint::ZERO {
        BigUint::from(1u8) << 256
    } else {
        m
    };
    let product = number(x) * y % m;
    *x = words(&product);
}

pub fn multiply_add(a: &[u64; 4], b: &[u64; 4], c: &[u64; 4]) -> ([u64; 4], [u64; 4]) {
    let sum = number(a) * number(b) + number(c);
    let half = BigUint::from(1u8) << 256;
    (words(&(&sum % &half)), words(&(sum / half)))
}

/// # Panics
/// When the x coordinates are equal, as the system call would.
pub fn secp256k1_add(p: &mut [u64; 8], q: &[u64; 8]) {
    assert_ne!(p[..4], q[..4], "system call with equal x");
    *p = from_k256(&(to_k256(p) + to_k256(q)).to_affine());
}

pub fn secp256k1_double(p: &mut [u64; 8]) {
    let point = to_k256(p);
    *p = from_k256(&(point + point).to_affine());
}

pub fn bn254_multiply(x: &mut [u64; 4], y: &[u64; 4]) {
    multiply::<ark_bn254::FqConfig, 4>(x, y);
}

pub fn bn254_add(p: &mut [u64; 8], q: &[u64; 8]) {
    add_points::<ark_bn254::g1::Config, 4, 8>(p, q);
}

pub fn bn254_double(p: &mut [u64; 8]) {
    double_point::<ark_bn254::g1::Config, 4, 8>(p);
}

pub fn bls12_381_multiply(x: &mut [u64; 6], y: &[u64; 6]) {
    multiply::<ark_bls12_381::FqConfig, 6>(x, y);
}

pub fn bls12_381_add(p: &mut [u64; 12], q: &[u64; 12]) {
    add_points::<ark_bls12_381::g1::Config, 6, 12>(p, q);
}

pub fn bls12_381_double(p: &mut [u64; 12]) {
    double_point::<ark_bls12_381::g1::Config, 6, 12>(p);
}

fn multiply<M: MontConfig<N>, const N: usize>(x: &mut [u64; N], y: &[u64; N]) {
    let (a, b) = (Mont::<M, N>::new(BigInt(*x)), Mont::<M, N>::new(BigInt(*y)));
    *x = (a * b).into_bigint().0;
}

fn add_points<C, const N: usize, const W: usize>(p: &mut [u64; W], q: &[u64; W])
where
    C: SWCurveConfig,
    C::BaseField: PrimeField<BigInt = BigInt<N>>,
{
    assert_ne!(p[..N], q[..N], "system call with equal x");
    *p = from_affine::<C, N, W>((to_affine::<C, N, W>(p) + to_affine::<C, N, W>(q)).into_affine());
}

fn double_point<C, const N: usize, const W: usize>(p: &mut [u64; W])
where
    C: SWCurveConfig,
    C::BaseField: PrimeField<BigInt = BigInt<N>>,
{
    let point = to_affine::<C, N, W>(p);
    *p = from_affine::<C, N, W>((point + point).into_affine());
}

fn to_affine<C, const N: usize, const W: usize>(p: &[u64; W]) -> Affine<C>
where
    C: SWCurveConfig,
    C::BaseField: PrimeField<BigInt = BigInt<N>>,
{
    let coordinate = |at: usize| {
        let limbs: [u64; N] = p[at..at + N].try_into().expect("N words");
        C::BaseField::from_bigint(BigInt(limbs)).expect("reduced")
    };
    Affine::new_unchecked(coordinate(0), coordinate(N))
}

fn from_affine<C, const N: usize, const W: usize>(p: Affine<C>) -> [u64; W]
where
    C: SWCurveConfig,
    C::BaseField: PrimeField<BigInt = BigInt<N>>,
{
    let mut out = [0; W];
    out[..N].copy_from_slice(&p.x.into_bigint().0);
    out[N..].copy_from_slice(&p.y.into_bigint().0);
    out
}

pub fn hint<const N: usize>(f: impl Fn() -> [u64; N]) -> [u64; N] {
    #[allow(unused_mut)]
    let mut words = f();
    #[cfg(test)]
    crate::bad_hints::tamper(&mut words);
    words
}

pub fn bad_hint() -> ! {
    panic!("invalid hint")
}

pub fn number(words: &[u64]) -> BigUint {
    BigUint::from_bytes_le(crate::sys::words_as_bytes(words))
}

pub fn words<const N: usize>(value: &BigUint) -> [u64; N] {
    let mut out = [0u64; N];
    for (slot, digit) in out.iter_mut().zip(value.iter_u64_digits()) {
        *slot = digit;
    }
    out
}

fn to_k256(p: &[u64; 8]) -> k256::ProjectivePoint {
    let x = limbs::to_be(&[p[0], p[1], p[2], p[3]]);
    let y = limbs::to_be(&[p[4], p[5], p[6], p[7]]);
    let encoded = k256::EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
    k256::ProjectivePoint::from_encoded_point(&encoded).expect("point on the curve")
}

fn from_k256(p: &k256::AffinePoint) -> [u64; 8] {
    let encoded = p.to_encoded_point(false);
    let x = limbs::from_be(&(*encoded.x().expect("not infinity")).into());
    let y = limbs::from_be(&(*encoded.y().expect("not infinity")).into());
    let mut out = [0; 8];
    out[..4].copy_from_slice(&x);
    out[4..].copy_from_slice(&y);
    out
}
