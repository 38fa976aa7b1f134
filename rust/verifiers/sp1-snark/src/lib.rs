//! Verification of SP1's Groth16 and PLONK proofs, bound to one program key.
//!
//! SP1 wraps its proofs in a circuit over BN254, and names the wrapping key by the first four bytes
//! of its SHA-256, the *selector*. A proof is one of
//!
//! - `selector ‖ body`, public inputs `(program key, values)`: circuits up to v5;
//! - `selector ‖ exit code ‖ root of the recursion keys ‖ nonce ‖ body`, 32 bytes each, public inputs
//!   `(program key, values, exit code, root, nonce)`: circuits from v6. The exit code must be zero,
//!   the root must be the circuit's; the nonce is the prover's choice;
//! - the bincode of `SP1ProofWithPublicValues` or `ProofFromNetwork` around either.
//!
//! How many inputs the wrapping key has tells the first two apart. `values` is the SHA-256 of the
//! public values or else their BLAKE3, without the upper three bits. The body is 256 bytes of
//! Groth16, or 864 of PLONK.

mod bundle;
mod envelope;
mod plonk;
mod versions;
mod wrapped;

pub use zkattest_verifier::{CannotVerify, Error, Hash, ProofVerifier, Refusal, Verified};

use std::{fmt, time::Instant};

use sp1_verifier::{blake3_hash, hash_public_inputs, hash_public_inputs_with_fn};
use zkattest_verifier::{MAX_PROOF_BYTES, agree_on_public_values, contain_panics};
use zkattest_verifier_groth16_bn254::Scalar;

use crate::{envelope::Envelope, versions::Versions, wrapped::Wrapped};

/// The two proof systems that SP1 wraps its proofs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// Groth16, `SP1Proof::Groth16`.
    Groth16,
    /// PLONK as gnark has it, `SP1Proof::Plonk`.
    Plonk,
}

impl fmt::Display for Wrapping {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Groth16 => "groth16",
            Self::Plonk => "plonk",
        })
    }
}

/// Verifies proofs of one program.
#[derive(Debug)]
pub struct Verifier {
    program_key: Scalar,
    wrapping: Wrapping,
    versions: Versions,
}

/// A proof that is well formed, and the digests that its public values may have been committed by.
struct Claim<'a> {
    wrapped: Wrapped<'a>,
    public_values: &'a [u8],
    digests: Vec<[u8; 32]>,
}

impl Verifier {
    /// Bind a verifier to a program key (`bytes32()` of the SDK).
    ///
    /// `wrapping_key` adds the key of another version, as gnark writes it; where a circuit from v6
    /// is not known here at all, the root of its recursion keys follows.
    pub fn new(
        wrapping: Wrapping,
        program_vk: [u8; 32],
        wrapping_key: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let program_key =
            Scalar::decode(&program_vk, "it").map_err(|refusal| Refusal::ProgramKeyMalformed {
                detail: refusal.to_string(),
            })?;
        let versions = contain_panics(|| Versions::open(wrapping, wrapping_key))?;
        Ok(Self {
            program_key,
            wrapping,
            versions,
        })
    }

    /// Compare whatever needs no cryptography.
    fn claim<'a>(
        &'a self,
        envelope: &'a Envelope<'a>,
        callers: Option<&'a [u8]>,
    ) -> Result<Claim<'a>, Error> {
        let version = self.versions.select(self.wrapping, envelope.proof())?;
        let wrapped = Wrapped::decode(version, envelope.proof())?;
        let Some(bundle) = envelope.bundle() else {
            let public_values = callers.ok_or(CannotVerify::PublicValuesMissing)?;
            return Ok(Claim {
                wrapped,
                public_values,
                digests: digests(public_values).to_vec(),
            });
        };
        let public_values =
            agree_on_public_values(callers, bundle.public_values, hash_public_inputs)?;
        let digest =
            bundle.require_consistent(&wrapped, &self.program_key, &digests(public_values))?;
        Ok(Claim {
            wrapped,
            public_values,
            digests: vec![digest],
        })
    }

    /// Check the proof under each digest that the public values may have; the first one is usual.
    fn verify_claim(&self, claim: &Claim<'_>) -> Result<(), Error> {
        let mut answer = Ok(());
        for digest in &claim.digests {
            let program_key = self.program_key.to_bytes();
            answer = claim.wrapped.verify(&program_key, digest);
            if answer.is_ok() {
                break;
            }
        }
        Ok(answer?)
    }
}

/// The digests by which SP1 commits to public values: SHA-256, or BLAKE3 where a program chose it.
fn digests(public_values: &[u8]) -> [[u8; 32]; 2] {
    [
        hash_public_inputs(public_values),
        hash_public_inputs_with_fn(public_values, blake3_hash),
    ]
}

impl ProofVerifier for Verifier {
    fn max_proof_bytes(&self) -> usize {
        MAX_PROOF_BYTES
    }

    fn circuit_version(&self) -> &str {
        self.versions.names()
    }

    fn circuit_version_of(&self, proof: &[u8]) -> &str {
        Envelope::open(self.wrapping, proof)
            .and_then(|envelope| self.versions.select(self.wrapping, envelope.proof()))
            .map_or(self.versions.names(), |version| version.label())
    }

    fn verify(&self, proof: &[u8], public_values: Option<&[u8]>) -> Result<Verified, Error> {
        let started = Instant::now();
        let envelope = contain_panics(|| Envelope::open(self.wrapping, proof))?;
        let claim = contain_panics(|| self.claim(&envelope, public_values))?;
        let decode = started.elapsed();
        let started = Instant::now();
        contain_panics(|| self.verify_claim(&claim))?;
        Ok(Verified {
            public_values: claim.public_values.to_vec(),
            decode,
            verify: started.elapsed(),
        })
    }
}

#[cfg(test)]
mod tests;
