//! Modular products and powers of 256-bit numbers, and powers of any size.

use crate::limbs::{self, Limbs};
use crate::sys;

/// `a·b mod m`; m = 0 stands for 2^256.
#[inline]
pub fn mul_mod(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let mut x = *a;
    sys::mul_mod(&mut x, &[b[0], b[1], b[2], b[3], m[0], m[1], m[2], m[3]]);
    x
}

/// The opcode MULMOD: `a·b mod m`, zero for m = 0.
pub fn mulmod256(a: &[u8; 32], b: &[u8; 32], m: &[u8; 32]) -> [u8; 32] {
    let m = limbs::from_be(m);
    if limbs::is_zero(&m) {
        return [0; 32];
    }
    limbs::to_be(&mul_mod(&limbs::from_be(a), &limbs::from_be(b), &m))
}
