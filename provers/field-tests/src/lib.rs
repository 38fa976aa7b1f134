//! The product of `provers/sp1/vendor/p3-field` beside a schoolbook product from the base field.

use p3_field::extension::BinomialExtensionField;
use p3_field::{AbstractExtensionField, AbstractField};
use p3_koala_bear::KoalaBear;

/// Order of KoalaBear.
pub const ORDER: u32 = 0x7f00_0001;

/// The extension in which SP1 proves.
pub type Extension = BinomialExtensionField<KoalaBear, 4>;

/// Multiply modulo `X^4 - 3` by the definition.
#[must_use]
pub fn schoolbook(left: &Extension, right: &Extension) -> Extension {
    let (left, right): (&[KoalaBear], &[KoalaBear]) = (left.as_base_slice(), right.as_base_slice());
    let mut product = [KoalaBear::zero(); 4];
    for (i, a) in left.iter().enumerate() {
        for (j, b) in right.iter().enumerate() {
            let weight = KoalaBear::from_canonical_u32(if i + j < 4 { 1 } else { 3 });
            product[(i + j) % 4] += *a * *b * weight;
        }
    }
    Extension::from_base_fn(|index| product[index])
}

/// A generator that needs no crate: the same elements in every run, the largest ones often.
#[must_use]
pub fn elements(count: usize) -> Vec<Extension> {
    let mut state = 7886u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = (state >> 33) as u32;
        match number % 5 {
            0 => ORDER - 1 - number % 3,
            1 => number % 3,
            _ => number % ORDER,
        }
    };
    (0..count)
        .map(|_| Extension::from_base_fn(|_| KoalaBear::from_canonical_u32(next())))
        .collect()
}
