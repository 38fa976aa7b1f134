//! Verification of SP1 *compressed* proofs, bound to one program key.
//!
//! A [`Verifier`] is made for one program. It decodes a `ProofFromNetwork` bundle strictly, compares
//! what is cheap to compare, and only then runs the cryptography.

mod bundle;
mod key;
mod statement;

pub use bundle::{CIRCUIT_VERSION, DecodedProof, MAX_PROOF_BYTES, MAX_VERSION_BYTES};
pub use key::ProgramKey;
pub use zkattest_verifier::{CannotVerify, Error, Hash, ProofVerifier, Refusal, Verified};

use std::{sync::OnceLock, time::Instant};

use sp1_verifier::{compressed::SP1CompressedVerifier, sha256_hash};
use zkattest_verifier::{agree_on_public_values, contain_panics};

/// Return the verifier of the circuit, built at first use and shared by every key.
fn circuit() -> &'static SP1CompressedVerifier {
    static CIRCUIT: OnceLock<SP1CompressedVerifier> = OnceLock::new();
    CIRCUIT.get_or_init(SP1CompressedVerifier::new)
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

    /// Compare the statement first (microseconds), then run the cryptography (tens of ms).
    fn verify_decoded(
        &self,
        proof: &DecodedProof,
        public_values: Option<&[u8]>,
    ) -> Result<Vec<u8>, Error> {
        let public_values =
            agree_on_public_values(public_values, &proof.public_values, sha256_hash)?;
        statement::compare(&proof.proof, &self.key, public_values)?;
        circuit()
            .verify_compressed_with_public_values(&proof.proof, public_values, self.key.limbs())
            .map_err(|error| Refusal::ProofInvalid {
                detail: error.to_string(),
            })?;
        Ok(public_values.to_vec())
    }
}

impl ProofVerifier for Verifier {
    fn max_proof_bytes(&self) -> usize {
        MAX_PROOF_BYTES
    }

    fn circuit_version(&self) -> &str {
        CIRCUIT_VERSION
    }

    fn verify(&self, bytes: &[u8], public_values: Option<&[u8]>) -> Result<Verified, Error> {
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
}

#[cfg(test)]
mod tests;
