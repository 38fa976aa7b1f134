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
    /// Public values of another length than the verifier key has inputs for.
    #[error("public values have {got} bytes, expected {expected}")]
    PublicValuesLengthMismatch {
        /// Bytes that the public inputs of the key take.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// Behind a statement, in an output of fixed length, stands something else than zeros.
    #[error("public values are padded with something else than zeros, at byte {at}")]
    PublicValuesPaddingNotZero {
        /// First byte that is not zero.
        at: usize,
    },
    /// A coordinate, scalar or element that is not below the modulus of its field.
    #[error("{what} is not canonical: it is not below the modulus of its field")]
    FieldElementNotCanonical {
        /// Where it stands.
        what: String,
    },
    /// Two coordinates that no point of the curve has.
    #[error("{what} is not on the curve")]
    PointNotOnCurve {
        /// Where it stands.
        what: String,
    },
    /// A point of the curve that is not in the group of prime order.
    #[error("{what} is not in the subgroup")]
    PointNotInSubgroup {
        /// Where it stands.
        what: String,
    },
    /// A program key that cannot be one of this system.
    #[error("program key cannot be used: {detail}")]
    ProgramKeyMalformed {
        /// What is wrong with it.
        detail: String,
    },
    /// A verifier key that cannot be decoded or is inconsistent.
    #[error("verifier key cannot be used: {detail}")]
    VerifierKeyMalformed {
        /// What is wrong with it.
        detail: String,
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

impl Refusal {
    /// Refuse public values by the digests of both sides.
    #[must_use]
    pub fn public_values_mismatch(expected: [u8; 32], got: [u8; 32]) -> Self {
        Self::PublicValuesMismatch {
            expected: Hash(expected),
            got: Hash(got),
        }
    }
}

/// Why nothing can be said about a proof; never a verdict on it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CannotVerify {
    /// A well-formed proof of a kind that is not verified here.
    #[error("unsupported: {kind}")]
    Unsupported {
        /// The kind of proof, and what is verified instead.
        kind: String,
    },
    /// The proof names a version or parameters whose key is not here.
    #[error("no verifier key for {name}")]
    UnknownParameters {
        /// What the proof names: a selector or version, and what is known.
        name: String,
    },
    /// The proof does not carry its public values, and the caller gave none.
    #[error("the proof does not carry its public values; give them")]
    PublicValuesMissing,
    /// The system needs a verifier key, and the caller gave none.
    #[error("the proof system needs a verifier key; give one")]
    VerifierKeyMissing,
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
