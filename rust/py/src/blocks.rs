//! Blocks as the static rules read them: one call decodes a block strictly into columns, one
//! recovers the senders, and accounts come out of a bag of trie nodes.

mod columns;
mod osaka_header;
mod refusals;
mod senders;

use std::ops::Range;
use std::sync::Arc;

use ethrex_common::types::Withdrawal;
use ethrex_common::{Address, H256};
use ethrex_crypto::NativeCrypto;
use ethrex_rlp::encode::RLPEncode;
use ethrex_trie::Trie;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use rayon::prelude::*;
use zkattest_blocks::accounts::{Answer, Witness};
use zkattest_blocks::{Transaction, block, header, keccak, osaka_header as before_fork};
use zkattest_signatures::Signature;

use self::columns::{columns, header_fields, wide};
use self::senders::KeyCache;
use crate::errors::guarded;

/// A block's transactions: their bytes, and all signatures for one parallel recovery.
#[pyclass(frozen, module = "zkattest._core")]
pub(crate) struct Transactions {
    block: PyBackedBytes,
    places: Vec<Range<usize>>,
    /// Those of the transactions, then those of the authorizations.
    signatures: Vec<Signature>,
    /// Which transaction each authorization belongs to.
    authorizations: Vec<usize>,
}

/// Who signed a block's transactions: a slot and a rank for each of them, the addresses of slots,
/// and for each authorization its transaction and its authority.
type Senders<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyList>,
    Bound<'py, PyList>,
);

#[pymethods]
impl Transactions {
    /// Give the canonical bytes of each transaction.
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.slices().map(|raw| PyBytes::new(py, raw)))
    }

    /// Compute the root of the transactions' trie.
    fn root<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let root = guarded(py, || Ok(indexed_root(self.slices().map(<[u8]>::to_vec))))?;
        Ok(PyBytes::new(py, root.as_bytes()))
    }

    /// Find who sent the transactions and who authorized delegations in them.
    ///
    /// A slot (u32) numbers the senders as they first appear, all ones where a signature recovers
    /// to nobody; a rank (u32) counts the transactions of the same sender before this one.
    /// Hints say who may have sent each transaction, then who may have signed each authorization;
    /// `keys` learns every key.
    #[pyo3(signature = (hints = None, keys = None))]
    fn senders<'py>(
        &self,
        py: Python<'py>,
        hints: Option<Vec<Option<[u8; 20]>>>,
        keys: Option<Bound<'py, KeyCache>>,
    ) -> PyResult<Senders<'py>> {
        let keys = keys.as_ref().map(|keys| keys.get());
        let (grouped, authorities) = guarded(py, || {
            let mut signers = senders::find(&self.signatures, hints.as_deref(), keys);
            let authorities = signers.split_off(self.places.len());
            Ok((senders::group(&signers), authorities))
        })?;
        let address = |one: [u8; 20]| PyBytes::new(py, &one);
        let authorities = authorities.into_iter().map(|one| one.map(address));
        Ok((
            PyBytes::new(py, &grouped.slots),
            PyBytes::new(py, &grouped.ranks),
            PyList::new(py, grouped.addresses.into_iter().map(address))?,
            PyList::new(
                py,
                self.authorizations
                    .iter()
                    .zip(authorities)
                    .collect::<Vec<_>>(),
            )?,
        ))
    }
}

impl Transactions {
    fn slices(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let slice = |place: &Range<usize>| self.block.get(place.clone()).unwrap_or_default();
        self.places.iter().map(slice)
    }
}

/// A block in Python: header, hash, columns, transactions, ommers, withdrawals.
type DecodedBlock<'py> = (
    Bound<'py, PyDict>,
    Bound<'py, PyBytes>,
    Bound<'py, PyDict>,
    Transactions,
    usize,
    Vec<(u64, u64, Bound<'py, PyBytes>, u64)>,
);

/// Decode a block of at most `max_bytes` bytes; one of more transactions cannot be checked.
#[pyfunction]
fn decode_block(
    py: Python<'_>,
    data: PyBackedBytes,
    max_bytes: usize,
    max_transactions: usize,
) -> PyResult<DecodedBlock<'_>> {
    let bytes: &[u8] = &data;
    let limits = block::Limits {
        bytes: max_bytes,
        transactions: max_transactions,
    };
    let mut parsed = guarded(py, || Ok(block::decode(bytes, limits)?))?;
    let withdrawals = parsed.withdrawals.iter().map(|w| {
        let address = PyBytes::new(py, w.address.as_bytes());
        (w.index, w.validator_index, address, w.amount)
    });
    let withdrawals = withdrawals.collect();
    let header = header_fields(py, &parsed.header)?;
    let columns = columns(py, &parsed.transactions)?;
    let transactions = &mut parsed.transactions;
    let mut signatures = signatures(py, transactions)?;
    let mut authorizations = Vec::new();
    for (index, tx) in transactions.iter_mut().enumerate() {
        authorizations.resize(authorizations.len() + tx.authorizations.len(), index);
        signatures.append(&mut tx.authorizations);
    }
    let places = parsed.places;
    let (hash, ommers) = (PyBytes::new(py, &parsed.hash), parsed.ommers);
    let body = Transactions {
        block: data.clone_ref(py),
        places,
        signatures,
        authorizations,
    };
    Ok((header, hash, columns, body, ommers, withdrawals))
}

/// Hash what the transactions sign, over all cores.
fn signatures(py: Python<'_>, transactions: &[Transaction<'_>]) -> PyResult<Vec<Signature>> {
    guarded(py, || {
        let transactions = transactions.par_iter().with_min_len(64);
        Ok(transactions.map(Transaction::signature).collect())
    })
}

/// Decode a header; give its fields and its hash.
#[pyfunction]
fn decode_header<'py>(
    py: Python<'py>,
    data: &[u8],
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyBytes>)> {
    let (header, hash) = guarded(py, || Ok((header::decode(data)?, keccak(data))))?;
    Ok((header_fields(py, &header)?, PyBytes::new(py, &hash)))
}

/// Decode a header of Osaka; give its fields and its hash.
#[pyfunction]
fn decode_osaka_header<'py>(
    py: Python<'py>,
    data: &[u8],
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyBytes>)> {
    let (header, hash) = guarded(py, || Ok((before_fork::decode(data)?, keccak(data))))?;
    Ok((osaka_header::fields(py, &header)?, PyBytes::new(py, &hash)))
}

/// Reads accounts of one state root.
#[pyclass(frozen, module = "zkattest._core")]
pub(crate) struct AccountReader {
    witness: Arc<Witness<PyBackedBytes>>,
    root: [u8; 32],
}

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

    /// Read one account after another.
    ///
    /// Each is (nonce, balance in wei, code), None where the state has none, or (cause, detail)
    /// where the witness cannot answer. Walks pass at most `max_steps` nodes, all together.
    fn accounts<'py>(
        &self,
        py: Python<'py>,
        addresses: Vec<[u8; 20]>,
        max_steps: u64,
    ) -> PyResult<Bound<'py, PyList>> {
        let found = guarded(py, || {
            Ok(self.witness.accounts(&self.root, &addresses, max_steps)?)
        })?;
        let no_code = PyBytes::new(py, &[]);
        let accounts: Vec<_> = found
            .into_iter()
            .map(|account| account_values(py, account, &no_code))
            .collect::<PyResult<_>>()?;
        PyList::new(py, accounts)
    }
}

fn account_values<'py>(
    py: Python<'py>,
    found: Answer<'_, PyBackedBytes>,
    no_code: &Bound<'py, PyBytes>,
) -> PyResult<Bound<'py, PyAny>> {
    match found {
        Ok(None) => Ok(py.None().into_bound(py)),
        Ok(Some(account)) => {
            let balance = wide(py, account.balance_wei)?;
            // The same object for all accounts that have the code: copies of a long one for each
            // of many senders would fill the memory.
            let code = match account.code {
                Some(code) => code.into_pyobject(py)?.into_any(),
                None => no_code.clone().into_any(),
            };
            Ok((account.nonce, balance, code).into_pyobject(py)?.into_any())
        }
        Err(fault) => Ok((refusals::cause(&fault), fault.to_string())
            .into_pyobject(py)?
            .into_any()),
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

/// Add the functions and the classes.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Transactions>()?;
    module.add_class::<KeyCache>()?;
    module.add_class::<AccountReader>()?;
    module.add_function(wrap_pyfunction!(decode_block, module)?)?;
    module.add_function(wrap_pyfunction!(decode_header, module)?)?;
    module.add_function(wrap_pyfunction!(decode_osaka_header, module)?)?;
    module.add_function(wrap_pyfunction!(list_root, module)?)?;
    module.add_function(wrap_pyfunction!(withdrawals_root, module)?)
}
