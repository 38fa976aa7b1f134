//! Blocks as static verification reads them: taken apart strictly, where they lie.
//!
//! Everything here takes bytes that anyone may have written. One value has one encoding, sizes
//! are compared before anything is copied, and the time is linear in the bytes: a hostile input
//! costs what an honest one of its size does.

pub mod accounts;
pub mod block;
pub mod error;
pub mod header;
pub mod osaka_header;
pub mod rlp;
pub mod transaction;

pub use accounts::{Account, Witness, WitnessFault};
pub use block::BlockView;
pub use error::{BlockError, HeaderFault};
pub use osaka_header::OsakaHeader;
pub use rlp::Fault;
pub use transaction::{Transaction, TransactionFault};

/// A Keccak-256 hash.
pub type Hash = [u8; 32];

/// Hash one byte string.
#[must_use]
pub fn keccak(data: &[u8]) -> Hash {
    ethrex_crypto::keccak::keccak_hash(data)
}
