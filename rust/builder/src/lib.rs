#![doc = include_str!("../README.md")]

pub mod builder;
pub mod description;
pub mod fees;
pub mod state;
pub mod summary;
pub mod witness;

pub use builder::{BuildError, BuiltBlock, ChainBuilder};
pub use description::{BlockPlan, Genesis};
pub use summary::{Summary, describe};
