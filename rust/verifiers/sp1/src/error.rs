//! Two families of errors: what is wrong with the proof, and why it could not be looked at.

use std::fmt;

use thiserror::Error;

/// Thirty-two bytes, written as `0x…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("0x")?;
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Why a proof is refused. Each is the fault of whoever made the proof, key or values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// More bytes than any bundle may have; nothing was decoded.
    #[error("proof is too large: got {got} bytes, limit {limit}")]
    ProofTooLarge {
        /// Bytes given.
        got: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Cut, garbled, or not the one canonical encoding of what it says.
    #[error("proof cannot be decoded: {detail}")]
    ProofUndecodable {
        /// What the decoder met.
        detail: String,
    },
    /// A whole bundle and then more.
    #[error("proof has trailing bytes: expected {expected} bytes, got {got}")]
    ProofTrailingBytes {
        /// Bytes that the bundle takes.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// A proof of another version of the circuit.
    #[error("proof is of another circuit: expected {expected}, got {got}")]
    ProofVersionMismatch {
        /// Version that is verified here.
        expected: &'static str,
        /// Version that the bundle names.
        got: String,
    },
    /// Well formed, of this program and these values, and false.
    #[error("proof is invalid: {detail}")]
    ProofInvalid {
        /// The check of the verifier that failed.
        detail: String,
    },
    /// The proof names another program.
    #[error("proof is of another program: expected {expected}, got {got}")]
    ProgramKeyMismatch {
        /// Key that the verifier is bound to.
        expected: Hash,
        /// Key that the proof carries.
        got: Hash,
    },
    /// The proof commits to other public values.
    #[error("public values do not match: expected digest {expected}, got {got}")]
    PublicValuesMismatch {
        /// SHA-256 of the values that the caller (or else the bundle) names.
        expected: Hash,
        /// Digest of the values that the bundle or the proof has.
        got: Hash,
    },
    /// A key that no program has: a limb is not below the modulus.
    #[error("program key is not canonical: limb {limb} is {got}, must be below {modulus}")]
    ProgramKeyNotCanonical {
        /// Which of the eight limbs, the first is the most significant; 0 also for the top byte.
        limb: usize,
        /// Value found.
        got: u32,
        /// The bound it breaks.
        modulus: u32,
    },
}

/// Why nothing can be said about a proof; never a verdict on it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CannotVerify {
    /// A well-formed SP1 proof of a kind that is not verified here.
    #[error("unsupported: SP1 {kind} proofs, only compressed proofs are verified")]
    Unsupported {
        /// The kind of proof.
        kind: &'static str,
    },
    /// The verifier panicked: a defect on this side.
    #[error("verifier panicked")]
    VerifierPanicked,
}

/// Either family.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The proof is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The proof could not be checked.
    #[error(transparent)]
    CannotVerify(#[from] CannotVerify),
}
