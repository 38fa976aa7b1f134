//! A block's bytes taken apart, strictly; every malformed thing is a refusal that names the field.

use std::ops::Range;

use ethrex_common::Address;
use ethrex_common::types::Withdrawal;
use rayon::prelude::*;
use zkattest_execution::Header;

use crate::error::{BlockError, in_block};
use crate::header::{self, count};
use crate::rlp::{Fault, Item, Reader};
use crate::transaction::{self, Transaction, TransactionFault};
use crate::{Hash, keccak};

/// A block as it lies in its bytes.
#[derive(Debug)]
pub struct BlockView<'a> {
    /// Its header.
    pub header: Header,
    /// Keccak-256 of the header.
    pub hash: Hash,
    /// Where each transaction's canonical bytes lie in the block.
    pub places: Vec<Range<usize>>,
    /// The transactions, in order.
    pub transactions: Vec<Transaction<'a>>,
    /// How many ommers it lists.
    pub ommers: usize,
    /// Withdrawals of the consensus layer.
    pub withdrawals: Vec<Withdrawal>,
}

/// Decode `[header, transactions, ommers, withdrawals]` of at most `limit_bytes`; nothing follows.
///
/// # Errors
/// [`BlockError`], with the first thing that is malformed.
pub fn decode(data: &[u8], limit_bytes: usize) -> Result<BlockView<'_>, BlockError> {
    if data.len() > limit_bytes {
        return Err(BlockError::TooLarge {
            got_bytes: data.len(),
            limit_bytes,
        });
    }
    let mut block = Item::only(data)
        .and_then(Item::list)
        .map_err(in_block("block"))?;
    let header = block.item().map_err(in_block("header"))?.whole;
    let transactions = block
        .item()
        .and_then(Item::list)
        .map_err(in_block("transactions"))?;
    let ommers = block
        .item()
        .and_then(Item::list)
        .map_err(in_block("ommers"))?;
    let withdrawals = block
        .item()
        .and_then(Item::list)
        .map_err(in_block("withdrawals"))?;
    if !block.is_done() {
        return Err(in_block("block")(Fault::ExtraField));
    }
    let raw = split_transactions(transactions)?;
    Ok(BlockView {
        header: header::decode(header)?,
        hash: keccak(header),
        transactions: parse_transactions(&raw)?,
        places: raw.iter().map(|raw| place(data, raw)).collect(),
        ommers: count(ommers).map_err(in_block("ommers"))?,
        withdrawals: parse_withdrawals(withdrawals)?,
    })
}

/// Cut the list into canonical transactions: legacy ones are lists, typed ones byte strings.
fn split_transactions(mut list: Reader<'_>) -> Result<Vec<&[u8]>, BlockError> {
    let mut raw = Vec::new();
    while !list.is_done() {
        let item = list
            .item()
            .map_err(|fault| malformed_transaction(raw.len(), fault))?;
        // A byte string must not hold a legacy transaction: that would be its second encoding.
        if !item.is_list && item.payload.first().is_some_and(|first| *first >= 0x80) {
            return Err(malformed_transaction(raw.len(), Fault::ExpectedList));
        }
        raw.push(if item.is_list {
            item.whole
        } else {
            item.payload
        });
    }
    Ok(raw)
}

fn malformed_transaction(index: usize, fault: Fault) -> BlockError {
    let field = "transaction";
    BlockError::Transaction {
        index,
        fault: TransactionFault::Field { field, fault },
    }
}

/// Tell where `part`, which was cut out of `data`, lies in it.
fn place(data: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - data.as_ptr().addr();
    start..start + part.len()
}

fn parse_transactions<'a>(raw: &[&'a [u8]]) -> Result<Vec<Transaction<'a>>, BlockError> {
    let parsed: Vec<_> = raw
        .par_iter()
        .with_min_len(32)
        .map(|raw| transaction::decode(raw))
        .collect();
    let in_order = parsed.into_iter().enumerate();
    in_order
        .map(|(index, tx)| tx.map_err(|fault| BlockError::Transaction { index, fault }))
        .collect()
}

fn parse_withdrawals(mut list: Reader<'_>) -> Result<Vec<Withdrawal>, BlockError> {
    let mut withdrawals = Vec::new();
    while !list.is_done() {
        let withdrawal = list.item().and_then(parse_withdrawal);
        let index = withdrawals.len();
        let withdrawal = withdrawal.map_err(|fault| BlockError::Withdrawal { index, fault })?;
        withdrawals.push(withdrawal);
    }
    Ok(withdrawals)
}

fn parse_withdrawal(item: Item<'_>) -> Result<Withdrawal, Fault> {
    let mut fields = item.list()?;
    let withdrawal = Withdrawal {
        index: fields.item()?.uint64()?,
        validator_index: fields.item()?.uint64()?,
        address: Address::from(fields.item()?.fixed::<20>()?),
        amount: fields.item()?.uint64()?,
    };
    if fields.is_done() {
        Ok(withdrawal)
    } else {
        Err(Fault::ExtraField)
    }
}
