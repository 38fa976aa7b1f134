//! Why bytes are not what they should be.

use thiserror::Error;
use zkattest_execution::Header;

use crate::rlp::Fault;
use crate::transaction::TransactionFault;

/// Why bytes are not taken as a block or as a header.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BlockError {
    /// More bytes than a block may have; nothing has been decoded.
    #[error("{got_bytes} bytes, limit {limit_bytes}")]
    TooLarge {
        /// Bytes that were given.
        got_bytes: usize,
        /// Most bytes that may be.
        limit_bytes: usize,
    },
    /// More transactions than anyone is ready to decode; this says nothing about the block.
    #[error("{got} transactions, limit {limit}")]
    TooManyTransactions {
        /// Transactions that are there.
        got: usize,
        /// Most that are decoded.
        limit: usize,
    },
    /// The list that a block is, or one of the lists in it, is malformed.
    #[error("{field}: {fault}")]
    Block {
        /// Which list.
        field: &'static str,
        /// How it is malformed.
        fault: Fault,
    },
    /// A header is malformed.
    #[error("{field}: {fault}")]
    Header {
        /// Which field, or `header` for all of it.
        field: &'static str,
        /// How it is malformed.
        fault: HeaderFault,
    },
    /// A transaction is malformed.
    #[error("transaction {index}: {fault}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// How it is malformed.
        fault: TransactionFault,
    },
    /// A withdrawal is malformed.
    #[error("withdrawal {index}: {fault}")]
    Withdrawal {
        /// Position in the block.
        index: usize,
        /// How it is malformed.
        fault: Fault,
    },
}

/// How a header is malformed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HeaderFault {
    /// An item of its RLP is.
    #[error(transparent)]
    Item(#[from] Fault),
    /// It has too many fields, or too few.
    #[error("{got} fields, expected {}", Header::FIELDS.len())]
    Fields {
        /// Fields that are there.
        got: usize,
    },
    /// The decoder that execution shares refuses a value.
    #[error("{0}")]
    Value(String),
}

pub(crate) fn in_block(field: &'static str) -> impl FnOnce(Fault) -> BlockError {
    move |fault| BlockError::Block { field, fault }
}

pub(crate) fn in_header<F: Into<HeaderFault>>(field: &'static str) -> impl FnOnce(F) -> BlockError {
    move |fault| BlockError::Header {
        field,
        fault: fault.into(),
    }
}
