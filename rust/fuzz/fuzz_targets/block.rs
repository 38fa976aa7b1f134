//! Blocks: what decodes lies inside the data, hashes as it lies there, and is all of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zkattest_blocks::block::{self, Limits};
use zkattest_blocks::rlp::{Item, list_head};
use zkattest_blocks::{keccak, transaction};

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    transactions: 1 << 12,
};

fuzz_target!(|data: &[u8]| {
    let Ok(view) = block::decode(data, LIMITS) else {
        return;
    };
    let header = view.header.encode();
    assert_eq!(view.hash, keccak(&header), "the hash is not the header's");
    assert_eq!(view.places.len(), view.transactions.len());
    let mut from = header.len();
    let mut transactions = Vec::new();
    for (place, tx) in view.places.iter().zip(&view.transactions) {
        assert!(
            place.start >= from && place.end <= data.len(),
            "out of place"
        );
        from = place.end;
        let raw = &data[place.clone()];
        let again = transaction::decode(raw).expect("decoded before");
        assert_eq!(again.signing_hash(), tx.signing_hash());
        transactions.extend(wrapped(raw));
    }
    // One encoding a value: from the parts comes the block, byte by byte, up to the ommers.
    let mut front = header;
    front.extend(list_head(transactions.len()));
    front.extend(transactions);
    let body = Item::only(data).expect("decoded before").payload;
    assert!(body.starts_with(&front), "not the parts' encoding");
});

/// Write a transaction as an item of the block's list.
fn wrapped(raw: &[u8]) -> Vec<u8> {
    if raw.len() == 1 || raw.first().is_some_and(|first| *first >= 0xc0) {
        return raw.to_vec();
    }
    let mut head = list_head(raw.len());
    // Strings have the heads of lists, less 0x40.
    head[0] -= 0x40;
    [head.as_slice(), raw].concat()
}
