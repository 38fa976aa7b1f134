//! Keys and senders seen before, bounded, least recently used out first.

use std::hash::{Hash, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::key::{Address, PublicKey};

/// A bounded map for several threads.
// Who sends transactions chooses addresses and hashes, hence the keyed hash of the library.
struct Recent<K, V>(Mutex<LruCache<K, V, RandomState>>);

impl<K: Hash + Eq + Copy, V: Copy> Recent<K, V> {
    fn new(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::with_hasher(
            capacity,
            RandomState::new(),
        )))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<K, V, RandomState>> {
        // A panic elsewhere leaves at worst an entry more or less.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get_many(&self, names: &[K]) -> Vec<Option<V>> {
        let mut map = self.lock();
        names.iter().map(|name| map.get(name).copied()).collect()
    }

    fn insert_many(&self, entries: impl Iterator<Item = (K, V)>) {
        let mut map = self.lock();
        for (name, value) in entries {
            map.put(name, value);
        }
    }
}

/// Public keys by address: where hints come from when somebody names the senders.
pub struct KeyCache(Recent<Address, PublicKey>);

impl KeyCache {
    /// Make an empty cache of at most `capacity` keys, about 200 bytes each.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self(Recent::new(capacity))
    }

    /// Look keys up, in order.
    #[must_use]
    pub fn get_many(&self, addresses: &[Address]) -> Vec<Option<PublicKey>> {
        self.0.get_many(addresses)
    }

    /// Remember keys; each goes under its own address.
    pub fn insert_many(&self, keys: &[PublicKey]) {
        self.0
            .insert_many(keys.iter().map(|key| (key.address(), *key)));
    }
}

/// Senders by transaction hash: whole answers, for the hash covers the signature.
pub struct SenderCache(Recent<[u8; 32], Address>);

impl SenderCache {
    /// Make an empty cache of at most `capacity` senders, about 150 bytes each.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self(Recent::new(capacity))
    }

    /// Look senders up, in order.
    #[must_use]
    pub fn get_many(&self, transaction_hashes: &[[u8; 32]]) -> Vec<Option<Address>> {
        self.0.get_many(transaction_hashes)
    }

    /// Remember answers of recovery or of a batch, and nothing else: they are not checked again.
    pub fn insert_many(&self, senders: &[([u8; 32], Address)]) {
        self.0.insert_many(senders.iter().copied());
    }
}
