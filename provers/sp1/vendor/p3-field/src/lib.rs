//! A framework for finite fields.

#![no_std]

extern crate alloc;

mod array;
mod batch_inverse;
mod exponentiation;
pub mod extension;
mod field;
mod helpers;
mod packed;

pub use array::*;
pub use batch_inverse::*;
pub use exponentiation::*;
pub use field::*;
pub use helpers::*;
pub use packed::*;
