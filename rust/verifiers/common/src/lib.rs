//! The trait that every proof verifier keeps, and its three answers.
//!
//! A verifier is bound to one program and prepared once. It checks sizes before it decodes, compares
//! what can be read without cryptography, and only then does the expensive part. Which malformed
//! input gives which answer is listed in [`Refusal`]; what is nobody's lie but cannot be decided here
//! is a [`CannotVerify`].

mod encoding;
mod error;
mod panics;
mod values;
mod words;

pub use encoding::{bincode_options, require_size};
pub use error::{CannotVerify, Error, Hash, Refusal};
pub use panics::contain_panics;
pub use values::{STATEMENT_BYTES, agree_on_public_values, trim_padded_statement};

use std::{fmt::Debug, time::Duration};

/// No proof of any system may be longer: the limit of `proof_data` on the wire.
pub const MAX_PROOF_BYTES: usize = 4 * 1024 * 1024;

/// What a proof has proven, and what it cost to find out.
#[must_use = "the public values are what was proven"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The bytes that the program committed to.
    pub public_values: Vec<u8>,
    /// Time spent on decoding.
    pub decode: Duration,
    /// Time spent on everything after decoding.
    pub verify: Duration,
}

/// Verifies proofs of one program, from any thread.
pub trait ProofVerifier: Debug + Send + Sync {
    /// Return how long a proof may be; nothing longer is decoded.
    fn max_proof_bytes(&self) -> usize;

    /// Return the version of the circuit or of the parameters that proofs are checked against.
    fn circuit_version(&self) -> &str;

    /// Return the version that a proof is checked against, of several that are known.
    fn circuit_version_of(&self, _proof: &[u8]) -> &str {
        self.circuit_version()
    }

    /// Verify a proof; `public_values`, when given, must be what the proof commits to.
    ///
    /// A proof that does not carry its public values needs them:
    /// [`CannotVerify::PublicValuesMissing`] without.
    fn verify(&self, proof: &[u8], public_values: Option<&[u8]>) -> Result<Verified, Error>;
}
