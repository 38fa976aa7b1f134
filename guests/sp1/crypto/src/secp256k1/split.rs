//! The hint for a recovery: how the host computes it and how the guest proves it.

use ethrex_crypto::CryptoError;
use k256::elliptic_curve::PrimeField as _;
use num_bigint::BigUint;

use super::{LAMBDA, N, P};
use crate::limbs::{self, Limbs};
use crate::modular::mul_mod_folded;
use crate::sys;

const WORDS: usize = 14;
const HAS_ROOT: u64 = 1;
const FIRST_NEGATIVE: u64 = 1;
const SECOND_NEGATIVE: u64 = 2;

/// A short basis of the lattice of all (a, b) with a + b·LAMBDA = 0 mod N is (A1, -B1), (A2, B2), with B2 = A1.
const A1: [u64; 2] = [0xE86C_90E4_9284_EB15, 0x3086_D221_A7D4_6BCD];
const B1: [u64; 2] = [0x6F54_7FA9_0ABF_E4C3, 0xE443_7ED6_010E_8828];
const A2: [u64; 3] = [0x57C1_108D_9D44_CFD8, 0x14CA_50F7_A8E2_F3F6, 1];

/// Words of the hint: whether the root is one of y² or of -y², root (4), 1/r (4), magnitudes (2 + 2), signs.
pub struct Hint(pub [u64; WORDS]);

/// A number of at most 128 bits and its sign.
pub struct Signed {
    pub magnitude: [u64; 2],
    pub negative: bool,
}

impl Hint {
    /// The square root of the given parity, or the proof that there is none.
    pub fn lift_y(&self, y_squared: &Limbs, parity: u8) -> Result<Limbs, CryptoError> {
        let root = self.limbs(1);
        if !limbs::less(&root, &P) {
            sys::bad_hint();
        }
        let square = mul_mod_folded(&root, &root, &P);
        if self.0[0] != HAS_ROOT {
            // -1 is no square mod P, so a root of -y² proves that y² has none; y² = 0 does not occur on this curve.
            if limbs::is_zero(y_squared) || square != limbs::sub(&P, y_squared) {
                sys::bad_hint();
            }
            return Err(CryptoError::RecoveryFailed);
        }
        if square != *y_squared {
            sys::bad_hint();
        }
        Ok(if root[0] & 1 == u64::from(parity) {
            root
        } else {
            limbs::sub(&P, &root)
        })
    }

    /// 1/r mod N.
    pub fn inverse_of(&self, r: &Limbs) -> Limbs {
        let inverse = self.limbs(5);
        if mul_mod_folded(r, &inverse, &N) != limbs::ONE {
            sys::bad_hint();
        }
        inverse
    }

    /// `scalar = first + second·LAMBDA mod N`.
    pub fn split(&self, scalar: &Limbs) -> (Signed, Signed) {
        let words = &self.0;
        let first = Signed {
            magnitude: [words[9], words[10]],
            negative: words[13] & FIRST_NEGATIVE != 0,
        };
        let second = Signed {
            magnitude: [words[11], words[12]],
            negative: words[13] & SECOND_NEGATIVE != 0,
        };
        let product = mul_mod_folded(&LAMBDA, &second.widen(), &N);
        let total = limbs::add_mod(
            &first.apply_sign(first.widen()),
            &second.apply_sign(product),
            &N,
        );
        if total != *scalar {
            sys::bad_hint();
        }
        (first, second)
    }

    fn limbs(&self, at: usize) -> Limbs {
        [self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]]
    }
}

impl Signed {
    fn widen(&self) -> Limbs {
        [self.magnitude[0], self.magnitude[1], 0, 0]
    }

    fn apply_sign(&self, value: Limbs) -> Limbs {
        if self.negative {
            limbs::neg_mod(&value, &N)
        } else {
            value
        }
    }
}

/// The host's part: whatever it returns is checked by [`Hint`].
pub fn solve(r: &Limbs, s: &Limbs, y_squared: &Limbs) -> [u64; WORDS] {
    let mut out = [0u64; WORDS];
    let (has_root, root) = square_root(y_squared);
    out[0] = if has_root { HAS_ROOT } else { 0 };
    out[1..5].copy_from_slice(&root);
    let inverse = scalar(r).invert().unwrap_or(k256::Scalar::ZERO);
    out[5..9].copy_from_slice(&limbs::from_be(&inverse.to_bytes().into()));
    let product = limbs::from_be(&(scalar(s) * inverse).to_bytes().into());
    let (first, second) = shorten(&product);
    out[9..11].copy_from_slice(&first.magnitude);
    out[11..13].copy_from_slice(&second.magnitude);
    out[13] = if first.negative { FIRST_NEGATIVE } else { 0 }
        | if second.negative { SECOND_NEGATIVE } else { 0 };
    out
}

fn scalar(value: &Limbs) -> k256::Scalar {
    k256::Scalar::from_repr(limbs::to_be(value).into()).unwrap_or(k256::Scalar::ZERO)
}

/// A root of the value, or of its negation where it has none.
fn square_root(value: &Limbs) -> (bool, Limbs) {
    let element = k256::FieldElement::from_bytes(&limbs::to_be(value).into())
        .unwrap_or(k256::FieldElement::ZERO);
    let root: Option<k256::FieldElement> = element.sqrt().into();
    let of_negation: Option<k256::FieldElement> = element.negate(1).normalize().sqrt().into();
    let found = root.or(of_negation).unwrap_or(k256::FieldElement::ZERO);
    (
        root.is_some(),
        limbs::from_be(&found.normalize().to_bytes().into()),
    )
}

/// Two numbers below 2^128 with `scalar = first + second·LAMBDA mod N`.
fn shorten(scalar: &Limbs) -> (Signed, Signed) {
    let (k, n) = (big(scalar), big(&N));
    let (a1, b1, a2) = (big(&A1), big(&B1), big(&A2));
    let half = &n >> 1;
    // The nearest lattice point is c1·(A1, -B1) + c2·(A2, B2).
    let c1 = (&a1 * &k + &half) / &n;
    let c2 = (&b1 * &k + &half) / &n;
    let first = difference(&k, &(&c1 * &a1 + &c2 * &a2));
    let second = difference(&(c1 * b1), &(c2 * a1));
    (first, second)
}

fn difference(a: &BigUint, b: &BigUint) -> Signed {
    let (larger, smaller) = if a < b { (b, a) } else { (a, b) };
    let mut magnitude = [0u64; 2];
    for (slot, digit) in magnitude
        .iter_mut()
        .zip((larger - smaller).iter_u64_digits())
    {
        *slot = digit;
    }
    Signed {
        magnitude,
        negative: a < b,
    }
}

fn big(words: &[u64]) -> BigUint {
    BigUint::from_bytes_le(sys::words_as_bytes(words))
}
