//! `libzkattest_verify`: proof verification behind a C ABI.
