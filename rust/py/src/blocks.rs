//! Blocks as the static rules read them: one call decodes a block strictly into columns, one
//! recovers the senders, and accounts come out of a bag of trie nodes.

mod accounts;
mod columns;
mod parse;
mod rlp;
mod senders;
mod transaction;

use std::sync::Arc;

use ethrex_common::types::Withdrawal;
use ethrex_common::{Address, H256};
use ethrex_crypto::NativeCrypto;
use ethrex_rlp::encode::RLPEncode;
use ethrex_trie::Trie;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use self::accounts::Witness;
use self::columns::{columns, header_fields, wide};
use self::parse::{parse_block, parse_header, refused};
use self::senders::Signature;
use self::transaction::{Transaction, keccak};
use crate::errors::{Operand, guarded};

/// Signatures of a block's transactions, kept for one parallel recovery.
#[pyclass(frozen, module = "zkattest._core")]
pub(crate) struct Signatures {
    senders: Vec<Signature>,
    authorities: Vec<Vec<Signature>>,
}

#[pymethods]
impl Signatures {
    /// Recover the sender of each transaction; None where a signature recovers to nobody.
    fn senders<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let senders = guarded(py, || Ok(senders::recover_all(&self.senders)))?;
        PyList::new(
            py,
            senders.iter().map(|sender| address(py, sender.as_ref())),
        )
    }

    /// Recover the authority of each authorization of each transaction.
    fn authorities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let lists = guarded(py, || Ok(senders::recover_authorities(&self.authorities)))?;
        let lists: Vec<_> = lists
            .iter()
            .map(|list| PyTuple::new(py, list.iter().map(|one| address(py, one.as_ref()))))
            .collect::<PyResult<_>>()?;
        PyList::new(py, lists)
    }
}

fn address<'py>(py: Python<'py>, value: Option<&[u8; 20]>) -> Option<Bound<'py, PyBytes>> {
    value.map(|bytes| PyBytes::new(py, bytes))
}

/// A block in Python: header, hash, raw transactions, columns, ommers, withdrawals, signatures.
type DecodedBlock<'py> = (
    Bound<'py, PyDict>,
    Bound<'py, PyBytes>,
    Bound<'py, PyTuple>,
    Bound<'py, PyTuple>,
    usize,
    Vec<(u64, u64, Bound<'py, PyBytes>, u64)>,
    Signatures,
);

/// Decode a block of at most `max_bytes` bytes.
#[pyfunction]
fn decode_block<'py>(
    py: Python<'py>,
    data: &[u8],
    max_bytes: usize,
) -> PyResult<DecodedBlock<'py>> {
    let mut parsed = guarded(py, || {
        if data.len() > max_bytes {
            return Err(refused(
                "block_too_large",
                vec![
                    ("got", Operand::Int(data.len() as u64)),
                    ("limit", Operand::Int(max_bytes as u64)),
                ],
            ));
        }
        parse_block(data)
    })?;
    let withdrawals = parsed.withdrawals.iter();
    Ok((
        header_fields(py, &parsed.header)?,
        PyBytes::new(py, &parsed.hash),
        PyTuple::new(py, parsed.raw.iter().map(|raw| PyBytes::new(py, raw)))?,
        columns(py, &parsed.transactions)?,
        parsed.ommers,
        withdrawals
            .map(|w| {
                (
                    w.index,
                    w.validator_index,
                    PyBytes::new(py, w.address.as_bytes()),
                    w.amount,
                )
            })
            .collect(),
        Signatures {
            senders: parsed
                .transactions
                .iter()
                .map(Transaction::signature)
                .collect(),
            authorities: parsed
                .transactions
                .iter_mut()
                .map(|tx| std::mem::take(&mut tx.authorizations))
                .collect(),
        },
    ))
}

/// Decode a header; give its fields and its hash.
#[pyfunction]
fn decode_header<'py>(
    py: Python<'py>,
    data: &[u8],
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyBytes>)> {
    let (header, hash) = guarded(py, || Ok((parse_header(data)?, keccak(data))))?;
    Ok((header_fields(py, &header)?, PyBytes::new(py, &hash)))
}

/// Reads accounts of one state root.
#[pyclass(frozen, module = "zkattest._core")]
pub(crate) struct AccountReader {
    witness: Arc<Witness>,
    root: [u8; 32],
}

/// An account in Python: nonce, balance in wei, code.
type AccountValues<'py> = (u64, Bound<'py, PyAny>, Bound<'py, PyBytes>);

#[pymethods]
impl AccountReader {
    /// Hash the nodes and the codes, once.
    #[new]
    fn new(
        py: Python<'_>,
        nodes: Vec<PyBackedBytes>,
        codes: Vec<PyBackedBytes>,
        root: [u8; 32],
    ) -> PyResult<Self> {
        let witness = guarded(py, || Ok(Arc::new(Witness::new(nodes, codes))))?;
        Ok(Self { witness, root })
    }

    /// Give the account of an address, None where there is none.
    fn account<'py>(
        &self,
        py: Python<'py>,
        address: [u8; 20],
    ) -> PyResult<Option<AccountValues<'py>>> {
        let found = guarded(py, || Ok(self.witness.account(&self.root, &address)?))?;
        found
            .map(|account| {
                let balance = wide(py, account.balance_wei)?;
                Ok((account.nonce, balance, PyBytes::new(py, account.code)))
            })
            .transpose()
    }
}

/// Compute the root of a list's trie: keys are the RLP of the positions.
#[pyfunction]
fn list_root<'py>(py: Python<'py>, items: Vec<PyBackedBytes>) -> PyResult<Bound<'py, PyBytes>> {
    let root = guarded(py, || {
        Ok(indexed_root(items.iter().map(|item| item.to_vec())))
    })?;
    Ok(PyBytes::new(py, root.as_bytes()))
}

/// Compute the root of withdrawals given as (index, validator index, address, amount in Gwei).
#[pyfunction]
fn withdrawals_root<'py>(
    py: Python<'py>,
    withdrawals: Vec<(u64, u64, [u8; 20], u64)>,
) -> PyResult<Bound<'py, PyBytes>> {
    let encoded = withdrawals
        .into_iter()
        .map(|(index, validator_index, address, amount)| {
            let address = Address::from(address);
            Withdrawal {
                index,
                validator_index,
                address,
                amount,
            }
            .encode_to_vec()
        });
    let root = guarded(py, || Ok(indexed_root(encoded)))?;
    Ok(PyBytes::new(py, root.as_bytes()))
}

fn indexed_root(items: impl Iterator<Item = Vec<u8>>) -> H256 {
    let entries = items
        .enumerate()
        .map(|(index, item)| (index.encode_to_vec(), item));
    Trie::compute_hash_from_unsorted_iter(entries, &NativeCrypto)
}

/// Run the guest's statement natively: the 43 bytes of public values for a stateless input.
#[pyfunction]
fn run_statement<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let values = guarded(py, || {
        Ok(zkattest_execution::statement::run(
            data,
            Arc::new(NativeCrypto),
        ))
    })?;
    Ok(PyBytes::new(py, &values))
}

/// Add the functions and the classes.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Signatures>()?;
    module.add_class::<AccountReader>()?;
    module.add_function(wrap_pyfunction!(decode_block, module)?)?;
    module.add_function(wrap_pyfunction!(decode_header, module)?)?;
    module.add_function(wrap_pyfunction!(list_root, module)?)?;
    module.add_function(wrap_pyfunction!(withdrawals_root, module)?)?;
    module.add_function(wrap_pyfunction!(run_statement, module)?)
}
