//! Field elements in decimal digits.

use ark_ff::{BigInt, PrimeField};

/// Decimal digits of the largest element.
const MAX_DIGITS: usize = 77;

/// Tell whether a text is a number in decimal digits, without a sign and without leading zeros.
pub(crate) fn is_canonical(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

/// Read a number below the modulus; the length is looked at before anything is computed.
pub(crate) fn element<F: PrimeField<BigInt = BigInt<4>>>(text: &str) -> Option<F> {
    if text.len() > MAX_DIGITS || !is_canonical(text) {
        return None;
    }
    text.parse().ok().and_then(F::from_bigint)
}
