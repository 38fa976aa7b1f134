//! Numbers of 256 bits as four words, least significant first.

use core::cmp::Ordering;

pub type Limbs = [u64; 4];
pub const ZERO: Limbs = [0; 4];
pub const ONE: Limbs = [1, 0, 0, 0];

#[inline]
pub fn from_be(bytes: &[u8; 32]) -> Limbs {
    let word = |at: usize| {
        u64::from_be_bytes([
            bytes[at],
            bytes[at + 1],
            bytes[at + 2],
            bytes[at + 3],
            bytes[at + 4],
            bytes[at + 5],
            bytes[at + 6],
            bytes[at + 7],
        ])
    };
    [word(24), word(16), word(8), word(0)]
}

#[inline]
pub fn to_be(limbs: &Limbs) -> [u8; 32] {
    let mut out = [0u8; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

#[inline]
pub fn is_zero(a: &Limbs) -> bool {
    (a[0] | a[1] | a[2] | a[3]) == 0
}

#[inline]
pub fn less(a: &Limbs, b: &Limbs) -> bool {
    compare(a, b) == Ordering::Less
}

#[inline]
pub fn compare(a: &Limbs, b: &Limbs) -> Ordering {
    for i in (0..4).rev() {
        if a[i] != b[i] {
            return a[i].cmp(&b[i]);
        }
    }
    Ordering::Equal
}

/// `a + b` and the carry.
#[inline]
pub fn add(a: &Limbs, b: &Limbs) -> (Limbs, bool) {
    let mut out = ZERO;
    let mut carry = false;
    for i in 0..4 {
        let (sum, first) = a[i].overflowing_add(b[i]);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        out[i] = sum;
        carry = first | second;
    }
    (out, carry)
}

/// `a - b` modulo 2^256.
#[inline]
pub fn sub(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = ZERO;
    let mut borrow = false;
    for i in 0..4 {
        let (diff, first) = a[i].overflowing_sub(b[i]);
        let (diff, second) = diff.overflowing_sub(u64::from(borrow));
        out[i] = diff;
        borrow = first | second;
    }
    out
}

/// `a + b mod m` for `a, b < m`.
#[inline]
pub fn add_mod(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let (sum, carry) = add(a, b);
    if carry || !less(&sum, m) {
        sub(&sum, m)
    } else {
        sum
    }
}

/// `-a mod m` for `a < m`.
#[inline]
pub fn neg_mod(a: &Limbs, m: &Limbs) -> Limbs {
    if is_zero(a) { ZERO } else { sub(m, a) }
}
