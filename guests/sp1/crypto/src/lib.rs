//! The cryptography of Ethereum's execution inside SP1.
//!
//! Plain transfers use four kinds of system calls only (Keccak, secp256k1 addition and doubling, 256-bit modular
//! product): every further kind costs the prover a shard.

#![cfg_attr(test, allow(non_snake_case))]

use ethrex_crypto::{Crypto, CryptoError};

pub mod keccak;
pub mod limbs;
pub mod modular;
pub mod secp256k1;
pub mod sha256;
#[cfg(not(target_os = "zkvm"))]
mod software;
mod sys;

/// Every operation of the EVM, by system calls where they are cheaper.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sp1Crypto;

impl Crypto for Sp1Crypto {
    fn secp256k1_ecrecover(&self, sig: &[u8; 64], recid: u8, msg: &[u8; 32]) -> Result<[u8; 32], CryptoError> {
        secp256k1::recover(sig, recid, msg)
    }

    fn keccak256(&self, input: &[u8]) -> [u8; 32] {
        keccak::keccak256(input)
    }

    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        sha256::sha256(input)
    }

    fn mulmod256(&self, a: &[u8; 32], b: &[u8; 32], m: &[u8; 32]) -> [u8; 32] {
        modular::mulmod256(a, b, m)
    }
}
