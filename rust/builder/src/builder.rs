//! A chain that grows block by block.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use ethrex_common::types::{Withdrawal, compute_withdrawals_root};
use ethrex_common::{Bloom, H256, U256};
use ethrex_crypto::{Crypto, NativeCrypto};
use ethrex_trie::{EMPTY_TRIE_HASH, TrieError};
use thiserror::Error;
use zkattest_execution::transition::{Revert, recover_sender};
use zkattest_execution::{
    Block, BlockPackage, DecodeError, Execution, ExecutionClaim, ExecutionError, ExecutionWitness,
    Header, StatelessInput, execute_block,
};

use crate::description::{BlockPlan, Genesis, GenesisAccount};
use crate::fees::{child_base_fee, child_excess_blob_gas};
use crate::state::{Account, State, Tries};
use crate::witness::{minimal_codes, minimal_nodes};

/// keccak of the RLP of an empty list.
const EMPTY_OMMERS_HASH: H256 = H256([
    0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a,
    0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47,
]);

/// Gas of one blob (EIP-4844).
const GAS_PER_BLOB: u64 = 1 << 17;

/// Most ancestors whose hashes BLOCKHASH can ask for.
const MAX_ANCESTORS: usize = 256;

/// Why a block could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A transaction is malformed.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// The state cannot be put into tries.
    #[error("trie: {0}")]
    Trie(#[from] TrieError),
    /// The block cannot be executed; static verification would refuse it.
    #[error("{0}")]
    Execution(#[from] ExecutionError),
    /// The gas limit is out of reach of the parent's.
    #[error("gas limit: {got} is out of reach of the parent's {parent}")]
    GasLimit {
        /// Gas limit asked for.
        got: u64,
        /// Gas limit of the parent.
        parent: u64,
    },
    /// No declared gas saves this block from being reverted, and none was given.
    #[error("declared gas: needed, for the block reverts anyway: {0:?}")]
    CertainRevert(Revert),
    /// The transition and a trie made from scratch disagree. A bug, never the input's fault.
    #[error("post-state root: the transition says {claimed:?}, the accounts give {rebuilt:?}")]
    PostStateRoot {
        /// Root in the claim.
        claimed: H256,
        /// Root made from all accounts.
        rebuilt: H256,
    },
}

/// A block and what executing it gave.
#[derive(Clone, Debug)]
pub struct BuiltBlock {
    /// Block, witness and the parent's outputs.
    pub package: BlockPackage,
    /// Header of the block.
    pub header: Header,
    /// Result of its execution.
    pub execution: Execution,
}

/// The chain so far, with its whole state.
#[derive(Clone)]
pub struct ChainBuilder {
    chain_id: u64,
    crypto: Arc<dyn Crypto>,
    state: State,
    head: Header,
    head_claim: ExecutionClaim,
    /// Headers in RLP, oldest first, the head last.
    headers: Vec<Bytes>,
}

impl ChainBuilder {
    /// Begin a chain; the anchor's claim says that nothing was executed.
    pub fn new(genesis: &Genesis) -> Result<Self, BuildError> {
        let crypto: Arc<dyn Crypto> = Arc::new(NativeCrypto);
        let mut state = State::default();
        for (address, account) in &genesis.alloc {
            let account = genesis_account(account, &mut state, crypto.as_ref());
            state.accounts.insert(*address, account);
        }
        let root = state.tries(crypto.as_ref())?.root;
        let head = anchor_header(genesis, root, crypto.as_ref());
        let head_claim = ExecutionClaim {
            block_hash: head.hash(crypto.as_ref()),
            transactions_root: EMPTY_TRIE_HASH,
            post_state_root: root,
            deferred_transactions_root: EMPTY_TRIE_HASH,
            receipts_root: EMPTY_TRIE_HASH,
            logs_bloom: Bloom::zero(),
            requests_hash: H256(crypto.sha256(&[])),
            execution_reverted: false,
        };
        let headers = vec![Bytes::from(head.encode())];
        Ok(Self {
            chain_id: genesis.config.chain_id,
            crypto,
            state,
            head,
            head_claim,
            headers,
        })
    }

    /// Header of the newest block.
    #[must_use]
    pub fn head(&self) -> &Header {
        &self.head
    }

    /// Outputs of the newest block.
    #[must_use]
    pub fn head_claim(&self) -> &ExecutionClaim {
        &self.head_claim
    }

    /// All accounts after the newest block.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Build the next block and make it the head.
    pub fn build_block(&mut self, plan: &BlockPlan) -> Result<BuiltBlock, BuildError> {
        let crypto = Arc::clone(&self.crypto);
        let tries = self.state.tries(crypto.as_ref())?;
        let full = ExecutionWitness {
            state: tries.nodes.clone(),
            codes: self.state.codes.values().cloned().collect(),
            headers: self.ancestors(MAX_ANCESTORS).to_vec(),
        };
        let mut block = self.draft(plan, &tries)?;
        if plan.declared_gas.is_none() {
            let gas_used = gas_really_used(&self.execute(&block, &full)?)?;
            block.header.gas_used = gas_used;
            block.hash = block.header.hash(crypto.as_ref());
        }
        let execution = self.execute(&block, &full)?;
        let witness = self.minimal_witness(&block, full, &tries, &execution);
        let package = BlockPackage {
            chain_id: self.chain_id,
            block: block.encode().into(),
            parent_claim: self.head_claim.clone(),
            versioned_hashes: versioned_hashes(&block),
            witness,
        };
        self.advance(&block.header, &execution)?;
        Ok(BuiltBlock {
            package,
            header: block.header,
            execution,
        })
    }

    /// Assemble the block; its declared gas is the plan's, or 0 until it is known.
    fn draft(&self, plan: &BlockPlan, tries: &Tries) -> Result<Block, BuildError> {
        let withdrawals: Vec<Withdrawal> = plan.withdrawals.iter().map(Withdrawal::from).collect();
        let parent = &self.head_claim;
        let base_fee_per_gas =
            child_base_fee(&self.head, parent.execution_reverted, plan.gas_limit).ok_or(
                BuildError::GasLimit {
                    got: plan.gas_limit,
                    parent: self.head.gas_limit,
                },
            )?;
        let header = Header {
            parent_hash: parent.block_hash,
            ommers_hash: EMPTY_OMMERS_HASH,
            coinbase: plan.fee_recipient,
            pre_state_root: tries.root,
            parent_transactions_root: parent.deferred_transactions_root,
            parent_receipt_root: parent.receipts_root,
            parent_bloom: parent.logs_bloom,
            parent_requests_hash: parent.requests_hash,
            parent_execution_reverted: parent.execution_reverted,
            difficulty: U256::zero(),
            number: self.head.number + 1,
            gas_limit: plan.gas_limit,
            gas_used: plan.declared_gas.unwrap_or(0),
            timestamp: plan.timestamp,
            extra_data: plan.extra_data.clone(),
            prev_randao: plan.prev_randao,
            nonce: [0; 8],
            base_fee_per_gas,
            withdrawals_root: compute_withdrawals_root(&withdrawals, self.crypto.as_ref()),
            blob_gas_used: 0,
            excess_blob_gas: child_excess_blob_gas(&self.head),
            parent_beacon_block_root: plan.parent_beacon_block_root,
        };
        let transactions = plan.transactions.clone();
        let mut block = Block::new(header, transactions, withdrawals, self.crypto.as_ref())?;
        block.header.blob_gas_used = GAS_PER_BLOB * versioned_hashes(&block).len() as u64;
        block.hash = block.header.hash(self.crypto.as_ref());
        Ok(block)
    }

    fn ancestors(&self, count: usize) -> &[Bytes] {
        let from = self.headers.len().saturating_sub(count);
        self.headers.get(from..).unwrap_or_default()
    }

    fn execute(
        &self,
        block: &Block,
        witness: &ExecutionWitness,
    ) -> Result<Execution, ExecutionError> {
        let input = StatelessInput {
            chain_id: self.chain_id,
            block: block.encode().into(),
            witness: witness.clone(),
        };
        execute_block(&input, Arc::clone(&self.crypto))
    }

    /// Drop what the execution does not need; codes of senders stay for the static check.
    fn minimal_witness(
        &self,
        block: &Block,
        full: ExecutionWitness,
        tries: &Tries,
        execution: &Execution,
    ) -> ExecutionWitness {
        let suffices = |witness: &ExecutionWitness| {
            self.execute(block, witness)
                .is_ok_and(|other| other.claim == execution.claim)
        };
        let mut witness = full;
        for count in 1..=self.ancestors(MAX_ANCESTORS).len() {
            let shorter = ExecutionWitness {
                headers: self.ancestors(count).to_vec(),
                ..witness.clone()
            };
            if suffices(&shorter) {
                witness = shorter;
                break;
            }
        }
        witness.codes = minimal_codes(&self.state.codes, &self.sender_codes(block), |codes| {
            suffices(&ExecutionWitness {
                codes: codes.to_vec(),
                ..witness.clone()
            })
        });
        let (nodes, root, updates) = (&tries.nodes, tries.root, &execution.updates);
        witness.state = minimal_nodes(nodes, root, updates, self.crypto.as_ref(), |nodes| {
            suffices(&ExecutionWitness {
                state: nodes.to_vec(),
                ..witness.clone()
            })
        });
        witness
    }

    fn sender_codes(&self, block: &Block) -> BTreeSet<H256> {
        block
            .transactions
            .iter()
            .filter_map(|transaction| recover_sender(transaction, self.crypto.as_ref()))
            .filter_map(|sender| self.state.accounts.get(&sender))
            .map(|account| account.code_hash)
            .collect()
    }

    /// Write the block's changes and check the claimed root against tries made from scratch.
    fn advance(&mut self, header: &Header, execution: &Execution) -> Result<(), BuildError> {
        let mut state = self.state.clone();
        state.apply(&execution.updates);
        let rebuilt = state.tries(self.crypto.as_ref())?.root;
        let claimed = execution.claim.post_state_root;
        if rebuilt != claimed {
            return Err(BuildError::PostStateRoot { claimed, rebuilt });
        }
        self.state = state;
        self.head = header.clone();
        self.head_claim = execution.claim.clone();
        self.headers.push(header.encode().into());
        Ok(())
    }
}

/// Read from a run that declared no gas what its transactions use.
fn gas_really_used(execution: &Execution) -> Result<u64, BuildError> {
    match &execution.revert {
        None => Ok(execution.gas_used),
        Some(Revert::GasMismatch { used, .. }) => Ok(*used),
        Some(revert) => Err(BuildError::CertainRevert(revert.clone())),
    }
}

fn versioned_hashes(block: &Block) -> Vec<H256> {
    block
        .transactions
        .iter()
        .flat_map(|transaction| transaction.blob_versioned_hashes())
        .collect()
}

fn genesis_account(account: &GenesisAccount, state: &mut State, crypto: &dyn Crypto) -> Account {
    Account {
        nonce: account.nonce,
        balance: account.balance,
        code_hash: state.insert_code(account.code.clone(), crypto),
        storage: account
            .storage
            .iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(slot, value)| (H256(slot.to_big_endian()), *value))
            .collect(),
    }
}

fn anchor_header(genesis: &Genesis, root: H256, crypto: &dyn Crypto) -> Header {
    Header {
        ommers_hash: EMPTY_OMMERS_HASH,
        pre_state_root: root,
        parent_transactions_root: EMPTY_TRIE_HASH,
        parent_receipt_root: EMPTY_TRIE_HASH,
        parent_requests_hash: H256(crypto.sha256(&[])),
        gas_limit: genesis.gas_limit,
        timestamp: genesis.timestamp,
        extra_data: genesis.extra_data.clone(),
        base_fee_per_gas: genesis.base_fee_per_gas,
        withdrawals_root: EMPTY_TRIE_HASH,
        ..Header::default()
    }
}
