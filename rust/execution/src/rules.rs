//! What the schema id fixes: Osaka at every timestamp, its blob schedule, mainnet's deposit contract.

use ethrex_common::constants::MAINNET_DEPOSIT_CONTRACT_ADDRESS;
use ethrex_common::types::{BlobSchedule, ChainConfig};

/// Schema id of the delayed-execution statement.
pub const SCHEMA_ID: u16 = 0x7886;

/// Fraction in the blob base fee's exponential (EIP-7691, kept by Osaka).
pub const BLOB_BASE_FEE_UPDATE_FRACTION: u64 = 5_007_716;

/// Build the chain configuration; only the chain id is an input.
#[must_use]
pub fn chain_config(chain_id: u64) -> ChainConfig {
    ChainConfig {
        chain_id,
        homestead_block: Some(0),
        eip150_block: Some(0),
        eip155_block: Some(0),
        eip158_block: Some(0),
        byzantium_block: Some(0),
        constantinople_block: Some(0),
        petersburg_block: Some(0),
        istanbul_block: Some(0),
        berlin_block: Some(0),
        london_block: Some(0),
        terminal_total_difficulty: Some(0),
        terminal_total_difficulty_passed: true,
        shanghai_time: Some(0),
        cancun_time: Some(0),
        prague_time: Some(0),
        osaka_time: Some(0),
        blob_schedule: BlobSchedule::default(),
        deposit_contract_address: MAINNET_DEPOSIT_CONTRACT_ADDRESS,
        ..ChainConfig::default()
    }
}
