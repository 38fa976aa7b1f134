//! The changed product gives what the definition gives.

use p3_field::{AbstractExtensionField, AbstractField, Field};
use p3_koala_bear::KoalaBear;
use zkattest_field_tests::{Extension, ORDER, elements, schoolbook};

#[test]
fn products_are_those_of_the_definition() {
    let elements = elements(20_000);
    for pair in elements.windows(2) {
        assert_eq!(pair[0] * pair[1], schoolbook(&pair[0], &pair[1]));
    }
}

#[test]
fn products_of_the_extremes_are_those_of_the_definition() {
    // Values are kept times 2^32: the inverse gives the ones that are largest as stored.
    let shift = KoalaBear::from_canonical_u32(2).exp_u64(32).inverse();
    let largest = KoalaBear::from_canonical_u32(ORDER - 1);
    for value in [
        KoalaBear::zero(),
        KoalaBear::one(),
        largest,
        largest * shift,
    ] {
        let element = Extension::from_base_fn(|_| value);
        assert_eq!(element * element, schoolbook(&element, &element));
    }
}

#[test]
fn every_inverse_is_one() {
    for element in elements(200)
        .into_iter()
        .filter(|element| !element.is_zero())
    {
        assert_eq!(element * element.inverse(), Extension::one());
    }
}
