//! Headers from before the fork: one encoding a header, and never one of the fork's own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zkattest_blocks::rlp::list_head;
use zkattest_blocks::{header, osaka_header};

fuzz_target!(|data: &[u8]| {
    let Ok(before) = osaka_header::decode(data) else {
        return;
    };
    assert!(header::decode(data).is_err(), "a header of two kinds");
    let mut payload = Vec::new();
    for (_, _, value) in before.fields() {
        payload.extend(string(value));
    }
    let mut encoded = list_head(payload.len());
    encoded.extend(payload);
    assert_eq!(encoded, data, "a second encoding");
});

fn string(value: &[u8]) -> Vec<u8> {
    if let [0..0x80] = value {
        return value.to_vec();
    }
    let mut out = list_head(value.len());
    out[0] -= 0x40;
    out.extend(value);
    out
}
