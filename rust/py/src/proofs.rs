//! Proof verifiers, one class a proof system, bound to one program key.

use pyo3::{prelude::*, types::PyBytes};
use zkattest_verifier_sp1::{
    CIRCUIT_VERSION, CannotVerify, Error, MAX_PROOF_BYTES, ProofVerifier, Refusal, Verifier,
};

use crate::errors::{CoreError, Operand, guarded};

/// What one verification found: public values, and nanoseconds for decoding and for the rest.
type Verified = (Py<PyBytes>, u64, u64);

/// Verifies SP1 compressed proofs of one program.
#[pyclass(frozen, module = "zkattest._core")]
pub(crate) struct Sp1Verifier {
    verifier: Verifier,
}

#[pymethods]
impl Sp1Verifier {
    #[new]
    fn new(program_vk: [u8; 32]) -> PyResult<Self> {
        let verifier = Verifier::new(program_vk).map_err(CoreError::from)?;
        Ok(Self { verifier })
    }

    /// Verify a bundle against the public values, or against its own without them.
    #[pyo3(signature = (proof, public_values=None))]
    fn verify(
        &self,
        py: Python<'_>,
        proof: &[u8],
        public_values: Option<&[u8]>,
    ) -> PyResult<Verified> {
        let verified = guarded(py, || Ok(self.verifier.verify(proof, public_values)?))?;
        Ok((
            PyBytes::new(py, &verified.public_values).unbind(),
            nanoseconds(verified.decode),
            nanoseconds(verified.verify),
        ))
    }
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl From<Error> for CoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::CannotVerify(failure) => failure.into(),
        }
    }
}

impl From<Refusal> for CoreError {
    fn from(refusal: Refusal) -> Self {
        use Operand::{Bytes, Int, Text};
        let (reason, operands) = match refusal {
            Refusal::ProofTooLarge { got, limit } => (
                "proof_too_large",
                vec![("got", Int(got as u64)), ("limit", Int(limit as u64))],
            ),
            Refusal::ProofUndecodable { detail } => {
                ("proof_undecodable", vec![("detail", Text(detail))])
            }
            Refusal::ProofTrailingBytes { expected, got } => (
                "proof_trailing_bytes",
                vec![("expected", Int(expected as u64)), ("got", Int(got as u64))],
            ),
            Refusal::ProofVersionMismatch { expected, got } => (
                "proof_version_mismatch",
                vec![("expected", Text(expected.to_owned())), ("got", Text(got))],
            ),
            Refusal::ProofInvalid { detail } => ("proof_invalid", vec![("detail", Text(detail))]),
            Refusal::ProgramKeyMismatch { expected, got } => (
                "program_key_mismatch",
                vec![
                    ("expected", Bytes(expected.0.into())),
                    ("got", Bytes(got.0.into())),
                ],
            ),
            Refusal::PublicValuesMismatch { expected, got } => (
                "public_values_mismatch",
                vec![
                    ("expected", Bytes(expected.0.into())),
                    ("got", Bytes(got.0.into())),
                ],
            ),
            Refusal::PublicValuesLengthMismatch { expected, got } => (
                "public_values_length_mismatch",
                vec![("expected", Int(expected as u64)), ("got", Int(got as u64))],
            ),
            Refusal::PublicValuesPaddingNotZero { at } => (
                "public_values_padding_not_zero",
                vec![("at", Int(at as u64))],
            ),
            Refusal::FieldElementNotCanonical { what } => {
                ("field_element_not_canonical", vec![("what", Text(what))])
            }
            Refusal::PointNotOnCurve { what } => ("point_not_on_curve", vec![("what", Text(what))]),
            Refusal::PointNotInSubgroup { what } => {
                ("point_not_in_subgroup", vec![("what", Text(what))])
            }
            Refusal::ProgramKeyMalformed { detail } => {
                ("program_key_malformed", vec![("detail", Text(detail))])
            }
            Refusal::VerifierKeyMalformed { detail } => {
                ("verifier_key_malformed", vec![("detail", Text(detail))])
            }
            Refusal::ProgramKeyNotCanonical { limb, got, modulus } => (
                "program_key_not_canonical",
                vec![
                    ("limb", Int(limb as u64)),
                    ("got", Int(got.into())),
                    ("modulus", Int(modulus.into())),
                ],
            ),
        };
        Self::Refused { reason, operands }
    }
}

impl From<CannotVerify> for CoreError {
    fn from(failure: CannotVerify) -> Self {
        let cause = match failure {
            CannotVerify::Unsupported { .. } => "unsupported_proof_kind",
            CannotVerify::UnknownParameters { .. } => "unknown_verifier_parameters",
            CannotVerify::PublicValuesMissing => "public_values_missing",
            CannotVerify::VerifierKeyMissing => "verifier_key_missing",
            CannotVerify::VerifierPanicked => "backend_panic",
        };
        Self::CannotCheck {
            cause,
            detail: failure.to_string(),
        }
    }
}

/// Add the verifiers and what their callers need to know before they call.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("SP1_CIRCUIT_VERSION", CIRCUIT_VERSION)?;
    module.add("SP1_MAX_PROOF_BYTES", MAX_PROOF_BYTES)?;
    module.add_class::<Sp1Verifier>()
}
