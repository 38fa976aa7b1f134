//! Products in the quartic extension of KoalaBear with one reduction a coefficient.
//!
//! Not part of the upstream crate; see `README.md` beside `Cargo.toml`.

use core::any::type_name;
use core::mem::{size_of, transmute_copy};

const KOALA_BEAR: &str = "p3_koala_bear::koala_bear::KoalaBear";
const P: u64 = 0x7f00_0001;
/// Inverse of `P` modulo 2^32.
const MONTY_MU: u64 = 0x8100_0001;

/// Multiply modulo `X^4 - 3` when `AF` is KoalaBear; `None` leaves it to the general code.
#[inline]
pub(crate) fn koala_bear_mul<AF, const D: usize>(a: &[AF; D], b: &[AF; D]) -> Option<[AF; D]> {
    if D != 4 || size_of::<AF>() != size_of::<u32>() || type_name::<AF>() != KOALA_BEAR {
        return None;
    }
    // SAFETY: both arrays are four KoalaBear, each a transparent u32 below P in Montgomery form,
    // and so is the result.
    unsafe { Some(transmute_copy(&mul(transmute_copy(a), transmute_copy(b)))) }
}

#[inline]
fn mul(a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
    let [a0, a1, a2, a3] = a.map(u64::from);
    let [b0, b1, b2, b3] = b.map(u64::from);
    let [w1, w2, w3] = [b1, b2, b3].map(triple);
    // Four products below P² are below 2^64.
    [
        a0 * b0 + a1 * w3 + a2 * w2 + a3 * w1,
        a0 * b1 + a1 * b0 + a2 * w3 + a3 * w2,
        a0 * b2 + a1 * b1 + a2 * b0 + a3 * w3,
        a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0,
    ]
    .map(reduce)
}

/// `3 * x` modulo `P`: a difference that wraps is the larger of the two.
#[inline]
fn triple(x: u64) -> u64 {
    let mut y = 3 * x;
    y = y.min(y.wrapping_sub(P));
    y.min(y.wrapping_sub(P))
}

/// Montgomery reduction of any value below `2 * P << 32`.
#[inline]
fn reduce(x: u64) -> u32 {
    let x = x.min(x.wrapping_sub(P << 32));
    let t = x.wrapping_mul(MONTY_MU) & 0xffff_ffff;
    let (difference, is_negative) = x.overflowing_sub(t * P);
    let correction = if is_negative { P as u32 } else { 0 };
    ((difference >> 32) as u32).wrapping_add(correction)
}
