//! `libzkattest_verify`: proof verification behind a C ABI.
//!
//! `include/zkattest_verify.h` is generated from the sources by `header/`, whose test fails when it
//! is stale.
//! What crosses the border is checked in `ffi.rs`, what the answers say stands in `answer.rs`.

mod answer;
mod ffi;

pub use answer::{ZKATTEST_CANNOT_CHECK, ZKATTEST_INVALID, ZKATTEST_VALID, zkattest_result};
pub use ffi::*;

#[cfg(test)]
mod tests;
