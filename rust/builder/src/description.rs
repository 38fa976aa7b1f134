//! Genesis and block plans, as JSON describes them.

use std::collections::BTreeMap;

use bytes::Bytes;
use ethrex_common::types::Withdrawal;
use ethrex_common::{Address, H256, U256};
use serde::{Deserialize, Deserializer};

/// What a chain begins with.
#[derive(Clone, Debug, Deserialize)]
pub struct Genesis {
    /// Parameters of the chain.
    pub config: GenesisConfig,
    /// Gas limit of the anchor's header.
    pub gas_limit: u64,
    /// Time of the anchor.
    pub timestamp: u64,
    /// Base fee of the anchor in wei.
    pub base_fee_per_gas: u64,
    /// Extra data of the anchor.
    #[serde(deserialize_with = "hex_bytes")]
    pub extra_data: Bytes,
    /// Accounts by address.
    pub alloc: BTreeMap<Address, GenesisAccount>,
}

/// Parameters of a chain.
#[derive(Clone, Debug, Deserialize)]
pub struct GenesisConfig {
    /// Chain id; it only enters signatures.
    pub chain_id: u64,
}

/// One account of the genesis state.
#[derive(Clone, Debug, Deserialize)]
pub struct GenesisAccount {
    /// Balance in wei.
    pub balance: U256,
    /// Nonce.
    pub nonce: u64,
    /// Runtime code.
    #[serde(deserialize_with = "hex_bytes")]
    pub code: Bytes,
    /// Storage slots.
    pub storage: BTreeMap<U256, U256>,
}

/// What one block shall contain.
#[derive(Clone, Debug, Deserialize)]
pub struct BlockPlan {
    /// Time in seconds.
    pub timestamp: u64,
    /// Receiver of the priority fees.
    pub fee_recipient: Address,
    /// Gas limit.
    pub gas_limit: u64,
    /// At most 32 bytes.
    #[serde(deserialize_with = "hex_bytes")]
    pub extra_data: Bytes,
    /// RANDAO mix.
    pub prev_randao: H256,
    /// Root of the parent beacon block.
    pub parent_beacon_block_root: H256,
    /// Signed transactions in canonical form.
    #[serde(deserialize_with = "hex_byte_lists")]
    pub transactions: Vec<Bytes>,
    /// Withdrawals.
    pub withdrawals: Vec<WithdrawalPlan>,
    /// Gas to declare; what the execution uses when absent.
    pub declared_gas: Option<u64>,
}

/// One withdrawal.
#[derive(Clone, Debug, Deserialize)]
pub struct WithdrawalPlan {
    /// Running number.
    pub index: u64,
    /// Number of the validator.
    pub validator_index: u64,
    /// Receiver.
    pub address: Address,
    /// Amount in gwei.
    pub amount_gwei: u64,
}

impl From<&WithdrawalPlan> for Withdrawal {
    fn from(plan: &WithdrawalPlan) -> Self {
        Self {
            index: plan.index,
            validator_index: plan.validator_index,
            address: plan.address,
            amount: plan.amount_gwei,
        }
    }
}

fn hex_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    parse_hex(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn hex_byte_lists<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bytes>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| parse_hex(text).map_err(serde::de::Error::custom))
        .collect()
}

fn parse_hex(text: &str) -> Result<Bytes, hex::FromHexError> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).map(Bytes::from)
}
