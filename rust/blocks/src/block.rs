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

/// What a block may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole block.
    pub bytes: usize,
    /// Transactions in it; each takes much more memory decoded than encoded.
    pub transactions: usize,
}

/// Decode `[header, transactions, ommers, withdrawals]`; nothing may follow.
///
/// # Errors
/// [`BlockError`], with the first thing that is malformed or too much.
pub fn decode(data: &[u8], limits: Limits) -> Result<BlockView<'_>, BlockError> {
    if data.len() > limits.bytes {
        return Err(BlockError::TooLarge {
            got_bytes: data.len(),
            limit_bytes: limits.bytes,
        });
    }
    let mut block = Item::only(data)
        .and_then(Item::list)
        .map_err(in_block("block"))?;
    let header = block.item().map_err(in_block("header"))?.whole;
    let mut list = |field| block.item().and_then(Item::list).map_err(in_block(field));
    let (transactions, ommers) = (list("transactions")?, list("ommers")?);
    let withdrawals = list("withdrawals")?;
    if !block.is_done() {
        return Err(in_block("block")(Fault::ExtraField));
    }
    let got = check_items(transactions.clone())?;
    let (hash, header) = (keccak(header), header::decode(header)?);
    if got > limits.transactions {
        return Err(BlockError::TooManyTransactions {
            got,
            limit: limits.transactions,
        });
    }
    let (places, transactions) = decode_transactions(data, transactions, got)?;
    Ok(BlockView {
        header,
        hash,
        transactions,
        places,
        ommers: count(ommers).map_err(in_block("ommers"))?,
        withdrawals: parse_withdrawals(withdrawals)?,
    })
}

/// Count the transactions; legacy ones are lists, typed ones byte strings.
fn check_items(mut list: Reader<'_>) -> Result<usize, BlockError> {
    let mut index = 0;
    while !list.is_done() {
        let malformed = |fault| malformed_transaction(index, fault);
        let item = list.item().map_err(malformed)?;
        // A byte string must not hold a legacy transaction: that would be its second encoding.
        if !item.is_list && item.payload.first().is_some_and(|first| *first >= 0x80) {
            return Err(malformed(Fault::ExpectedList));
        }
        index += 1;
    }
    Ok(index)
}

/// Transactions decoded beside each other: what many small malformed ones can take at most.
const AT_ONCE: usize = 1 << 14;

type Placed<'a> = (Vec<Range<usize>>, Vec<Transaction<'a>>);

/// Decode the transactions over all cores; the first malformed one ends it.
fn decode_transactions<'a>(
    data: &'a [u8],
    mut list: Reader<'a>,
    count: usize,
) -> Result<Placed<'a>, BlockError> {
    let (mut places, mut transactions) = (Vec::new(), Vec::new());
    while places.len() < count {
        let from = places.len();
        let mut raw = Vec::with_capacity(AT_ONCE.min(count - from));
        while raw.len() < AT_ONCE && !list.is_done() {
            let item = list.item();
            let item = item.map_err(|fault| malformed_transaction(from + raw.len(), fault))?;
            raw.push(canonical(item));
        }
        let decoded: Vec<_> = raw
            .par_iter()
            .with_min_len(32)
            .map(|raw| transaction::decode(raw))
            .collect();
        for (index, tx) in (from..).zip(decoded) {
            transactions.push(tx.map_err(|fault| BlockError::Transaction { index, fault })?);
        }
        places.extend(raw.iter().map(|raw| place(data, raw)));
    }
    Ok((places, transactions))
}

/// Take the bytes that are hashed and signed.
fn canonical(item: Item<'_>) -> &[u8] {
    if item.is_list {
        item.whole
    } else {
        item.payload
    }
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
