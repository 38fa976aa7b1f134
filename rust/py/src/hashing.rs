//! Keccak-256 and SSZ roots of byte strings.

use pyo3::{prelude::*, types::PyBytes};
use sha3::{Digest, Keccak256};

use crate::{
    errors::{CoreError, guarded},
    merkle::{self, Node},
};

/// Hash bytes with Keccak-256.
#[pyfunction]
fn keccak256<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let digest: Node = guarded(py, || Ok(Keccak256::digest(data).into()))?;
    Ok(PyBytes::new(py, &digest))
}

/// Return `hash_tree_root` of a `ByteList[limit_bytes]`.
#[pyfunction]
fn byte_list_root<'py>(
    py: Python<'py>,
    data: &[u8],
    limit_bytes: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let root = guarded(py, || {
        within(data.len(), limit_bytes, "bytes")?;
        Ok(merkle::byte_list_root(data, limit_bytes))
    })?;
    Ok(PyBytes::new(py, &root))
}

/// Return `hash_tree_root` of a `List[ByteList[limit_bytes], limit_items]`.
#[pyfunction]
fn byte_lists_root<'py>(
    py: Python<'py>,
    items: Vec<Bound<'py, PyBytes>>,
    limit_bytes: u64,
    limit_items: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let items: Vec<&[u8]> = items.iter().map(PyBytesMethods::as_bytes).collect();
    let root = guarded(py, || {
        within(items.len(), limit_items, "items")?;
        let mut roots = Vec::with_capacity(items.len() * size_of::<Node>());
        for item in &items {
            within(item.len(), limit_bytes, "bytes")?;
            roots.extend_from_slice(&merkle::byte_list_root(item, limit_bytes));
        }
        Ok(merkle::mix_in_length(
            &merkle::merkleize(&roots, limit_items),
            items.len(),
        ))
    })?;
    Ok(PyBytes::new(py, &root))
}

/// Merkleize packed chunks (the last may be short) in a tree for `limit_chunks` chunks.
#[pyfunction]
fn merkleize<'py>(
    py: Python<'py>,
    data: &[u8],
    limit_chunks: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let root = guarded(py, || {
        within(
            data.len().div_ceil(size_of::<Node>()),
            limit_chunks,
            "chunks",
        )?;
        Ok(merkle::merkleize(data, limit_chunks))
    })?;
    Ok(PyBytes::new(py, &root))
}

fn within(got: usize, limit: u64, unit: &str) -> Result<(), CoreError> {
    if got as u64 > limit {
        return Err(CoreError::Misuse(format!("{got} {unit}, limit {limit}")));
    }
    Ok(())
}

/// Add the functions.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(keccak256, module)?)?;
    module.add_function(wrap_pyfunction!(byte_list_root, module)?)?;
    module.add_function(wrap_pyfunction!(byte_lists_root, module)?)?;
    module.add_function(wrap_pyfunction!(merkleize, module)?)
}
