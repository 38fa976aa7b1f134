//! Modular products and powers of 256-bit numbers, and powers of any size.

use num_bigint::BigUint;

use crate::limbs::{self, Limbs};
use crate::sys;

/// `a·b mod m`; m = 0 stands for 2^256.
#[inline]
pub fn mul_mod(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let mut x = *a;
    sys::mul_mod(&mut x, &[b[0], b[1], b[2], b[3], m[0], m[1], m[2], m[3]]);
    x
}

/// `a·b mod m` for a prime just below 2^256, by folding the high half of the product.
///
/// The product with carry stays in the shard of the instructions; the modular product's own system call would give
/// the prover a further shard for a handful of events.
#[inline]
pub fn mul_mod_folded(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let complement = limbs::sub(&limbs::ZERO, m);
    let (mut low, mut high) = sys::multiply_add(a, b, &limbs::ZERO);
    // 2^256 = complement (mod m), and each fold shortens the high half by more than 100 bits.
    while !limbs::is_zero(&high) {
        (low, high) = sys::multiply_add(&high, &complement, &low);
    }
    if limbs::less(&low, m) {
        low
    } else {
        limbs::sub(&low, m)
    }
}

/// The opcode MULMOD: `a·b mod m`, zero for m = 0.
pub fn mulmod256(a: &[u8; 32], b: &[u8; 32], m: &[u8; 32]) -> [u8; 32] {
    let m = limbs::from_be(m);
    if limbs::is_zero(&m) {
        return [0; 32];
    }
    limbs::to_be(&mul_mod(&limbs::from_be(a), &limbs::from_be(b), &m))
}

/// The precompile MODEXP: as many bytes as the modulus has; zero for a modulus of zero.
pub fn modexp(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let digits = strip(modulus);
    let power = match digits.len() {
        0 => Vec::new(),
        1..=32 => limbs::to_be(&power_256(base, exponent, &widen(digits))).to_vec(),
        _ => BigUint::from_bytes_be(base)
            .modpow(
                &BigUint::from_bytes_be(exponent),
                &BigUint::from_bytes_be(digits),
            )
            .to_bytes_be(),
    };
    let power = strip(&power);
    let mut out = vec![0u8; modulus.len()];
    let start = out.len() - power.len();
    out[start..].copy_from_slice(power);
    out
}

/// A modulus of one to 32 bytes: everything by the product's system call.
fn power_256(base: &[u8], exponent: &[u8], m: &Limbs) -> Limbs {
    let base = reduce(base, m);
    let mut power = mul_mod(&limbs::ONE, &limbs::ONE, m);
    for byte in strip(exponent) {
        for bit in (0..8).rev() {
            power = mul_mod(&power, &power, m);
            if (byte >> bit) & 1 == 1 {
                power = mul_mod(&power, &base, m);
            }
        }
    }
    power
}

/// A number of any length modulo m, 16 bytes at a time, highest first.
fn reduce(bytes: &[u8], m: &Limbs) -> Limbs {
    const SHIFT: Limbs = [0, 0, 1, 0];
    let bytes = strip(bytes);
    let (head, rest) = bytes.split_at(bytes.len() % 16);
    let mut value = mul_mod(&widen(head), &limbs::ONE, m);
    for chunk in rest.chunks_exact(16) {
        let term = mul_mod(&widen(chunk), &limbs::ONE, m);
        value = limbs::add_mod(&mul_mod(&value, &SHIFT, m), &term, m);
    }
    value
}

fn strip(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

/// At most 32 bytes, big-endian.
fn widen(bytes: &[u8]) -> Limbs {
    let mut wide = [0u8; 32];
    wide[32 - bytes.len()..].copy_from_slice(bytes);
    limbs::from_be(&wide)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ethrex_crypto::{Crypto as _, NativeCrypto};

    fn values() -> Vec<Vec<u8>> {
        let mut values: Vec<Vec<u8>> = vec![
            vec![],
            vec![0],
            vec![1],
            vec![2],
            vec![0, 0, 3],
            vec![0; 40],
            vec![0xFF; 16],
            vec![0xFF; 32],
        ];
        values.extend([
            vec![0xFF; 33],
            vec![0x80; 48],
            vec![0xFE; 64],
            [vec![0; 31], vec![1]].concat(),
            [vec![1], vec![0; 32]].concat(),
        ]);
        values
    }

    #[test]
    fn modexp__agrees_with_native() {
        for base in values() {
            for exponent in values() {
                for modulus in values() {
                    let native = NativeCrypto.modexp(&base, &exponent, &modulus).unwrap();
                    assert_eq!(
                        modexp(&base, &exponent, &modulus),
                        native,
                        "{base:?} {exponent:?} {modulus:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn mulmod__agrees_with_native() {
        let edge = [
            [0u8; 32],
            [0xFF; 32],
            limbs::to_be(&limbs::ONE),
            limbs::to_be(&[0, 0, 0, 1 << 63]),
            [0xA5; 32],
        ];
        for a in edge {
            for b in edge {
                for m in edge {
                    assert_eq!(mulmod256(&a, &b, &m), NativeCrypto.mulmod256(&a, &b, &m));
                }
            }
        }
    }
}
