//! Fees that a child inherits from its parent (EIP-1559, EIP-4844, EIP-7691, EIP-7918).

use ethrex_common::types::{
    BlockHeader, Fork, ForkBlobSchedule, calc_excess_blob_gas, calculate_base_fee_per_gas,
};
use zkattest_execution::Header;
use zkattest_execution::rules::BLOB_BASE_FEE_UPDATE_FRACTION;

/// Gas limit over gas target.
const ELASTICITY_MULTIPLIER: u64 = 2;

/// Blob schedule of Osaka.
const BLOB_SCHEDULE: ForkBlobSchedule = ForkBlobSchedule {
    base_fee_update_fraction: BLOB_BASE_FEE_UPDATE_FRACTION,
    max: 9,
    target: 6,
};

/// Compute the child's base fee; a reverted parent counts as having used no gas.
///
/// `None` when the child's gas limit is out of reach of the parent's.
#[must_use]
pub fn child_base_fee(parent: &Header, parent_reverted: bool, gas_limit: u64) -> Option<u64> {
    let parent_gas_used = if parent_reverted { 0 } else { parent.gas_used };
    calculate_base_fee_per_gas(
        gas_limit,
        parent.gas_limit,
        parent_gas_used,
        parent.base_fee_per_gas,
        ELASTICITY_MULTIPLIER,
    )
}

/// Compute the child's excess blob gas; the blobs of a reverted parent count like any others.
#[must_use]
pub fn child_excess_blob_gas(parent: &Header) -> u64 {
    let parent = BlockHeader {
        base_fee_per_gas: Some(parent.base_fee_per_gas),
        blob_gas_used: Some(parent.blob_gas_used),
        excess_blob_gas: Some(parent.excess_blob_gas),
        ..BlockHeader::default()
    };
    calc_excess_blob_gas(&parent, BLOB_SCHEDULE, Fork::Osaka)
}
