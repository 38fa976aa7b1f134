//! The whole state as plain maps.

use std::collections::BTreeMap;

use bytes::Bytes;
use ethrex_common::constants::EMPTY_KECCAK_HASH;
use ethrex_common::types::{AccountState, AccountUpdate};
use ethrex_common::{Address, H256, U256};
use ethrex_crypto::Crypto;
use ethrex_rlp::encode::RLPEncode;
use ethrex_trie::{EMPTY_TRIE_HASH, Trie, TrieError};

/// One account with its storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Transactions or creations so far.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// keccak of the code.
    pub code_hash: H256,
    /// Slots that are not zero.
    pub storage: BTreeMap<H256, U256>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            nonce: 0,
            balance: U256::zero(),
            code_hash: *EMPTY_KECCAK_HASH,
            storage: BTreeMap::new(),
        }
    }
}

/// All accounts and all codes.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Accounts by address.
    pub accounts: BTreeMap<Address, Account>,
    /// Codes by hash.
    pub codes: BTreeMap<H256, Bytes>,
}

/// The state as Merkle Patricia tries.
pub struct Tries {
    /// Root of the state trie.
    pub root: H256,
    /// Every node of the state trie and of the storage tries.
    pub nodes: Vec<Bytes>,
}

impl State {
    /// Store a code and return its hash.
    pub fn insert_code(&mut self, code: Bytes, crypto: &dyn Crypto) -> H256 {
        let hash = H256(crypto.keccak256(&code));
        if hash != *EMPTY_KECCAK_HASH {
            self.codes.insert(hash, code);
        }
        hash
    }

    /// Write the changes of a block.
    pub fn apply(&mut self, updates: &[AccountUpdate]) {
        for update in updates {
            if update.removed {
                self.accounts.remove(&update.address);
                continue;
            }
            let account = self.accounts.entry(update.address).or_default();
            if let Some(info) = &update.info {
                account.nonce = info.nonce;
                account.balance = info.balance;
                account.code_hash = info.code_hash;
            }
            if update.removed_storage {
                account.storage.clear();
            }
            for (slot, value) in &update.added_storage {
                if value.is_zero() {
                    account.storage.remove(slot);
                } else {
                    account.storage.insert(*slot, *value);
                }
            }
            if let Some(code) = &update.code {
                self.codes
                    .insert(code.hash, Bytes::copy_from_slice(code.code()));
            }
        }
    }

    /// Build all tries from scratch.
    pub fn tries(&self, crypto: &dyn Crypto) -> Result<Tries, TrieError> {
        let mut nodes = Vec::new();
        let mut state = Trie::new_temp();
        for (address, account) in &self.accounts {
            let leaf = AccountState {
                nonce: account.nonce,
                balance: account.balance,
                code_hash: account.code_hash,
                storage_root: storage_root(&account.storage, &mut nodes, crypto)?,
            };
            let key = crypto.keccak256(address.as_bytes());
            state.insert(key.to_vec(), leaf.encode_to_vec())?;
        }
        let root = collect(&state, &mut nodes, crypto)?;
        Ok(Tries { root, nodes })
    }
}

fn storage_root(
    storage: &BTreeMap<H256, U256>,
    nodes: &mut Vec<Bytes>,
    crypto: &dyn Crypto,
) -> Result<H256, TrieError> {
    let mut trie = Trie::new_temp();
    for (slot, value) in storage {
        trie.insert(
            crypto.keccak256(slot.as_bytes()).to_vec(),
            value.encode_to_vec(),
        )?;
    }
    collect(&trie, nodes, crypto)
}

/// Hash a trie and add its nodes to `nodes`.
fn collect(trie: &Trie, nodes: &mut Vec<Bytes>, crypto: &dyn Crypto) -> Result<H256, TrieError> {
    let root = trie.hash_no_commit(crypto);
    if root != EMPTY_TRIE_HASH
        && let Some(node) = trie.root_node()?
    {
        let mut encoded = Vec::new();
        node.encode_subtrie(&mut encoded)?;
        nodes.extend(encoded.into_iter().map(Bytes::from));
    }
    Ok(root)
}
