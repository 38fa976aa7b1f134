//! Who signed: recovery of public keys, and verification of many signatures at once.
//!
//! Recovery needs nothing but the signature. Where the public key is already known, because
//! its owner was seen before or because somebody names it beside the block,
//! [`senders_with_keys`] checks many signatures with one sum. What it answers is what
//! recovery answers, whatever keys it is given: a wrong key costs time.

mod cache;
mod curve;
mod equation;
mod key;
mod known;
mod products;
mod roots;
mod signature;
mod split;
mod sums;

pub use cache::{KeyCache, SenderCache};
pub use key::{Address, PublicKey};
pub use known::{Outcome, senders_with_keys};
pub use signature::{Signature, recover_all};

// The tests' signers name this crate as other crates do.
#[cfg(test)]
extern crate self as zkattest_signatures;

#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
