//! Python values of a header and of transactions: a dictionary of fields, a list for each column.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyTuple};
use zkattest_execution::Header;

use super::rlp::low_u64;
use super::transaction::Transaction;

/// Give the header's fields by their names.
pub(super) fn header_fields<'py>(py: Python<'py>, header: &Header) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    let bytes = |value: &[u8]| PyBytes::new(py, value);
    fields.set_item("parent_hash", bytes(header.parent_hash.as_bytes()))?;
    fields.set_item("ommers_hash", bytes(header.ommers_hash.as_bytes()))?;
    fields.set_item("coinbase", bytes(header.coinbase.as_bytes()))?;
    fields.set_item("pre_state_root", bytes(header.pre_state_root.as_bytes()))?;
    fields.set_item(
        "parent_transactions_root",
        bytes(header.parent_transactions_root.as_bytes()),
    )?;
    fields.set_item(
        "parent_receipt_root",
        bytes(header.parent_receipt_root.as_bytes()),
    )?;
    fields.set_item("parent_bloom", bytes(header.parent_bloom.as_bytes()))?;
    fields.set_item(
        "parent_requests_hash",
        bytes(header.parent_requests_hash.as_bytes()),
    )?;
    fields.set_item(
        "parent_execution_reverted",
        header.parent_execution_reverted,
    )?;
    fields.set_item("difficulty", wide(py, &header.difficulty.to_big_endian())?)?;
    fields.set_item("number", header.number)?;
    fields.set_item("gas_limit", header.gas_limit)?;
    fields.set_item("gas_used", header.gas_used)?;
    fields.set_item("timestamp", header.timestamp)?;
    fields.set_item("extra_data", bytes(&header.extra_data))?;
    fields.set_item("prev_randao", bytes(header.prev_randao.as_bytes()))?;
    fields.set_item("nonce", bytes(&header.nonce))?;
    fields.set_item("base_fee_per_gas", header.base_fee_per_gas)?;
    fields.set_item(
        "withdrawals_root",
        bytes(header.withdrawals_root.as_bytes()),
    )?;
    fields.set_item("blob_gas_used", header.blob_gas_used)?;
    fields.set_item("excess_blob_gas", header.excess_blob_gas)?;
    fields.set_item(
        "parent_beacon_block_root",
        bytes(header.parent_beacon_block_root.as_bytes()),
    )?;
    Ok(fields)
}

/// Give one list for each field, in the order of `zkattest.types.block.Transaction`.
pub(super) fn columns<'py>(
    py: Python<'py>,
    txs: &[Transaction<'_>],
) -> PyResult<Bound<'py, PyTuple>> {
    let wides = |read: for<'t> fn(&'t Transaction<'_>) -> &'t [u8]| wide_column(py, txs, read);
    let columns = [
        PyList::new(py, txs.iter().map(|tx| tx.tx_type))?,
        chain_ids(py, txs)?,
        PyList::new(py, txs.iter().map(|tx| tx.nonce))?,
        PyList::new(py, txs.iter().map(|tx| tx.gas))?,
        wides(|tx| tx.max_fee_per_gas)?,
        wides(|tx| tx.max_priority_fee_per_gas)?,
        PyList::new(
            py,
            txs.iter().map(|tx| tx.to.map(|to| PyBytes::new(py, to))),
        )?,
        wides(|tx| tx.value)?,
        PyList::new(py, txs.iter().map(|tx| tx.data_bytes))?,
        PyList::new(py, txs.iter().map(|tx| tx.data_zero_bytes))?,
        PyList::new(py, txs.iter().map(|tx| tx.access_list_addresses))?,
        PyList::new(py, txs.iter().map(|tx| tx.access_list_keys))?,
        wides(|tx| tx.max_fee_per_blob_gas)?,
        versioned_hashes(py, txs)?,
        PyList::new(py, txs.iter().map(|tx| tx.authorizations.len()))?,
        wides(|tx| &tx.y_parity)?,
        wides(|tx| tx.r)?,
        wides(|tx| tx.s)?,
    ];
    PyTuple::new(py, columns)
}

fn chain_ids<'py>(py: Python<'py>, txs: &[Transaction<'_>]) -> PyResult<Bound<'py, PyList>> {
    let ids: Vec<_> = txs
        .iter()
        .map(|tx| tx.chain_id.as_deref().map(|id| wide(py, id)).transpose())
        .collect::<PyResult<_>>()?;
    PyList::new(py, ids)
}

fn versioned_hashes<'py>(py: Python<'py>, txs: &[Transaction<'_>]) -> PyResult<Bound<'py, PyList>> {
    let lists: Vec<_> = txs
        .iter()
        .map(|tx| {
            PyTuple::new(
                py,
                tx.blob_versioned_hashes
                    .iter()
                    .map(|hash| PyBytes::new(py, *hash)),
            )
        })
        .collect::<PyResult<_>>()?;
    PyList::new(py, lists)
}

fn wide_column<'py>(
    py: Python<'py>,
    txs: &[Transaction<'_>],
    read: for<'t> fn(&'t Transaction<'_>) -> &'t [u8],
) -> PyResult<Bound<'py, PyList>> {
    let numbers: Vec<_> = txs
        .iter()
        .map(|tx| wide(py, read(tx)))
        .collect::<PyResult<_>>()?;
    PyList::new(py, numbers)
}

/// Make a Python number of a big-endian one.
pub(super) fn wide<'py>(py: Python<'py>, number: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    if number.len() <= 8 {
        return Ok(low_u64(number).into_pyobject(py)?.into_any());
    }
    let class = py.get_type::<PyInt>();
    class.call_method1("from_bytes", (PyBytes::new(py, number), "big"))
}
