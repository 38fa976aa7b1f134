//! EIP-7886 blocks and their state transition, written once.
//!
//! The guest proves [`statement::run`], the builder fills headers from
//! [`transition::execute_block`], and the tests compare both with an independent
//! implementation. Nothing here trusts its input: rules follow from the schema id,
//! state is read through Merkle proofs, and every failure is a typed error.

pub mod block;
pub mod claim;
pub mod header;
pub mod input;
mod machine;
mod receipts;
pub mod rules;
pub mod ssz;
pub mod statement;
mod transfer;
pub mod transition;
pub mod trie;
pub mod witness;

pub use block::{Block, DecodeError};
pub use claim::ExecutionClaim;
pub use header::Header;
pub use input::{BlockPackage, ExecutionWitness, StatelessInput};
pub use transition::{Execution, ExecutionError, execute_block};
