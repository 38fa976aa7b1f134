//! The words of the answers, the same in every language: docs/reasons.md describes them.

use crate::error::{CannotVerify, Refusal};

impl Refusal {
    /// Return the word of the reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ProofTooLarge { .. } => "proof_too_large",
            Self::ProofUndecodable { .. } => "proof_undecodable",
            Self::ProofTrailingBytes { .. } => "proof_trailing_bytes",
            Self::ProofVersionMismatch { .. } => "proof_version_mismatch",
            Self::ProofInvalid { .. } => "proof_invalid",
            Self::ProgramKeyMismatch { .. } => "program_key_mismatch",
            Self::PublicValuesMismatch { .. } => "public_values_mismatch",
            Self::PublicValuesLengthMismatch { .. } => "public_values_length_mismatch",
            Self::PublicValuesPaddingNotZero { .. } => "public_values_padding_not_zero",
            Self::FieldElementNotCanonical { .. } => "field_element_not_canonical",
            Self::PointNotOnCurve { .. } => "point_not_on_curve",
            Self::PointNotInSubgroup { .. } => "point_not_in_subgroup",
            Self::ProgramKeyMalformed { .. } => "program_key_malformed",
            Self::VerifierKeyMalformed { .. } => "verifier_key_malformed",
            Self::ProgramKeyNotCanonical { .. } => "program_key_not_canonical",
        }
    }
}

impl CannotVerify {
    /// Return the word of the cause.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported_proof_kind",
            Self::UnknownParameters { .. } => "unknown_verifier_parameters",
            Self::PublicValuesMissing => "public_values_missing",
            Self::VerifierKeyMissing => "verifier_key_missing",
            Self::VerifierPanicked => "backend_panic",
        }
    }
}
