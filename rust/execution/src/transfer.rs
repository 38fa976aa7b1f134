//! Transfers of value between accounts without code, without starting the EVM.
//!
//! Most transactions of a block are such transfers, and an EVM that is created, prepared and
//! dropped around no instruction costs the guest more cycles than the signature
//! (`docs/decisions`). What is not plain, or would not pass one of the EVM's own checks, is left
//! to the EVM, so that it alone says what is wrong. A test runs both on the same transactions.

use ethrex_common::constants::EMPTY_KECCAK_HASH;
use ethrex_common::types::{Receipt, Transaction, TxKind};
use ethrex_common::{Address, U256};
use ethrex_levm::constants::POST_OSAKA_GAS_LIMIT_CAP;
use ethrex_levm::db::gen_db::GeneralizedDatabase;
use ethrex_vm::EvmError;

use crate::header::Header;

/// Gas of a transaction without data and access list to an account without code.
const TRANSFER_GAS: u64 = 21_000;

/// Apply `transaction` when it is a plain transfer that succeeds; `None` says that the EVM must.
pub(crate) fn plain_transfer(
    db: &mut GeneralizedDatabase,
    header: &Header,
    transaction: &Transaction,
    price: U256,
    sender: Address,
    cumulative_gas: &mut u64,
) -> Result<Option<Receipt>, EvmError> {
    let Some(recipient) = plain_recipient(transaction) else {
        return Ok(None);
    };
    let gas_limit = transaction.gas_limit();
    let tip = price.checked_sub(header.base_fee_per_gas.into());
    let gas_fits = (TRANSFER_GAS..=POST_OSAKA_GAS_LIMIT_CAP).contains(&gas_limit)
        && gas_limit <= header.gas_limit;
    let value = transaction.value();
    let most = price
        .checked_mul(gas_limit.into())
        .and_then(|fee| fee.checked_add(value));
    let (Some(tip), Some(most), true) = (tip, most, gas_fits) else {
        return Ok(None);
    };
    // No sum below can overflow: all are parts of `most`.
    let fee = price * TRANSFER_GAS;
    let reward = tip * TRANSFER_GAS;
    if !can_send(db, sender, transaction.nonce(), most)?
        || !can_receive(db, recipient, value + reward)?
        || !reward_coinbase(db, header.coinbase, reward)?
    {
        return Ok(None);
    }
    let from = &mut db.get_account_mut(sender)?.info;
    from.nonce += 1;
    from.balance -= fee + value;
    db.get_account_mut(recipient)?.info.balance += value;

    *cumulative_gas = cumulative_gas.saturating_add(TRANSFER_GAS);
    let logs = Vec::new();
    let receipt = Receipt::new(transaction.tx_type(), true, *cumulative_gas, logs);
    Ok(Some(receipt))
}

/// The recipient of a transaction that has the form of a plain transfer.
fn plain_recipient(transaction: &Transaction) -> Option<Address> {
    let (to, access_list) = match transaction {
        Transaction::LegacyTransaction(tx) => (&tx.to, None),
        Transaction::EIP2930Transaction(tx) => (&tx.to, Some(&tx.access_list)),
        Transaction::EIP1559Transaction(tx) => (&tx.to, Some(&tx.access_list)),
        _ => return None,
    };
    let is_plain = transaction.data().is_empty()
        && access_list.is_none_or(Vec::is_empty)
        // A call without value creates no account: the EVM knows what it touches.
        && !transaction.value().is_zero();
    match to {
        TxKind::Call(recipient) if is_plain && !may_be_precompile(recipient) => Some(*recipient),
        _ => None,
    }
}

/// Precompiles have small numbers for addresses.
fn may_be_precompile(address: &Address) -> bool {
    address
        .as_bytes()
        .iter()
        .rev()
        .skip(2)
        .all(|byte| *byte == 0)
}

fn can_send(
    db: &mut GeneralizedDatabase,
    sender: Address,
    nonce: u64,
    most: U256,
) -> Result<bool, EvmError> {
    let info = &db.get_account(sender)?.info;
    Ok(info.nonce == nonce
        && nonce < u64::MAX
        && info.balance >= most
        && info.code_hash == *EMPTY_KECCAK_HASH)
}

fn can_receive(
    db: &mut GeneralizedDatabase,
    recipient: Address,
    amount: U256,
) -> Result<bool, EvmError> {
    let info = &db.get_account(recipient)?.info;
    Ok(info.code_hash == *EMPTY_KECCAK_HASH && info.balance.checked_add(amount).is_some())
}

/// Credit the tips; `false` says that they do not fit and nothing happened.
fn reward_coinbase(
    db: &mut GeneralizedDatabase,
    coinbase: Address,
    reward: U256,
) -> Result<bool, EvmError> {
    if reward.is_zero() {
        // The specification reads the account in any case: a witness must hold it.
        db.get_account(coinbase)?;
        return Ok(true);
    }
    let info = &mut db.get_account_mut(coinbase)?.info;
    let credited = info.balance.checked_add(reward);
    info.balance = credited.unwrap_or(info.balance);
    Ok(credited.is_some())
}

#[cfg(test)]
mod tests;
