//! Python values of a header and of transactions: fields by their names, columns as bytes.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt};
use zkattest_blocks::Transaction;
use zkattest_blocks::rlp::low_u64;
use zkattest_execution::Header;

/// Stands in the place of a chain id where a legacy `v` has none of its known forms.
const NO_CHAIN: [u8; 32] = [0xff; 32];

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

/// Give the columns by their names, each as the bytes of an array; `zkattest.types.columns` says
/// which. Numbers of 64 bits are little-endian, those of 256 bits big-endian.
pub(super) fn columns<'py>(
    py: Python<'py>,
    txs: &[Transaction<'_>],
) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    let bytes = |name, read: fn(&Transaction<'_>) -> u8| {
        columns.set_item(name, fixed(py, txs, |tx| [read(tx)])?)
    };
    let numbers = |name, read: fn(&Transaction<'_>) -> u64| {
        columns.set_item(name, fixed(py, txs, |tx| read(tx).to_le_bytes())?)
    };
    let words = |name, read: for<'t> fn(&'t Transaction<'_>) -> &'t [u8]| {
        columns.set_item(name, fixed(py, txs, |tx| word(read(tx)))?)
    };
    bytes("type", |tx| tx.tx_type)?;
    bytes("has_chain_id", |tx| tx.chain_id.is_some().into())?;
    words("chain_id", |tx| match &tx.chain_id {
        Some(chain_id) => chain_id.as_slice(),
        None if tx.has_unknown_v => NO_CHAIN.as_slice(),
        None => &[],
    })?;
    numbers("nonce", |tx| tx.nonce)?;
    numbers("gas", |tx| tx.gas)?;
    words("max_fee_per_gas", |tx| tx.max_fee_per_gas)?;
    words("max_priority_fee_per_gas", |tx| tx.max_priority_fee_per_gas)?;
    bytes("creates", |tx| tx.to.is_none().into())?;
    words("value", |tx| tx.value)?;
    numbers("data_bytes", |tx| tx.data_bytes as u64)?;
    numbers("data_zero_bytes", |tx| tx.data_zero_bytes as u64)?;
    numbers("access_list_addresses", |tx| {
        tx.access_list_addresses as u64
    })?;
    numbers("access_list_keys", |tx| tx.access_list_keys as u64)?;
    words("max_fee_per_blob_gas", |tx| tx.max_fee_per_blob_gas)?;
    numbers("blobs", |tx| tx.blob_versioned_hashes.len() as u64)?;
    numbers("authorizations", |tx| tx.authorizations.len() as u64)?;
    words("y_parity", |tx| &tx.y_parity)?;
    words("r", |tx| tx.r)?;
    words("s", |tx| tx.s)?;
    let hashes: Vec<u8> = txs
        .iter()
        .flat_map(|tx| tx.blob_versioned_hashes.iter().copied().flatten().copied())
        .collect();
    columns.set_item("blob_versioned_hashes", PyBytes::new(py, &hashes))?;
    Ok(columns)
}

/// Lay one value of each transaction after another.
fn fixed<'py, const N: usize>(
    py: Python<'py>,
    txs: &[Transaction<'_>],
    read: impl Fn(&Transaction<'_>) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, N * txs.len(), |out| {
        out.chunks_exact_mut(N)
            .zip(txs)
            .for_each(|(out, tx)| out.copy_from_slice(&read(tx)));
        Ok(())
    })
}

/// Widen a big-endian number of at most 32 bytes.
fn word(number: &[u8]) -> [u8; 32] {
    let mut wide = [0; 32];
    wide.iter_mut()
        .rev()
        .zip(number.iter().rev())
        .for_each(|(to, from)| *to = *from);
    wide
}

/// Make a Python number of a big-endian one.
pub(super) fn wide<'py>(py: Python<'py>, number: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    if number.len() <= 8 {
        return Ok(low_u64(number).into_pyobject(py)?.into_any());
    }
    let class = py.get_type::<PyInt>();
    class.call_method1("from_bytes", (PyBytes::new(py, number), "big"))
}
