//! Headers of EIP-7886: one encoding a header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zkattest_blocks::header;

fuzz_target!(|data: &[u8]| {
    if let Ok(header) = header::decode(data) {
        assert_eq!(header.encode(), data, "a second encoding");
    }
});
