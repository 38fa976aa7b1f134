//! What a person or a test wants to know of a built block, as JSON.

use ethrex_common::types::TxType;
use serde::Serialize;
use zkattest_execution::transition::Revert;

use crate::builder::BuiltBlock;

/// Facts of one block and of its execution.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Block number.
    pub number: u64,
    /// Hash of the header.
    pub block_hash: String,
    /// Gas in the header.
    pub declared_gas: u64,
    /// Gas that counted: 0 after a revert.
    pub gas_used: u64,
    /// Base fee in wei.
    pub base_fee_per_gas: u64,
    /// Why the execution was reverted.
    pub revert: Option<String>,
    /// One entry per receipt.
    pub receipts: Vec<ReceiptSummary>,
    /// Trie nodes, codes and headers in the witness.
    pub witness: WitnessSummary,
}

/// Facts of one receipt.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptSummary {
    /// Type byte of the transaction.
    pub tx_type: u8,
    /// Whether the transaction succeeded.
    pub succeeded: bool,
    /// Gas of the block up to and with this transaction.
    pub cumulative_gas: u64,
    /// Number of logs.
    pub logs: usize,
}

/// Size of a witness.
#[derive(Clone, Debug, Serialize)]
pub struct WitnessSummary {
    /// Trie nodes.
    pub nodes: usize,
    /// Contract codes.
    pub codes: usize,
    /// Ancestor headers.
    pub headers: usize,
}

impl From<&BuiltBlock> for Summary {
    fn from(built: &BuiltBlock) -> Self {
        let (header, execution) = (&built.header, &built.execution);
        let witness = &built.package.witness;
        Self {
            number: header.number,
            block_hash: format!("{:#x}", execution.claim.block_hash),
            declared_gas: header.gas_used,
            gas_used: execution.gas_used,
            base_fee_per_gas: header.base_fee_per_gas,
            revert: execution.revert.as_ref().map(describe),
            receipts: execution
                .receipts
                .iter()
                .map(|receipt| ReceiptSummary {
                    tx_type: type_byte(receipt.tx_type),
                    succeeded: receipt.succeeded,
                    cumulative_gas: receipt.cumulative_gas_used,
                    logs: receipt.logs.len(),
                })
                .collect(),
            witness: WitnessSummary {
                nodes: witness.state.len(),
                codes: witness.codes.len(),
                headers: witness.headers.len(),
            },
        }
    }
}

fn type_byte(tx_type: TxType) -> u8 {
    tx_type.into()
}

/// Say why an execution was reverted, in a few words.
#[must_use]
pub fn describe(revert: &Revert) -> String {
    match revert {
        Revert::GasLimit { index } => format!("transaction {index} exceeds the gas limit"),
        Revert::Transaction { index, cause } => format!("transaction {index} fails: {cause}"),
        Revert::GasMismatch { declared, used } => {
            format!("declared gas {declared}, used {used}")
        }
        Revert::Requests { cause } => format!("requests: {cause}"),
    }
}
