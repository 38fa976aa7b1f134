//! Senders by batch: what recovery says, whatever keys are named and whatever is signed.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use zkattest_signatures::{PublicKey, Signature, recover_all, senders_with_keys};

#[derive(Debug, Arbitrary)]
struct Signed {
    hash: [u8; 32],
    r: Vec<u8>,
    s: Vec<u8>,
    y_parity: Vec<u8>,
    hint: Hint,
}

#[derive(Debug, Arbitrary)]
enum Hint {
    None,
    /// The key that recovery finds.
    Right,
    /// The key of another signature.
    Of(u8),
    /// Any bytes.
    Bytes([u8; 64]),
}

/// Fewer signatures are recovered one by one: repeated, they make a batch.
const BATCH: usize = 130;

fuzz_target!(|signed: Vec<Signed>| {
    if signed.is_empty() || signed.len() > 16 {
        return;
    }
    let make = |one: &Signed| Signature::new(one.hash, &one.y_parity, &one.r, &one.s);
    let few: Vec<Signature> = signed.iter().map(make).collect();
    let keys: Vec<Option<PublicKey>> = few.iter().map(Signature::recover).collect();
    let hint = |index: usize| match &signed[index].hint {
        Hint::None => None,
        Hint::Right => keys[index],
        Hint::Of(other) => keys[usize::from(*other) % keys.len()],
        Hint::Bytes(bytes) => PublicKey::from_bytes(bytes),
    };
    let order = (0..few.len()).cycle().take(BATCH);
    let signatures: Vec<Signature> = order.clone().map(|index| few[index]).collect();
    let hints: Vec<Option<PublicKey>> = order.map(hint).collect();
    let outcome = senders_with_keys(&signatures, &hints);
    assert_eq!(
        outcome.senders,
        recover_all(&signatures),
        "not recovery's senders"
    );
    assert_eq!(outcome.batch_verified + outcome.recovered, BATCH);
    for (key, address) in outcome.keys.iter().zip(&outcome.senders) {
        assert_eq!(key.map(|key| key.address()), *address);
    }
});
