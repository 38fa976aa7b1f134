//! The only place where a panic of a verifier is caught.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{CannotVerify, Error};

/// Run `work`; a panic of the libraries below becomes [`CannotVerify::VerifierPanicked`].
///
/// Verifiers are written for honest shapes, and only they see hostile bytes.
pub fn contain_panics<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // Unwind safety: `work` owns or borrows immutably all that it sees, and its result is dropped.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(CannotVerify::VerifierPanicked.into()))
}
