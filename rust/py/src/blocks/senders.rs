//! Who sent a block's transactions: by recovery, or with keys seen before.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use zkattest_signatures::{Address, PublicKey, Signature, recover_all, senders_with_keys};

/// Public keys of senders seen before, by their addresses.
#[pyclass(frozen, module = "zkattest._core")]
pub(crate) struct KeyCache(zkattest_signatures::KeyCache);

#[pymethods]
impl KeyCache {
    /// Keep at most `capacity` keys.
    #[new]
    fn new(capacity: usize) -> PyResult<Self> {
        let capacity = NonZeroUsize::new(capacity)
            .ok_or_else(|| PyValueError::new_err("a cache of no keys"))?;
        Ok(Self(zkattest_signatures::KeyCache::new(capacity)))
    }
}

impl KeyCache {
    /// Look up the keys of those who are said to have sent.
    fn named(&self, hints: &[Option<Address>]) -> Vec<Option<PublicKey>> {
        // No key is known to hash to zeros, and a wrong hint does no harm.
        let addresses: Vec<Address> = hints.iter().map(|hint| hint.unwrap_or_default()).collect();
        self.0.get_many(&addresses)
    }
}

/// Find every sender; the answer is recovery's whatever the hints say.
pub(super) fn find(
    signatures: &[Signature],
    hints: Option<&[Option<Address>]>,
    cache: Option<&KeyCache>,
) -> Vec<Option<Address>> {
    let Some(cache) = cache else {
        return recover_all(signatures);
    };
    let known = hints.map(|hints| cache.named(hints)).unwrap_or_default();
    let outcome = senders_with_keys(signatures, &known);
    let learned: Vec<PublicKey> = outcome
        .keys
        .into_iter()
        .enumerate()
        .filter(|(place, key)| known.get(*place) != Some(key))
        .filter_map(|(_, key)| key)
        .collect();
    cache.0.insert_many(&learned);
    outcome.senders
}

/// Transactions by their senders.
pub(super) struct Grouped {
    /// For each transaction the number of its sender (u32), all ones for nobody.
    pub(super) slots: Vec<u8>,
    /// For each transaction how many of the same sender stand before it (u32).
    pub(super) ranks: Vec<u8>,
    /// The senders as they first appear.
    pub(super) addresses: Vec<Address>,
}

/// Number the senders and count along.
pub(super) fn group(senders: &[Option<Address>]) -> Grouped {
    let mut known: HashMap<Address, (u32, u32)> = HashMap::with_capacity(senders.len());
    let mut grouped = Grouped {
        slots: Vec::with_capacity(4 * senders.len()),
        ranks: Vec::with_capacity(4 * senders.len()),
        addresses: Vec::new(),
    };
    for sender in senders {
        let (slot, rank) = sender.map_or((u32::MAX, 0), |address| {
            let next = (known.len() as u32, 0);
            let entry = known.entry(address).or_insert_with(|| {
                grouped.addresses.push(address);
                next
            });
            let place = *entry;
            entry.1 += 1;
            place
        });
        grouped.slots.extend(slot.to_le_bytes());
        grouped.ranks.extend(rank.to_le_bytes());
    }
    grouped
}
