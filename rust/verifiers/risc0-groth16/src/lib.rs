//! Verification of RISC Zero's Groth16 receipts, bound to one image id.
//!
//! - the *proof* is a seal: four bytes that select the verifier's parameters, then 256 bytes of a
//!   Groth16 proof over BN254;
//! - the *public values* are the journal; a seal does not carry them, so they must be given;
//! - the *program key* is the image id.
//!
//! What is verified is the claim that the program halted with exit code 0, without assumptions, and
//! wrote that journal. A release has a control root and a control id of its own; from these and the
//! Groth16 key its selector is *computed*, so a wrong row of the table selects nothing.

mod claim;
mod parameters;
mod seal;

pub use parameters::RELEASES;
pub use seal::{SEAL_BYTES, SELECTOR_BYTES};
pub use zkattest_verifier::{CannotVerify, Error, Hash, ProofVerifier, Refusal, Verified};

use std::time::Instant;

use zkattest_verifier::contain_panics;

use crate::{parameters::Parameters, seal::Seal};

/// Verifies receipts of one program.
#[derive(Debug, Clone)]
pub struct Verifier {
    image_id: [u8; 32],
}

impl Verifier {
    /// Bind a verifier to an image id; the parameters of all releases are prepared once.
    pub fn new(image_id: [u8; 32]) -> Result<Self, Error> {
        Parameters::shared()?;
        Ok(Self { image_id })
    }

    fn verify_seal(&self, seal: &Seal<'_>, journal: &[u8]) -> Result<(), Error> {
        let parameters = Parameters::shared()?;
        let release = parameters.select(seal.selector)?;
        let proof = seal.proof()?;
        let claim = claim::digest(&self.image_id, journal);
        Ok(parameters.verify(release, &proof, &claim)?)
    }
}

impl ProofVerifier for Verifier {
    fn max_proof_bytes(&self) -> usize {
        SEAL_BYTES
    }

    fn circuit_version(&self) -> &str {
        RELEASES
    }

    fn circuit_version_of(&self, proof: &[u8]) -> &str {
        let (Ok(seal), Ok(parameters)) = (Seal::decode(proof), Parameters::shared()) else {
            return RELEASES;
        };
        parameters
            .select(seal.selector)
            .map_or(RELEASES, |release| release.name)
    }

    fn verify(&self, bytes: &[u8], public_values: Option<&[u8]>) -> Result<Verified, Error> {
        let started = Instant::now();
        let seal = Seal::decode(bytes)?;
        let journal = public_values.ok_or(CannotVerify::PublicValuesMissing)?;
        let decode = started.elapsed();
        let started = Instant::now();
        contain_panics(|| self.verify_seal(&seal, journal))?;
        Ok(Verified {
            public_values: journal.to_vec(),
            decode,
            verify: started.elapsed(),
        })
    }
}

#[cfg(test)]
mod tests;
