//! Public key recovery on secp256k1.
//!
//! The host hints the square root, the inverse and the endomorphism's split; each is checked here. The curve's system
//! calls misbehave on points of equal x, so every addition looks at x first: an adversary chooses the signatures.

use ethrex_crypto::CryptoError;

use crate::limbs::{self, Limbs};
use crate::modular::mul_mod_folded;
use crate::{keccak, sys};

mod split;

/// The field's prime.
const P: Limbs = [0xFFFF_FFFE_FFFF_FC2F, !0, !0, !0];
/// The group's order.
const N: Limbs = [
    0xBFD2_5E8C_D036_4141,
    0xBAAE_DCE6_AF48_A03B,
    0xFFFF_FFFF_FFFF_FFFE,
    !0,
];
/// `LAMBDA·(x, y) = (BETA·x, y)`.
const LAMBDA: Limbs = [
    0xDF02_967C_1B23_BD72,
    0x122E_22EA_2081_6678,
    0xA526_1C02_8812_645A,
    0x5363_AD4C_C05C_30E0,
];
const BETA: Limbs = [
    0xC139_6C28_7195_01EE,
    0x9CF0_4975_12F5_8995,
    0x6E64_479E_AC34_34E9,
    0x7AE9_6A2B_657C_0710,
];
const CURVE_B: Limbs = [7, 0, 0, 0];
const MAX_RECOVERY_ID: u8 = 1;

/// Affine, x then y, never infinity.
type Point = [u64; 8];

/// `GENERATOR[d]` = d·G and `GENERATOR[256 + d]` = d·2^128·G, d from 1; a test recomputes the file.
static GENERATOR: [Point; 512] =
    // SAFETY: plain words in the byte order of the two machines that this builds for.
    unsafe {
        core::mem::transmute::<[u8; 32768], [Point; 512]>(*include_bytes!(
            "secp256k1/generator.bin"
        ))
    };

/// The Keccak-256 hash of the public key that made the signature; its last twenty bytes are the address.
pub fn recover(
    signature: &[u8; 64],
    recovery_id: u8,
    message: &[u8; 32],
) -> Result<[u8; 32], CryptoError> {
    let (r_bytes, s_bytes) = signature
        .split_first_chunk::<32>()
        .ok_or(CryptoError::InvalidSignature)?;
    let s_bytes: &[u8; 32] = s_bytes
        .try_into()
        .map_err(|_| CryptoError::InvalidSignature)?;
    let key = recover_key(
        &limbs::from_be(r_bytes),
        &limbs::from_be(s_bytes),
        recovery_id,
        &limbs::from_be(message),
    )?;
    Ok(keccak::keccak256_be_words([
        key[3], key[2], key[1], key[0], key[7], key[6], key[5], key[4],
    ]))
}

fn recover_key(
    r: &Limbs,
    s: &Limbs,
    recovery_id: u8,
    message: &Limbs,
) -> Result<Point, CryptoError> {
    if limbs::is_zero(r) || limbs::is_zero(s) || !limbs::less(r, &N) || !limbs::less(s, &N) {
        return Err(CryptoError::InvalidSignature);
    }
    if recovery_id > MAX_RECOVERY_ID {
        return Err(CryptoError::InvalidRecoveryId);
    }
    let y_squared = limbs::add_mod(
        &mul_mod_folded(&mul_mod_folded(r, r, &P), r, &P),
        &CURVE_B,
        &P,
    );
    let hint = split::Hint(sys::hint(|| split::solve(r, s, &y_squared)));
    let y = hint.lift_y(&y_squared, recovery_id & 1)?;
    let inverse = hint.inverse_of(r);
    let z = if limbs::less(message, &N) {
        *message
    } else {
        limbs::sub(message, &N)
    };
    let u1 = limbs::neg_mod(&mul_mod_folded(&z, &inverse, &N), &N);
    let (first, second) = hint.split(&mul_mod_folded(s, &inverse, &N));
    let table = window_table(r, &y, first.negative, second.negative);
    combine(&u1, &first.magnitude, &second.magnitude, &table).ok_or(CryptoError::RecoveryFailed)
}

/// Entry `i + 4·j` is i·A + j·B for A = ±R and B = ±LAMBDA·R.
///
/// No sum of the table meets equal x: that would be a relation between 1 and LAMBDA with coefficients below 4.
fn window_table(x: &Limbs, y: &Limbs, negate_first: bool, negate_second: bool) -> [Point; 16] {
    let mut table = [[0u64; 8]; 16];
    let y = if negate_first { limbs::sub(&P, y) } else { *y };
    table[1] = join(x, &y);
    table[2] = table[1];
    sys::secp256k1_double(&mut table[2]);
    table[3] = sum(&table[2], &table[1]);
    for i in 1..4 {
        table[4 * i] = endomorphism(&table[i], negate_first != negate_second);
    }
    for row in 1..4 {
        for column in 1..4 {
            table[4 * row + column] = sum(&table[4 * row], &table[column]);
        }
    }
    table
}

/// u1·G + first·A + second·B; nothing for infinity.
fn combine(u1: &Limbs, first: &[u64; 2], second: &[u64; 2], table: &[Point; 16]) -> Option<Point> {
    let (generator, first, second) = (
        sys::words_as_bytes(u1),
        sys::words_as_bytes(first),
        sys::words_as_bytes(second),
    );
    let mut sum = Sum {
        point: [0; 8],
        infinity: true,
    };
    for at in (0..16).rev() {
        let (a, b) = (usize::from(first[at]), usize::from(second[at]));
        for shift in [6, 4, 2, 0] {
            sum.double();
            sum.double();
            sum.add_entry(table, ((a >> shift) & 3) | (((b >> shift) & 3) << 2));
        }
        let (low, high) = GENERATOR.split_at(256);
        sum.add_entry(low, usize::from(generator[at]));
        sum.add_entry(high, usize::from(generator[16 + at]));
    }
    (!sum.infinity).then_some(sum.point)
}

/// A running sum in place.
struct Sum {
    point: Point,
    infinity: bool,
}

impl Sum {
    #[inline(always)]
    fn double(&mut self) {
        // The order is odd: no point has y = 0.
        if !self.infinity {
            sys::secp256k1_double(&mut self.point);
        }
    }

    /// Add the table's entry; entry 0 stands for infinity.
    #[inline(always)]
    fn add_entry(&mut self, table: &[Point], entry: usize) {
        if entry == 0 {
            return;
        }
        let q = &table[entry];
        if self.infinity {
            self.point = *q;
            self.infinity = false;
        } else if same_x(&self.point, q) {
            self.add_same_x(q);
        } else {
            sys::secp256k1_add(&mut self.point, q);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_same_x(&mut self, q: &Point) {
        if self.point == *q {
            self.double();
        } else {
            self.infinity = true;
        }
    }
}

#[inline(always)]
fn same_x(p: &Point, q: &Point) -> bool {
    p[0] == q[0] && p[1] == q[1] && p[2] == q[2] && p[3] == q[3]
}

/// `p + q` for points of different x.
fn sum(p: &Point, q: &Point) -> Point {
    let mut out = *p;
    sys::secp256k1_add(&mut out, q);
    out
}

fn endomorphism(p: &Point, negate: bool) -> Point {
    let x = mul_mod_folded(&[p[0], p[1], p[2], p[3]], &BETA, &P);
    let y = [p[4], p[5], p[6], p[7]];
    join(&x, &if negate { limbs::sub(&P, &y) } else { y })
}

fn join(x: &Limbs, y: &Limbs) -> Point {
    [x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]]
}

#[cfg(test)]
mod tests;
