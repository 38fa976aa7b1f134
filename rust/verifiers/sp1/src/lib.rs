//! Verification of SP1 *compressed* proofs, bound to one program key.
//!
//! A [`Verifier`] is made for one program. It decodes a `ProofFromNetwork` bundle strictly, compares
//! what is cheap to compare, and only then runs the cryptography. Which malformed input gives which
//! answer is listed in [`Refusal`]; what is nobody's lie but cannot be decided here is a
//! [`CannotVerify`].

mod bundle;
mod error;
mod key;
mod statement;

pub use bundle::{CIRCUIT_VERSION, DecodedProof, MAX_PROOF_BYTES, MAX_VERSION_BYTES};
pub use error::{CannotVerify, Error, Hash, Refusal};
pub use key::ProgramKey;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
    time::{Duration, Instant},
};

use sp1_verifier::compressed::SP1CompressedVerifier;

/// Return the verifier of the circuit, built at first use and shared by every key.
fn circuit() -> &'static SP1CompressedVerifier {
    static CIRCUIT: OnceLock<SP1CompressedVerifier> = OnceLock::new();
    CIRCUIT.get_or_init(SP1CompressedVerifier::new)
}

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

/// Verifies proofs of one program.
#[derive(Debug, Clone)]
pub struct Verifier {
    key: ProgramKey,
}

impl Verifier {
    /// Bind a verifier to a program key (`bytes32()` of the SDK); the key must be canonical.
    pub fn new(program_vk: [u8; 32]) -> Result<Self, Refusal> {
        Ok(Self {
            key: ProgramKey::from_bytes(program_vk)?,
        })
    }

    /// Return the key that this verifier is bound to.
    pub fn program_key(&self) -> &ProgramKey {
        &self.key
    }

    /// Decode a bundle without verifying it.
    pub fn decode(&self, bytes: &[u8]) -> Result<DecodedProof, Error> {
        contain_panics(|| bundle::decode(bytes))
    }

    /// Verify a bundle; `public_values`, when given, must be what the proof commits to.
    pub fn verify(&self, bytes: &[u8], public_values: Option<&[u8]>) -> Result<Verified, Error> {
        let started = Instant::now();
        let proof = self.decode(bytes)?;
        let decode = started.elapsed();
        let started = Instant::now();
        let public_values = contain_panics(|| self.verify_decoded(&proof, public_values))?;
        let verify = started.elapsed();
        Ok(Verified {
            public_values,
            decode,
            verify,
        })
    }

    /// Compare the statement first (microseconds), then run the cryptography (tens of ms).
    fn verify_decoded(
        &self,
        proof: &DecodedProof,
        public_values: Option<&[u8]>,
    ) -> Result<Vec<u8>, Error> {
        let public_values = statement::agree_on_public_values(public_values, &proof.public_values)?;
        statement::compare(&proof.proof, &self.key, public_values)?;
        circuit()
            .verify_compressed_with_public_values(&proof.proof, public_values, self.key.limbs())
            .map_err(|error| Refusal::ProofInvalid {
                detail: error.to_string(),
            })?;
        Ok(public_values.to_vec())
    }
}

/// Run `work`; a panic of the libraries below becomes [`CannotVerify::VerifierPanicked`].
///
/// The verifier is written for honest shapes. It is the only caller of foreign code on hostile
/// bytes, so this is the only place where a panic is caught.
fn contain_panics<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // Unwind safety: `work` owns or borrows immutably all that it sees, and its result is dropped.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(CannotVerify::VerifierPanicked.into()))
}

#[cfg(test)]
mod tests;
