//! Verification of ZisK's *minimal* vadcop proofs, bound to one program key.
//!
//! A proof has one size and one layout, so everything about its shape is settled before the library
//! sees it. What `proofman-verifier` 1.1.0-alpha does with shapes that it does not expect, and which
//! check here keeps each away from it:
//!
//! - it reserves memory by the number of public values before it counts them, and its constraints
//!   index them without a check, so that a proof with few of them panics: [`bundle`] wants exactly 68;
//! - the choice of a hash family by its name panics at a name that it does not know: the family is
//!   compared here, and its verifier named in the source;
//! - Merkle paths are walked by recursion, one level a sibling: the depth is that of the circuit, as
//!   the size of the proof is;
//! - words at or above the modulus are taken for the elements they are congruent to (only public
//!   values are checked): [`bundle`] checks every word;
//! - of the program key and of the program's output it knows nothing: [`statement`] compares both.

mod bundle;
mod key;
mod statement;

pub use bundle::{MAX_PROOF_BYTES, PUBLIC_VALUES_BYTES};
pub use key::{CIRCUIT_VERSION, HASH_FAMILY, ProgramKey};
pub use zkattest_verifier::{CannotVerify, Error, Hash, ProofVerifier, Refusal, Verified};

use std::time::Instant;

use proofman_verifier::{Poseidon1Verifier, VadcopFinalProof, Verifier as _};
use zkattest_verifier::contain_panics;

/// Verifies proofs of one program.
#[derive(Debug, Clone)]
pub struct Verifier {
    key: ProgramKey,
}

impl Verifier {
    /// Bind a verifier to a program key: the root of the program's ROM, four words, little-endian.
    pub fn new(program_vk: [u8; 32]) -> Result<Self, Refusal> {
        Ok(Self {
            key: ProgramKey::from_bytes(program_vk)?,
        })
    }

    /// Return the key that this verifier is bound to.
    pub fn program_key(&self) -> &ProgramKey {
        &self.key
    }
}

/// Run the cryptography over a proof whose shape and statement are settled.
fn verify_decoded(proof: &VadcopFinalProof) -> Result<(), Refusal> {
    if Poseidon1Verifier.verify_vadcop_final_compressed(proof, &key::AGGREGATION_KEY) {
        return Ok(());
    }
    // The library answers with a boolean and tells the reason to its log alone.
    Err(Refusal::ProofInvalid {
        detail: "the vadcop proof does not verify under the aggregation key".into(),
    })
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
        let proof = contain_panics(|| bundle::decode(bytes))?;
        let decode = started.elapsed();
        let started = Instant::now();
        let public_values = statement::compare(&proof, &self.key, public_values)?;
        contain_panics(|| Ok(verify_decoded(&proof)?))?;
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
