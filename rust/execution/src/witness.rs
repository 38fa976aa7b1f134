//! State read through Merkle proofs: every answer follows from the pre-state root.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use ethrex_common::constants::EMPTY_KECCAK_HASH;
use ethrex_common::seeded_hash::SeededHashMap;
use ethrex_common::types::{AccountState, AccountUpdate, ChainConfig, Code, CodeMetadata};
use ethrex_common::{Address, H256, U256};
use ethrex_crypto::Crypto;
use ethrex_rlp::decode::{RLPDecode, decode_rlp_item};
use ethrex_rlp::encode::RLPEncode;
use ethrex_trie::EMPTY_TRIE_HASH;
use ethrex_vm::{EvmError, VmDatabase};
use thiserror::Error;

use crate::block::Block;
use crate::header::Header;
use crate::input::ExecutionWitness;
use crate::rules;
use crate::trie::{NodeBag, SparseTrie, TrieError};

/// Why a witness does not answer.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// A node is missing or malformed.
    #[error("trie: {0}")]
    Trie(#[from] TrieError),
    /// An account leaf is not an account.
    #[error("account {0:?} is not an RLP account")]
    MalformedAccount(Address),
    /// A storage leaf is not a number.
    #[error("storage of {0:?} is not an RLP number")]
    MalformedStorage(Address),
    /// A contract's code is not in the witness.
    #[error("code {0:?} is missing")]
    MissingCode(H256),
    /// An ancestor's hash cannot be derived.
    #[error("header of block {0} is missing")]
    MissingHeader(u64),
    /// Ancestor headers do not hash to their children's parent hash.
    #[error("ancestor {0} is not the block its child names")]
    BrokenHashChain(u64),
    /// An ancestor header is malformed.
    #[error("ancestor header {0} is malformed")]
    MalformedHeader(usize),
}

/// Pre-state of one block over a bag of trie nodes.
#[derive(Clone)]
pub struct WitnessState(Arc<Mutex<Inner>>);

struct Inner {
    nodes: NodeBag,
    state: SparseTrie,
    accounts: SeededHashMap<Address, KnownAccount>,
    storages: SeededHashMap<Address, SparseTrie>,
    codes: SeededHashMap<H256, Code>,
    ancestor_hashes: BTreeMap<u64, H256>,
    chain_config: ChainConfig,
    crypto: Arc<dyn Crypto>,
}

/// An account that was read once: its key in the trie and its leaf.
#[derive(Clone, Copy)]
struct KnownAccount {
    key: H256,
    state: Option<AccountState>,
}

impl WitnessState {
    /// Open the pre-state of `block`, whose root the header names.
    pub fn open(
        block: &Block,
        chain_id: u64,
        witness: &ExecutionWitness,
        crypto: Arc<dyn Crypto>,
    ) -> Result<Self, WitnessError> {
        let nodes = NodeBag::new(&witness.state, crypto.as_ref());
        let codes = witness
            .codes
            .iter()
            .map(|code| Code::from_bytecode(code.clone(), crypto.as_ref()))
            .map(|code| (code.hash, code))
            .collect();
        let ancestor_hashes = ancestor_hashes(&block.header, &witness.headers, crypto.as_ref())?;
        Ok(Self(Arc::new(Mutex::new(Inner {
            nodes,
            state: SparseTrie::open(block.header.pre_state_root),
            accounts: SeededHashMap::default(),
            storages: SeededHashMap::default(),
            codes,
            ancestor_hashes,
            chain_config: rules::chain_config(chain_id),
            crypto,
        }))))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held; a poisoned lock still holds consistent data.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Write the changes of a block and return the new state root.
    pub fn apply(&self, updates: &[AccountUpdate]) -> Result<H256, WitnessError> {
        let inner = &mut *self.lock();
        // A fixed order: which sibling nodes a removal needs must not depend on a hash seed.
        let mut ordered: Vec<_> = updates.iter().collect();
        ordered.sort_unstable_by_key(|update| update.address);
        for update in ordered {
            inner.apply_one(update)?;
        }
        Ok(inner.state.root(inner.crypto.as_ref()))
    }
}

/// Derive the hashes of ancestors from the parent hash down the given headers.
fn ancestor_hashes(
    header: &Header,
    headers: &[Bytes],
    crypto: &dyn Crypto,
) -> Result<BTreeMap<u64, H256>, WitnessError> {
    let mut hashes = BTreeMap::new();
    let (mut number, mut hash) = (header.number, header.parent_hash);
    for (index, rlp) in headers.iter().enumerate().rev() {
        number = number
            .checked_sub(1)
            .ok_or(WitnessError::BrokenHashChain(0))?;
        hashes.insert(number, hash);
        if crypto.keccak256(rlp) != hash.0 {
            return Err(WitnessError::BrokenHashChain(number));
        }
        hash = parent_hash(rlp).ok_or(WitnessError::MalformedHeader(index))?;
    }
    if let Some(number) = number.checked_sub(1) {
        hashes.insert(number, hash);
    }
    Ok(hashes)
}

/// Read the first field of a header; its hash was checked, so the rest is not needed.
fn parent_hash(rlp: &[u8]) -> Option<H256> {
    let (is_list, fields, _) = decode_rlp_item(rlp).ok()?;
    let (hash, _) = is_list.then(|| H256::decode_unfinished(fields).ok())??;
    Some(hash)
}

impl Inner {
    fn account(&mut self, address: Address) -> Result<KnownAccount, WitnessError> {
        if let Some(known) = self.accounts.get(&address) {
            return Ok(*known);
        }
        let key = H256(self.crypto.keccak256(address.as_bytes()));
        let state = self
            .state
            .get(key.as_bytes(), &self.nodes)?
            .map(|leaf| AccountState::decode(&leaf))
            .transpose()
            .map_err(|_| WitnessError::MalformedAccount(address))?;
        let known = KnownAccount { key, state };
        self.accounts.insert(address, known);
        Ok(known)
    }

    fn slot(&mut self, address: Address, key: H256) -> Result<Option<U256>, WitnessError> {
        let root = self
            .account(address)?
            .state
            .map_or(EMPTY_TRIE_HASH, |state| state.storage_root);
        let hashed = self.crypto.keccak256(key.as_bytes());
        let trie = self
            .storages
            .entry(address)
            .or_insert_with(|| SparseTrie::open(root));
        match trie.get(&hashed, &self.nodes)? {
            None => Ok(None),
            Some(leaf) => U256::decode(&leaf)
                .map(Some)
                .map_err(|_| WitnessError::MalformedStorage(address)),
        }
    }

    fn code(&self, hash: H256) -> Result<Code, WitnessError> {
        if hash == *EMPTY_KECCAK_HASH {
            return Ok(Code::default());
        }
        self.codes
            .get(&hash)
            .cloned()
            .ok_or(WitnessError::MissingCode(hash))
    }

    fn apply_one(&mut self, update: &AccountUpdate) -> Result<(), WitnessError> {
        let KnownAccount { key, state } = self.account(update.address)?;
        if update.removed {
            self.state.remove(key.as_bytes(), &self.nodes)?;
            return Ok(());
        }
        let mut state = state.unwrap_or_default();
        if let Some(info) = &update.info {
            state.nonce = info.nonce;
            state.balance = info.balance;
            state.code_hash = info.code_hash;
        }
        if update.removed_storage {
            state.storage_root = EMPTY_TRIE_HASH;
            self.storages.remove(&update.address);
        }
        if !update.added_storage.is_empty() {
            state.storage_root = self.write_storage(update, state.storage_root)?;
        }
        self.state
            .insert(key.as_bytes(), state.encode_to_vec().into(), &self.nodes)?;
        Ok(())
    }

    fn write_storage(&mut self, update: &AccountUpdate, root: H256) -> Result<H256, WitnessError> {
        let mut slots: Vec<_> = update
            .added_storage
            .iter()
            .map(|(slot, value)| (self.crypto.keccak256(slot.as_bytes()), *value))
            .collect();
        slots.sort_unstable_by_key(|(key, _)| *key);
        let trie = self
            .storages
            .entry(update.address)
            .or_insert_with(|| SparseTrie::open(root));
        // Insertions first: a removal beside a new leaf then needs no sibling to collapse into.
        for (key, value) in slots.iter().filter(|(_, value)| !value.is_zero()) {
            trie.insert(key, value.encode_to_vec().into(), &self.nodes)?;
        }
        for (key, _) in slots.iter().filter(|(_, value)| value.is_zero()) {
            trie.remove(key, &self.nodes)?;
        }
        Ok(trie.root(self.crypto.as_ref()))
    }
}

fn evm_error(error: WitnessError) -> EvmError {
    EvmError::DB(error.to_string())
}

impl VmDatabase for WitnessState {
    fn get_account_state(&self, address: Address) -> Result<Option<AccountState>, EvmError> {
        let known = self.lock().account(address).map_err(evm_error)?;
        Ok(known.state)
    }

    fn get_storage_slot(&self, address: Address, key: H256) -> Result<Option<U256>, EvmError> {
        self.lock().slot(address, key).map_err(evm_error)
    }

    fn get_block_hash(&self, block_number: u64) -> Result<H256, EvmError> {
        self.lock()
            .ancestor_hashes
            .get(&block_number)
            .copied()
            .ok_or_else(|| evm_error(WitnessError::MissingHeader(block_number)))
    }

    fn get_chain_config(&self) -> Result<ChainConfig, EvmError> {
        Ok(self.lock().chain_config)
    }

    fn get_account_code(&self, code_hash: H256) -> Result<Code, EvmError> {
        self.lock().code(code_hash).map_err(evm_error)
    }

    fn get_code_metadata(&self, code_hash: H256) -> Result<CodeMetadata, EvmError> {
        let code = self.lock().code(code_hash).map_err(evm_error)?;
        Ok(CodeMetadata {
            length: u64::try_from(code.len()).unwrap_or(u64::MAX),
        })
    }
}
