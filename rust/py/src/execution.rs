//! Native execution of a block: the function that the guest runs, with and without its encoding.

use std::sync::Arc;

use bytes::Bytes;
use ethrex_crypto::NativeCrypto;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use zkattest_builder::describe;
use zkattest_execution::{ExecutionWitness, StatelessInput, statement};

use crate::errors::{CoreError, guarded};

/// The claim (SSZ), the gas that counts, and why the execution was reverted.
type Executed<'py> = (Bound<'py, PyBytes>, u64, Option<String>);

/// Run the guest's statement natively: the 43 bytes of public values for a stateless input.
#[pyfunction]
fn run_statement<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let values = guarded(py, || Ok(statement::run(data, Arc::new(NativeCrypto))))?;
    Ok(PyBytes::new(py, &values))
}

/// Execute a block of any size over its witness.
#[pyfunction]
fn execute_block<'py>(
    py: Python<'py>,
    chain_id: u64,
    block: PyBackedBytes,
    state: Vec<PyBackedBytes>,
    codes: Vec<PyBackedBytes>,
    headers: Vec<PyBackedBytes>,
) -> PyResult<Executed<'py>> {
    let execution = guarded(py, || {
        let input = StatelessInput {
            chain_id,
            block: Bytes::from_owner(block),
            witness: ExecutionWitness {
                state: shared(state),
                codes: shared(codes),
                headers: shared(headers),
            },
        };
        zkattest_execution::execute_block(&input, Arc::new(NativeCrypto)).map_err(|error| {
            CoreError::CannotCheck {
                cause: "execution_failed",
                detail: error.to_string(),
            }
        })
    })?;
    let claim = PyBytes::new(py, &execution.claim.encode());
    Ok((
        claim,
        execution.gas_used,
        execution.revert.as_ref().map(describe),
    ))
}

fn shared(items: Vec<PyBackedBytes>) -> Vec<Bytes> {
    items.into_iter().map(Bytes::from_owner).collect()
}

/// Add the functions.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(run_statement, module)?)?;
    module.add_function(wrap_pyfunction!(execute_block, module)?)
}
