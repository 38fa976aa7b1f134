//! A block's bytes taken apart, strictly; every malformed thing is a refusal that names the field.

use std::ops::Range;

use ethrex_common::Address;
use ethrex_common::types::Withdrawal;
use rayon::prelude::*;
use zkattest_execution::Header;

use super::rlp::{Fault, Item, Reader};
use super::transaction::{self, Transaction, TransactionFault, keccak};
use crate::errors::{CoreError, Operand};

/// A block as it lies in its bytes.
pub(super) struct Parsed<'a> {
    pub(super) header: Header,
    pub(super) hash: [u8; 32],
    /// Where each transaction's canonical bytes lie in the block.
    pub(super) places: Vec<Range<usize>>,
    pub(super) transactions: Vec<Transaction<'a>>,
    pub(super) ommers: usize,
    pub(super) withdrawals: Vec<Withdrawal>,
}

pub(super) fn refused(reason: &'static str, operands: Vec<(&'static str, Operand)>) -> CoreError {
    CoreError::Refused { reason, operands }
}

pub(super) fn malformed(reason: &'static str, field: &str, fault: impl ToString) -> CoreError {
    refused(
        reason,
        vec![
            ("field", Operand::Text(field.to_owned())),
            ("detail", Operand::Text(fault.to_string())),
        ],
    )
}

fn in_block(field: &'static str) -> impl FnOnce(Fault) -> CoreError {
    move |fault| malformed("malformed_block", field, fault)
}

/// Decode `[header, transactions, ommers, withdrawals]`; nothing may follow.
pub(super) fn parse_block(data: &[u8]) -> Result<Parsed<'_>, CoreError> {
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
    Ok(Parsed {
        header: parse_header(header)?,
        hash: keccak(header),
        transactions: parse_transactions(&raw)?,
        places: raw.iter().map(|raw| place(data, raw)).collect(),
        ommers: count(ommers).map_err(in_block("ommers"))?,
        withdrawals: parse_withdrawals(withdrawals)?,
    })
}

pub(super) fn parse_header(data: &[u8]) -> Result<Header, CoreError> {
    // The reader of the crate is lenient about lengths; this one is not.
    let strict = Item::only(data).and_then(Item::list).and_then(count);
    let fields = strict.map_err(|fault| malformed("malformed_header", "header", fault))?;
    if fields != Header::FIELDS.len() {
        let detail = format!("{fields} fields, expected {}", Header::FIELDS.len());
        return Err(malformed("malformed_header", "header", detail));
    }
    Header::decode(data).map_err(|error| {
        let text = error.to_string();
        // The crate names the field between quotes.
        let field = text
            .split('\'')
            .nth(1)
            .filter(|name| Header::FIELDS.contains(name));
        malformed("malformed_header", field.unwrap_or("header"), &text)
    })
}

fn count(mut reader: Reader<'_>) -> Result<usize, Fault> {
    let mut items = 0;
    while !reader.is_done() {
        reader.item()?;
        items += 1;
    }
    Ok(items)
}

/// Cut the list into canonical transactions: legacy ones are lists, typed ones byte strings.
fn split_transactions(mut list: Reader<'_>) -> Result<Vec<&[u8]>, CoreError> {
    let mut raw = Vec::new();
    while !list.is_done() {
        let item = list.item().map_err(|fault| {
            refused_transaction(
                raw.len(),
                TransactionFault::Field {
                    field: "transaction",
                    fault,
                },
            )
        })?;
        // A byte string must not hold a legacy transaction: that would be its second encoding.
        if !item.is_list && item.payload.first().is_some_and(|first| *first >= 0x80) {
            let fault = Fault::ExpectedList;
            return Err(refused_transaction(
                raw.len(),
                TransactionFault::Field {
                    field: "transaction",
                    fault,
                },
            ));
        }
        raw.push(if item.is_list {
            item.whole
        } else {
            item.payload
        });
    }
    Ok(raw)
}

/// Tell where `part`, which was cut out of `data`, lies in it.
fn place(data: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - data.as_ptr().addr();
    start..start + part.len()
}

fn parse_transactions<'a>(raw: &[&'a [u8]]) -> Result<Vec<Transaction<'a>>, CoreError> {
    let parsed: Vec<_> = raw
        .par_iter()
        .with_min_len(32)
        .map(|raw| transaction::decode(raw))
        .collect();
    let in_order = parsed.into_iter().enumerate();
    in_order
        .map(|(i, tx)| tx.map_err(|fault| refused_transaction(i, fault)))
        .collect()
}

fn refused_transaction(index: usize, fault: TransactionFault) -> CoreError {
    let index = ("index", Operand::Int(index as u64));
    match fault {
        TransactionFault::UnknownType(tx_type) => refused(
            "unknown_transaction_type",
            vec![index, ("got", Operand::Int(tx_type.into()))],
        ),
        TransactionFault::Field { field, fault } => refused(
            "malformed_transaction",
            vec![
                index,
                ("field", Operand::Text(field.to_owned())),
                ("detail", Operand::Text(fault.to_string())),
            ],
        ),
    }
}

fn parse_withdrawals(mut list: Reader<'_>) -> Result<Vec<Withdrawal>, CoreError> {
    let mut withdrawals = Vec::new();
    while !list.is_done() {
        let withdrawal = list.item().and_then(parse_withdrawal).map_err(|fault| {
            refused(
                "malformed_withdrawal",
                vec![
                    ("index", Operand::Int(withdrawals.len() as u64)),
                    ("detail", Operand::Text(fault.to_string())),
                ],
            )
        })?;
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
