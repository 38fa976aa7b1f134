//! The block builder, for tools, tests and devnets.

use pyo3::{prelude::*, types::PyBytes};
use zkattest_builder::{BlockPlan, BuildError, ChainBuilder, Genesis, Summary};

use crate::errors::{CoreError, guarded};

/// A chain that grows block by block, its whole state in memory.
#[pyclass(name = "ChainBuilder", module = "zkattest._core")]
struct PyChainBuilder(ChainBuilder);

/// A package, a claim (both SSZ) and a summary as JSON.
type Built<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, String);

#[pymethods]
impl PyChainBuilder {
    #[new]
    fn new(py: Python<'_>, genesis_json: &str) -> PyResult<Self> {
        guarded(py, || {
            let genesis: Genesis = serde_json::from_str(genesis_json).map_err(malformed)?;
            Ok(Self(ChainBuilder::new(&genesis)?))
        })
    }

    /// Return the header (RLP) and the claim (SSZ) of the newest block.
    fn head<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let header = PyBytes::new(py, &self.0.head().encode());
        (header, PyBytes::new(py, &self.0.head_claim().encode()))
    }

    /// Build the next block and make it the newest one.
    fn build_block<'py>(&mut self, py: Python<'py>, plan_json: &str) -> PyResult<Built<'py>> {
        let chain = &mut self.0;
        let (package, claim, summary) = guarded(py, || {
            let plan: BlockPlan = serde_json::from_str(plan_json).map_err(malformed)?;
            let built = chain.build_block(&plan)?;
            let summary = serde_json::to_string(&Summary::from(&built)).map_err(malformed)?;
            Ok((
                built.package.encode(),
                built.execution.claim.encode(),
                summary,
            ))
        })?;
        Ok((
            PyBytes::new(py, &package),
            PyBytes::new(py, &claim),
            summary,
        ))
    }
}

fn malformed(error: serde_json::Error) -> CoreError {
    CoreError::Misuse(format!("description: {error}"))
}

impl From<BuildError> for CoreError {
    fn from(error: BuildError) -> Self {
        Self::Misuse(error.to_string())
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyChainBuilder>()
}
