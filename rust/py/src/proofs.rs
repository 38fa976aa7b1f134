//! Proof verification: one class for every system, bound to one program.

use pyo3::{
    prelude::*,
    types::{PyBytes, PyTuple},
};
use zkattest_verifiers::{CannotVerify, Error, Refusal, System};

use crate::errors::{CoreError, Operand, guarded};

/// What one verification found: public values, nanoseconds for decoding and for the rest, version.
type Verified = (Py<PyBytes>, u64, u64, String);

/// Verifies proofs of one program.
#[pyclass(frozen, module = "zkattest._core")]
pub(crate) struct ProofVerifier {
    verifier: Box<dyn zkattest_verifiers::ProofVerifier>,
}

#[pymethods]
impl ProofVerifier {
    /// Bind to a program; keys are decoded and prepared here.
    #[new]
    #[pyo3(signature = (system, program_vk, verifier_key=None))]
    fn new(
        py: Python<'_>,
        system: &str,
        program_vk: &[u8],
        verifier_key: Option<&[u8]>,
    ) -> PyResult<Self> {
        let system: System = system.parse().map_err(CoreError::from)?;
        let verifier = guarded(py, || {
            Ok(zkattest_verifiers::open(system, program_vk, verifier_key)?)
        })?;
        Ok(Self { verifier })
    }

    /// Return how long a proof may be; nothing longer is decoded.
    #[getter]
    fn max_proof_bytes(&self) -> usize {
        self.verifier.max_proof_bytes()
    }

    /// Return the versions of the circuit that proofs are checked against.
    #[getter]
    fn circuit_version(&self) -> &str {
        self.verifier.circuit_version()
    }

    /// Verify a proof against the public values, or against its own without them.
    #[pyo3(signature = (proof, public_values=None))]
    fn verify(
        &self,
        py: Python<'_>,
        proof: &[u8],
        public_values: Option<&[u8]>,
    ) -> PyResult<Verified> {
        let (verified, version) = guarded(py, || {
            let verified = self.verifier.verify(proof, public_values)?;
            Ok((verified, self.verifier.circuit_version_of(proof).to_owned()))
        })?;
        Ok((
            PyBytes::new(py, &verified.public_values).unbind(),
            nanoseconds(verified.decode),
            nanoseconds(verified.verify),
            version,
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
        Self::Refused {
            reason: refusal.reason(),
            operands: operands(refusal),
        }
    }
}

fn operands(refusal: Refusal) -> Vec<(&'static str, Operand)> {
    use Operand::{Bytes, Int, Text};
    match refusal {
        Refusal::ProofTooLarge { got, limit } => {
            vec![("got", Int(got as u64)), ("limit", Int(limit as u64))]
        }
        Refusal::ProofTrailingBytes { expected, got }
        | Refusal::PublicValuesLengthMismatch { expected, got } => {
            vec![("expected", Int(expected as u64)), ("got", Int(got as u64))]
        }
        Refusal::ProofVersionMismatch { expected, got } => {
            vec![("expected", Text(expected.to_owned())), ("got", Text(got))]
        }
        Refusal::ProgramKeyMismatch { expected, got }
        | Refusal::PublicValuesMismatch { expected, got } => vec![
            ("expected", Bytes(expected.0.into())),
            ("got", Bytes(got.0.into())),
        ],
        Refusal::PublicValuesPaddingNotZero { at } => vec![("at", Int(at as u64))],
        Refusal::FieldElementNotCanonical { what }
        | Refusal::PointNotOnCurve { what }
        | Refusal::PointNotInSubgroup { what } => vec![("what", Text(what))],
        Refusal::ProofUndecodable { detail }
        | Refusal::ProofInvalid { detail }
        | Refusal::ProgramKeyMalformed { detail }
        | Refusal::VerifierKeyMalformed { detail } => vec![("detail", Text(detail))],
        Refusal::ProgramKeyNotCanonical { limb, got, modulus } => vec![
            ("limb", Int(limb as u64)),
            ("got", Int(got.into())),
            ("modulus", Int(modulus.into())),
        ],
    }
}

impl From<CannotVerify> for CoreError {
    fn from(failure: CannotVerify) -> Self {
        Self::CannotCheck {
            cause: failure.cause(),
            detail: failure.to_string(),
        }
    }
}

/// Add the verifiers and the names of their systems.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let names = System::ALL.map(System::name);
    module.add("PROOF_SYSTEMS", PyTuple::new(module.py(), names)?)?;
    module.add_class::<ProofVerifier>()
}
