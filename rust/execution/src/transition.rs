//! Execution of one block under EIP-7886.
//!
//! Order: opening system calls, snapshot, pre-charge of every sender, transactions, comparison
//! with the declared gas (roll back on any difference), withdrawals, requests, outputs.

use std::sync::Arc;

use ethrex_common::types::requests::EncodedRequests;
use ethrex_common::types::{AccountUpdate, Receipt, Transaction, calculate_base_fee_per_blob_gas};
use ethrex_common::{Address, Bloom, H256, U256};
use ethrex_crypto::Crypto;
use ethrex_rlp::encode::RLPEncode;
use ethrex_trie::EMPTY_TRIE_HASH;
use ethrex_vm::EvmError;
use thiserror::Error;

use crate::block::{Block, DecodeError};
use crate::claim::ExecutionClaim;
use crate::input::StatelessInput;
use crate::machine::Machine;
use crate::receipts::receipts_root_and_logs_bloom;
use crate::rules::BLOB_BASE_FEE_UPDATE_FRACTION;
use crate::trie::list_root;
use crate::witness::{WitnessError, WitnessState};

/// Gas of one blob (EIP-4844).
const GAS_PER_BLOB: u64 = 1 << 17;

/// Why a block could not be executed. A block that can be executed always has a claim.
#[derive(Debug, Error)]
pub enum ExecutionError {
    /// The input is malformed.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// The witness does not hold what the execution reads.
    #[error("witness: {0}")]
    Witness(#[from] WitnessError),
    /// The withdrawals are not those of the header.
    #[error("withdrawals root: expected {expected:?}, got {got:?}")]
    WithdrawalsRoot {
        /// Root in the header.
        expected: H256,
        /// Root of the given withdrawals.
        got: H256,
    },
    /// A signature has no signer; static verification refuses such a block.
    #[error("transaction {0}: the signature has no signer")]
    UnrecoverableSender(usize),
    /// A sender cannot pay its fees; static verification refuses such a block.
    #[error("transaction {0}: the sender cannot pay the fees in advance")]
    CannotPreCharge(usize),
    /// The EVM could not read its state or failed inside.
    #[error("evm: {0}")]
    Evm(#[from] EvmError),
}

/// Result of executing a block.
#[derive(Clone, Debug)]
pub struct Execution {
    /// What a proof of this execution claims.
    pub claim: ExecutionClaim,
    /// Gas that the transactions used; 0 after a revert.
    pub gas_used: u64,
    /// Receipts; none after a revert.
    pub receipts: Vec<Receipt>,
    /// Changes to the state, system calls and withdrawals included.
    pub updates: Vec<AccountUpdate>,
    /// Why the execution was reverted.
    pub revert: Option<Revert>,
}

/// Why the execution of a valid block was reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revert {
    /// A transaction would take the block over its gas limit.
    GasLimit {
        /// Position in the block.
        index: usize,
    },
    /// A statically valid transaction failed when its turn came (nonce moved, value drained).
    Transaction {
        /// Position in the block.
        index: usize,
        /// What the EVM said.
        cause: String,
    },
    /// The gas used differs from the declared gas.
    GasMismatch {
        /// Gas in the header.
        declared: u64,
        /// Gas that the transactions used.
        used: u64,
    },
    /// A request predeploy failed or a deposit log is malformed.
    Requests {
        /// What the EVM said.
        cause: String,
    },
}

/// Execute the block in `input` over its witness.
pub fn execute_block(
    input: &StatelessInput,
    crypto: Arc<dyn Crypto>,
) -> Result<Execution, ExecutionError> {
    let block = Block::decode(&input.block, crypto.as_ref())?;
    let state = WitnessState::open(&block, input.chain_id, &input.witness, Arc::clone(&crypto))?;
    apply_body(&block, input.chain_id, &state, crypto)
}

/// Execute `block` over `state` and write the result to it.
pub fn apply_body(
    block: &Block,
    chain_id: u64,
    state: &WitnessState,
    crypto: Arc<dyn Crypto>,
) -> Result<Execution, ExecutionError> {
    let withdrawals_root = list_root(
        block
            .withdrawals
            .iter()
            .map(|withdrawal| withdrawal.encode_to_vec().into()),
        crypto.as_ref(),
    );
    if withdrawals_root != block.header.withdrawals_root {
        return Err(ExecutionError::WithdrawalsRoot {
            expected: block.header.withdrawals_root,
            got: withdrawals_root,
        });
    }
    let blob_base_fee = calculate_base_fee_per_blob_gas(
        block.header.excess_blob_gas,
        BLOB_BASE_FEE_UPDATE_FRACTION,
    );
    let mut machine = Machine::new(&block.header, chain_id, blob_base_fee, state, &crypto);
    machine.opening_system_calls()?;
    let snapshot = machine.snapshot();

    let mut outcome = process_transactions(block, &mut machine, blob_base_fee, crypto.as_ref())?;
    let mut requests = Vec::new();
    if outcome.revert.is_none() {
        machine.withdrawals(&block.withdrawals)?;
        match process_general_purpose_requests(&mut machine, &outcome.receipts)? {
            Ok(extracted) => requests = extracted,
            Err(revert) => outcome.revert = Some(revert),
        }
    }
    if outcome.revert.is_some() {
        // Withdrawals and the opening system calls stay; everything of the transactions goes.
        machine.restore(snapshot);
        outcome.receipts.clear();
        outcome.gas_used = 0;
        machine.withdrawals(&block.withdrawals)?;
    }

    let updates = machine.state_transitions()?;
    let post_state_root = state.apply(&updates)?;
    let claim = claim(block, &outcome, post_state_root, &requests, crypto.as_ref());
    Ok(Execution {
        claim,
        gas_used: outcome.gas_used,
        receipts: outcome.receipts,
        updates,
        revert: outcome.revert,
    })
}

/// What the transactions left.
struct TransactionsOutcome {
    receipts: Vec<Receipt>,
    gas_used: u64,
    revert: Option<Revert>,
}

/// Run `process_transactions` of the EIP: pre-charge all, run each, compare the gas.
fn process_transactions(
    block: &Block,
    machine: &mut Machine<'_>,
    blob_base_fee: U256,
    crypto: &dyn Crypto,
) -> Result<TransactionsOutcome, ExecutionError> {
    let base_fee = block.header.base_fee_per_gas;
    let senders = recover_senders(block, crypto)?;
    let charges: Vec<U256> = block
        .transactions
        .iter()
        .map(|transaction| max_gas_fee(transaction, base_fee, blob_base_fee))
        .collect();
    for (index, (sender, charge)) in senders.iter().zip(&charges).enumerate() {
        machine
            .change_balance(*sender, |balance| balance.checked_sub(*charge))?
            .ok_or(ExecutionError::CannotPreCharge(index))?;
    }

    let mut outcome = TransactionsOutcome {
        receipts: Vec::new(),
        gas_used: 0,
        revert: None,
    };
    let turns = block.transactions.iter().zip(senders).zip(charges);
    for (index, ((transaction, sender), charge)) in turns.enumerate() {
        if outcome.gas_used.saturating_add(transaction.gas_limit()) > block.header.gas_limit {
            outcome.revert = Some(Revert::GasLimit { index });
            return Ok(outcome);
        }
        // The transaction's own charge comes back; the ordinary rules charge and refund it.
        machine
            .change_balance(sender, |balance| balance.checked_add(charge))?
            .ok_or(ExecutionError::CannotPreCharge(index))?;
        let price = effective_gas_price(transaction, base_fee);
        let gas_used = &mut outcome.gas_used;
        if let Some(receipt) = machine.plain_transfer(transaction, price, sender, gas_used)? {
            outcome.receipts.push(receipt);
            continue;
        }
        let capped = with_effective_caps(transaction, base_fee, blob_base_fee);
        match machine.transaction(&capped, price, sender, &mut outcome.gas_used) {
            Ok(receipt) => outcome.receipts.push(receipt),
            Err(EvmError::Transaction(cause)) => {
                outcome.revert = Some(Revert::Transaction { index, cause });
                return Ok(outcome);
            }
            // A missing node is never a verdict: a prover could choose it.
            Err(error) => return Err(error.into()),
        }
    }
    if outcome.gas_used != block.header.gas_used {
        outcome.revert = Some(Revert::GasMismatch {
            declared: block.header.gas_used,
            used: outcome.gas_used,
        });
    }
    Ok(outcome)
}

fn recover_senders(block: &Block, crypto: &dyn Crypto) -> Result<Vec<Address>, ExecutionError> {
    block
        .transactions
        .iter()
        .enumerate()
        .map(|(index, transaction)| {
            recover_sender(transaction, crypto).ok_or(ExecutionError::UnrecoverableSender(index))
        })
        .collect()
}

/// Recover who signed a transaction; `None` when nobody can have.
#[must_use]
pub fn recover_sender(transaction: &Transaction, crypto: &dyn Crypto) -> Option<Address> {
    let (payload, signature) = transaction.signing_payload().ok()??;
    crypto
        .recover_signer(&signature, &crypto.keccak256(&payload))
        .ok()
}

/// Compute the price a transaction pays per gas: the cap, or base fee plus tip where lower.
#[must_use]
pub fn effective_gas_price(transaction: &Transaction, base_fee: u64) -> U256 {
    match (
        transaction.max_fee_per_gas(),
        transaction.max_priority_fee(),
    ) {
        (Some(max_fee), Some(tip)) => {
            let price = u128::from(base_fee) + u128::from(tip);
            U256::from(price.min(u128::from(max_fee)))
        }
        _ => transaction.gas_price(),
    }
}

/// Compute `gas × effective price + blob gas × blob price`, in wei.
fn max_gas_fee(transaction: &Transaction, base_fee: u64, blob_base_fee: U256) -> U256 {
    let blobs = U256::from(transaction.blob_versioned_hashes().len());
    // A sum beyond 256 bits is more than any balance.
    U256::from(transaction.gas_limit())
        .checked_mul(effective_gas_price(transaction, base_fee))
        .and_then(|fee| fee.checked_add(blobs * GAS_PER_BLOB * blob_base_fee))
        .unwrap_or(U256::MAX)
}

/// Set the fee caps to the effective prices.
///
/// The EVM's own balance check uses the caps and would refuse what the static rule, which uses
/// the effective prices, has accepted. Neither receipt nor GASPRICE depends on the caps.
pub(crate) fn with_effective_caps(
    transaction: &Transaction,
    base_fee: u64,
    blob_base_fee: U256,
) -> Transaction {
    let mut capped = transaction.clone();
    let lower = |max_fee: &mut u64, tip: &mut u64| {
        *max_fee = base_fee.saturating_add(*tip).min(*max_fee);
        *tip = max_fee.saturating_sub(base_fee).min(*tip);
    };
    match &mut capped {
        Transaction::EIP1559Transaction(tx) => {
            lower(&mut tx.max_fee_per_gas, &mut tx.max_priority_fee_per_gas);
        }
        Transaction::EIP4844Transaction(tx) => {
            lower(&mut tx.max_fee_per_gas, &mut tx.max_priority_fee_per_gas);
            tx.max_fee_per_blob_gas = tx.max_fee_per_blob_gas.min(blob_base_fee);
        }
        Transaction::EIP7702Transaction(tx) => {
            lower(&mut tx.max_fee_per_gas, &mut tx.max_priority_fee_per_gas);
        }
        _ => {}
    }
    capped
}

/// Call the request predeploys and collect deposits; the inner error reverts the block.
fn process_general_purpose_requests(
    machine: &mut Machine<'_>,
    receipts: &[Receipt],
) -> Result<Result<Vec<EncodedRequests>, Revert>, ExecutionError> {
    match machine.requests(receipts) {
        Ok(requests) => Ok(Ok(requests)),
        Err(
            error @ (EvmError::InvalidDepositRequest
            | EvmError::SystemContractCallFailed(_)
            | EvmError::Transaction(_)),
        ) => Ok(Err(Revert::Requests {
            cause: error.to_string(),
        })),
        Err(error) => Err(error.into()),
    }
}

/// Compute the requests hash of EIP-7685; requests without data do not count.
fn requests_hash(requests: &[EncodedRequests], crypto: &dyn Crypto) -> H256 {
    let hashes: Vec<u8> = requests
        .iter()
        .filter(|request| !request.is_empty())
        .flat_map(|request| crypto.sha256(&request.0))
        .collect();
    H256(crypto.sha256(&hashes))
}

fn claim(
    block: &Block,
    outcome: &TransactionsOutcome,
    post_state_root: H256,
    requests: &[EncodedRequests],
    crypto: &dyn Crypto,
) -> ExecutionClaim {
    let execution_reverted = outcome.revert.is_some();
    let transactions_root = block.transactions_root(crypto);
    let (receipts_root, logs_bloom) = if execution_reverted {
        (EMPTY_TRIE_HASH, Bloom::zero())
    } else {
        receipts_root_and_logs_bloom(&outcome.receipts, crypto)
    };
    ExecutionClaim {
        block_hash: block.hash,
        transactions_root,
        post_state_root,
        deferred_transactions_root: if execution_reverted {
            EMPTY_TRIE_HASH
        } else {
            transactions_root
        },
        receipts_root,
        logs_bloom,
        requests_hash: requests_hash(requests, crypto),
        execution_reverted,
    }
}
