//! OpenVM's STARK proofs: decoded as far as names go, never verified.
//!
//! No version of OpenVM's verifier is on the registries, so a proof that looks like one is answered
//! [`CannotVerify::Unsupported`], with the version and the program that it is about. What cannot be
//! an OpenVM proof is refused, and so is one that puts out other public values than asked for: for
//! that no cryptography is needed.

mod key;
mod proof;
mod reader;

pub use key::{KEY_BYTES, ProgramKey};
pub use proof::{CODEC_VERSION, PUBLIC_VALUES_BYTES};
pub use zkattest_verifier::{
    CannotVerify, Error, Hash, MAX_PROOF_BYTES, ProofVerifier, Refusal, Verified,
};

use sha2::{Digest as _, Sha256};
use zkattest_verifier::{
    STATEMENT_BYTES, agree_on_public_values, contain_panics, trim_padded_statement,
};

use crate::proof::DecodedProof;

/// Modulus of BabyBear, the field of all numbers in proofs and keys.
pub(crate) const MODULUS: u32 = 0x7800_0001;

/// Names proofs of one program; verifies none.
#[derive(Debug, Clone)]
pub struct Verifier {
    key: ProgramKey,
}

impl Verifier {
    /// Bind to a program key: OpenVM's own of 367 bytes, or its SHA-256.
    pub fn new(program_vk: &[u8]) -> Result<Self, Refusal> {
        Ok(Self {
            key: ProgramKey::decode(program_vk)?,
        })
    }

    /// Decode the head and the end of a proof.
    pub fn decode(&self, bytes: &[u8]) -> Result<DecodedProof, Error> {
        contain_panics(|| proof::decode(bytes))
    }
}

impl ProofVerifier for Verifier {
    fn max_proof_bytes(&self) -> usize {
        MAX_PROOF_BYTES
    }

    fn circuit_version(&self) -> &str {
        CODEC_VERSION_NAME
    }

    fn verify(&self, bytes: &[u8], public_values: Option<&[u8]>) -> Result<Verified, Error> {
        let proof = self.decode(bytes)?;
        let values = match public_values {
            Some(callers) if callers.len() == STATEMENT_BYTES => {
                trim_padded_statement(&proof.public_values)?
            }
            _ => &proof.public_values,
        };
        agree_on_public_values(public_values, values, |values| {
            Sha256::digest(values).into()
        })?;
        Err(CannotVerify::Unsupported {
            kind: format!(
                "OpenVM STARK proofs ({CODEC_VERSION_NAME}, {} circuits, program {}): OpenVM's \
                 verifier is not on the registries; use a proof of another system",
                proof.circuits,
                self.key.name(),
            ),
        }
        .into())
    }
}

/// What a proof of [`CODEC_VERSION`] comes from.
const CODEC_VERSION_NAME: &str = "codec 3 of OpenVM 2.1";

#[cfg(test)]
mod tests;
