//! Blocks: header, transactions as they were signed, withdrawals.

use bytes::Bytes;
use ethrex_common::H256;
use ethrex_common::types::{Transaction, TxType, Withdrawal};
use ethrex_crypto::Crypto;
use ethrex_rlp::decode::{RLPDecode, decode_rlp_item, get_item_with_prefix};
use ethrex_rlp::encode::RLPEncode;
use ethrex_rlp::error::RLPDecodeError;
use ethrex_rlp::structs::Encoder;
use thiserror::Error;

use crate::header::Header;
use crate::trie::list_root;

/// Why bytes are not a block.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The RLP of a field is malformed.
    #[error("{field}: {source}")]
    Rlp {
        /// Which field.
        field: &'static str,
        /// What the decoder said.
        source: RLPDecodeError,
    },
    /// A transaction is malformed.
    #[error("transaction {index}: {source}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// What the decoder said.
        source: RLPDecodeError,
    },
    /// A transaction type that Osaka does not have.
    #[error("transaction {index}: unknown type {tx_type}")]
    UnknownTransactionType {
        /// Position in the block.
        index: usize,
        /// The type byte.
        tx_type: u8,
    },
    /// Blocks have no ommers since the merge.
    #[error("ommers: the list is not empty")]
    Ommers,
    /// Bytes after the end of the block.
    #[error("block: {0} trailing bytes")]
    TrailingBytes(usize),
    /// An SSZ container is malformed.
    #[error("{field}: {reason}")]
    Ssz {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl DecodeError {
    fn rlp(field: &'static str) -> impl FnOnce(RLPDecodeError) -> Self {
        move |source| Self::Rlp { field, source }
    }
}

/// A block under EIP-7886.
#[derive(Clone, Debug)]
pub struct Block {
    /// Header as decoded.
    pub header: Header,
    /// keccak of the header's encoding.
    pub hash: H256,
    /// Decoded transactions.
    pub transactions: Vec<Transaction>,
    /// The same transactions as canonical bytes (type byte first where there is one).
    pub raw_transactions: Vec<Bytes>,
    /// Withdrawals of the consensus layer.
    pub withdrawals: Vec<Withdrawal>,
}

impl Block {
    /// Assemble a block from a header, canonical transactions and withdrawals.
    pub fn new(
        header: Header,
        raw_transactions: Vec<Bytes>,
        withdrawals: Vec<Withdrawal>,
        crypto: &dyn Crypto,
    ) -> Result<Self, DecodeError> {
        let transactions = decode_transactions(&raw_transactions)?;
        let hash = header.hash(crypto);
        Ok(Self {
            header,
            hash,
            transactions,
            raw_transactions,
            withdrawals,
        })
    }

    /// Decode `[header, transactions, ommers, withdrawals]`.
    pub fn decode(rlp: &[u8], crypto: &dyn Crypto) -> Result<Self, DecodeError> {
        let body = decode_list(rlp, "block")?;
        let (header_rlp, rest) = get_item_with_prefix(body).map_err(DecodeError::rlp("header"))?;
        let header = Header::decode(header_rlp).map_err(DecodeError::rlp("header"))?;
        let hash = H256(crypto.keccak256(header_rlp));
        let (transactions_rlp, rest) =
            get_item_with_prefix(rest).map_err(DecodeError::rlp("transactions"))?;
        let raw_transactions = split_transactions(transactions_rlp)?;
        let (ommers, rest) = get_item_with_prefix(rest).map_err(DecodeError::rlp("ommers"))?;
        if ommers != [0xc0] {
            return Err(DecodeError::Ommers);
        }
        let (withdrawals, rest) =
            Vec::<Withdrawal>::decode_unfinished(rest).map_err(DecodeError::rlp("withdrawals"))?;
        if !rest.is_empty() {
            return Err(DecodeError::TrailingBytes(rest.len()));
        }
        let transactions = decode_transactions(&raw_transactions)?;
        Ok(Self {
            header,
            hash,
            transactions,
            raw_transactions,
            withdrawals,
        })
    }

    /// Encode as RLP.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut transactions = Vec::new();
        for raw in &self.raw_transactions {
            // Legacy transactions are lists already; typed ones travel as byte strings.
            if raw.first().is_some_and(|first| *first >= 0xc0) {
                transactions.extend_from_slice(raw);
            } else {
                raw.encode(&mut transactions);
            }
        }
        let mut transactions_list = Vec::new();
        ethrex_rlp::encode::encode_length(transactions.len(), &mut transactions_list);
        transactions_list.extend_from_slice(&transactions);
        let mut out = Vec::new();
        Encoder::new(&mut out)
            .encode_raw(&self.header.encode())
            .encode_raw(&transactions_list)
            .encode_raw(&[0xc0])
            .encode_field(&self.withdrawals)
            .finish();
        out
    }

    /// Compute the root of the transactions trie.
    #[must_use]
    pub fn transactions_root(&self, crypto: &dyn Crypto) -> H256 {
        list_root(self.raw_transactions.iter().cloned(), crypto)
    }
}

fn decode_transactions(raw: &[Bytes]) -> Result<Vec<Transaction>, DecodeError> {
    raw.iter()
        .enumerate()
        .map(|(index, raw)| decode_transaction(index, raw))
        .collect()
}

/// Decode one canonical transaction of Osaka (types 0 to 4).
pub fn decode_transaction(index: usize, raw: &[u8]) -> Result<Transaction, DecodeError> {
    if let Some(tx_type) = raw.first().copied().filter(|first| *first < 0x7f)
        && !(1..=4).contains(&tx_type)
    {
        return Err(DecodeError::UnknownTransactionType { index, tx_type });
    }
    let transaction = Transaction::decode_canonical(raw)
        .map_err(|source| DecodeError::Transaction { index, source })?;
    debug_assert!(transaction.tx_type() != TxType::Privileged);
    Ok(transaction)
}

/// Open an RLP list that must span all of `rlp`.
fn decode_list<'a>(rlp: &'a [u8], field: &'static str) -> Result<&'a [u8], DecodeError> {
    let (is_list, payload, rest) = decode_rlp_item(rlp).map_err(DecodeError::rlp(field))?;
    if !is_list {
        return Err(DecodeError::Rlp {
            field,
            source: RLPDecodeError::UnexpectedString,
        });
    }
    if !rest.is_empty() {
        return Err(DecodeError::TrailingBytes(rest.len()));
    }
    Ok(payload)
}

/// Split the transactions list into canonical transactions.
fn split_transactions(rlp: &[u8]) -> Result<Vec<Bytes>, DecodeError> {
    let mut rest = decode_list(rlp, "transactions")?;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let index = out.len();
        let at = |source| DecodeError::Transaction { index, source };
        let (is_list, payload, next) = decode_rlp_item(rest).map_err(at)?;
        let (item, _) = get_item_with_prefix(rest).map_err(at)?;
        out.push(Bytes::copy_from_slice(if is_list { item } else { payload }));
        rest = next;
    }
    Ok(out)
}
