//! `zkattest._core`: what is hot or is already written in Rust, behind one Python module.
//!
//! Every function releases the GIL and contains panics through [`errors::guarded`]; every error
//! crosses to Python in [`errors`]. A file here is a set of functions with a `register`.

mod blocks;
mod bls;
mod builder;
mod errors;
mod execution;
mod hashing;
mod merkle;
mod proofs;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(module)?;
    hashing::register(module)?;
    bls::register(module)?;
    proofs::register(module)?;
    blocks::register(module)?;
    execution::register(module)?;
    builder::register(module)
}
