//! A host that lies: whatever it hints, the guest halts or answers what it answers to an honest one.

use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ark_ff::{Field as _, PrimeField};

use crate::bls12_381::{Base, Fq};
use crate::{field, secp256k1};

const LIES: [u64; 6] = [1, 2, 3, 1 << 31, 1 << 63, u64::MAX];
const RECOVERY_WORDS: usize = 14;

thread_local! {
    static LIE: Cell<Option<(usize, u64)>> = const { Cell::new(None) };
}

/// Flip bits of one word of a hint, when a test asks for it.
pub fn tamper(words: &mut [u64]) {
    if let Some((at, bits)) = LIE.get()
        && let Some(word) = words.get_mut(at)
    {
        *word ^= bits;
    }
}

/// Compute under each lie about each word; returns how many lies stopped the guest.
fn stopped_lies<T: PartialEq + Debug>(words: usize, compute: impl Fn() -> T) -> usize {
    let honest = compute();
    let mut stopped = 0;
    for lie in (0..words).flat_map(|at| LIES.map(|bits| (at, bits))) {
        LIE.set(Some(lie));
        let answer = catch_unwind(AssertUnwindSafe(&compute));
        LIE.set(None);
        match answer {
            Ok(answer) => assert_eq!(answer, honest, "{lie:?}"),
            Err(cause) => {
                assert_eq!(cause.downcast_ref(), Some(&"invalid hint"), "{lie:?}");
                stopped += 1;
            }
        }
    }
    stopped
}

/// `r`, `s` and message from small numbers; whether r is on the curve depends on it.
fn recover(r: u8, recovery_id: u8) -> Result<[u8; 32], String> {
    let (mut signature, mut message) = ([0u8; 64], [0u8; 32]);
    (signature[31], message[31]) = (r, 9);
    signature[32..].fill(7);
    secp256k1::recover(&signature, recovery_id, &message).map_err(|error| error.to_string())
}

#[test]
fn recover__is_not_misled_about_a_root_that_exists() {
    for recovery_id in 0..2 {
        assert!(recover(1, recovery_id).is_ok());
        let stopped = stopped_lies(RECOVERY_WORDS, || recover(1, recovery_id));
        // Bits of the signs' word that mean nothing are free.
        assert_eq!(stopped, RECOVERY_WORDS * LIES.len() - 2, "{recovery_id}");
    }
}

#[test]
fn recover__is_not_misled_about_a_root_that_does_not_exist() {
    assert!(recover(5, 0).is_err());
    let stopped = stopped_lies(RECOVERY_WORDS, || recover(5, 0));
    assert!(stopped > 4 * LIES.len(), "{stopped}");
}

/// Invert some numbers under every lie.
pub fn inverses__are_proven<F: PrimeField>(words: usize) {
    for value in [1u64, 2, 7, u64::MAX] {
        let stopped = stopped_lies(words, || F::from(value).inverse());
        assert_eq!(stopped, words * LIES.len(), "{value}");
    }
}

#[test]
fn inverse__is_proven() {
    inverses__are_proven::<Fq>(6);
}

#[test]
fn square_root__is_proven_to_exist_or_not() {
    // Of a number and its negation one has a root; both roots are answers.
    for value in [Fq::from(4u64), -Fq::from(4u64)] {
        let root = || field::square_root::<Base, 6>(&value).map(|root| root.square());
        assert_eq!(stopped_lies(6, root), 6 * LIES.len());
    }
}
