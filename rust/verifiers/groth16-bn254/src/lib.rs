//! Verification of Groth16 proofs over BN254, under a key that the caller gives.
//!
//! Every encoding read here is the only one of what it says, in big-endian numbers below their
//! modulus:
//!
//! - a *proof* is 256 bytes, `A ‖ B ‖ C`: points in G1 as `x ‖ y`, in G2 as `x₁ ‖ x₀ ‖ y₁ ‖ y₀`
//!   (imaginary part first), as the precompiles of Ethereum and gnark's Solidity verifiers have
//!   them. No honest proof has the point at infinity, and none is accepted with it;
//! - *public values* are the public inputs, 32 bytes each;
//! - a *key* is what gnark's `VerifyingKey.WriteTo` writes (points compressed; SP1's
//!   `groth16_vk.bin`), or what `snarkjs zkey export verificationkey` writes (JSON, starting with a
//!   brace). Keys with commitments of gnark are not supported.
//!
//! [`VerifyingKey`], [`Proof`] and [`Scalar`] are for systems that wrap their proofs in Groth16.

mod decimal;
mod key;
mod points;
mod proof;
mod reader;
mod snarkjs;
mod uncompressed;

pub use key::{MAX_KEY_BYTES, VerifyingKey};
pub use points::{require_compressed_g1, require_compressed_g2, require_g1};
pub use proof::{PROOF_BYTES, Proof, SCALAR_BYTES, Scalar};
pub use reader::Reader;
pub use uncompressed::UncompressedKey;

use std::time::Instant;

use sha2::{Digest, Sha256};
use zkattest_verifier::{
    CannotVerify, Error, Hash, ProofVerifier, Refusal, Verified, contain_panics,
};

/// What is verified: the curve, for the circuit is the key's.
pub const CIRCUIT_VERSION: &str = "bn254";

/// Verifies proofs of one circuit: that of its key.
#[derive(Debug)]
pub struct Verifier {
    key: VerifyingKey,
}

impl Verifier {
    /// Prepare a key; `program_vk` must be the SHA-256 of its bytes.
    pub fn new(program_vk: [u8; 32], verifier_key: &[u8]) -> Result<Self, Error> {
        if verifier_key.len() > MAX_KEY_BYTES {
            return Err(key::too_large(verifier_key.len()).into());
        }
        let digest: [u8; 32] = Sha256::digest(verifier_key).into();
        if digest != program_vk {
            return Err(Refusal::ProgramKeyMismatch {
                expected: Hash(program_vk),
                got: Hash(digest),
            }
            .into());
        }
        let key = contain_panics(|| VerifyingKey::decode(verifier_key))?;
        Ok(Self { key })
    }

    fn scalars(&self, public_values: &[u8]) -> Result<Vec<Scalar>, Refusal> {
        let expected = self.key.input_count() * SCALAR_BYTES;
        if public_values.len() != expected {
            return Err(Refusal::PublicValuesLengthMismatch {
                expected,
                got: public_values.len(),
            });
        }
        let (elements, _) = public_values.as_chunks::<SCALAR_BYTES>();
        elements
            .iter()
            .enumerate()
            .map(|(index, bytes)| Scalar::decode(bytes, &format!("public input {index}")))
            .collect()
    }
}

impl ProofVerifier for Verifier {
    fn max_proof_bytes(&self) -> usize {
        PROOF_BYTES
    }

    fn circuit_version(&self) -> &str {
        CIRCUIT_VERSION
    }

    fn verify(&self, proof: &[u8], public_values: Option<&[u8]>) -> Result<Verified, Error> {
        let started = Instant::now();
        let public_values = public_values.ok_or(CannotVerify::PublicValuesMissing)?;
        let (proof, scalars) = contain_panics(|| {
            let scalars = self.scalars(public_values)?;
            Ok((Proof::decode(proof)?, scalars))
        })?;
        let decode = started.elapsed();
        let started = Instant::now();
        contain_panics(|| Ok(self.key.verify(&proof, &scalars)?))?;
        Ok(Verified {
            public_values: public_values.to_vec(),
            decode,
            verify: started.elapsed(),
        })
    }
}

#[cfg(test)]
mod tests;
