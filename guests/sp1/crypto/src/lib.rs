//! The cryptography of Ethereum's execution inside SP1.
//!
//! Plain transfers use few kinds of system calls (Keccak, secp256k1 addition and doubling, 256-bit product with
//! carry): every further kind costs the prover a shard.

#![cfg_attr(test, allow(non_snake_case))]

use bls12_381::{G1Bytes, G2Bytes};
use ethrex_crypto::{Crypto, CryptoError};

#[cfg(test)]
mod bad_hints;
pub mod bls12_381;
pub mod bn254;
pub mod field;
pub mod keccak;
pub mod kzg;
pub mod limbs;
pub mod modular;
pub mod points;
pub mod secp256k1;
pub mod sha256;
#[cfg(not(target_os = "zkvm"))]
mod software;
mod sys;

/// Every operation of the EVM, by system calls where they are cheaper.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sp1Crypto;

impl Crypto for Sp1Crypto {
    fn secp256k1_ecrecover(
        &self,
        sig: &[u8; 64],
        recid: u8,
        msg: &[u8; 32],
    ) -> Result<[u8; 32], CryptoError> {
        secp256k1::recover(sig, recid, msg)
    }

    fn keccak256(&self, input: &[u8]) -> [u8; 32] {
        keccak::keccak256(input)
    }

    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        sha256::sha256(input)
    }

    fn bn254_g1_add(&self, p1: &[u8], p2: &[u8]) -> Result<[u8; 64], CryptoError> {
        bn254::g1_add(p1, p2)
    }

    fn bn254_g1_mul(&self, point: &[u8], scalar: &[u8]) -> Result<[u8; 64], CryptoError> {
        bn254::g1_mul(point, scalar)
    }

    fn bn254_pairing_check(&self, pairs: &[(&[u8], &[u8])]) -> Result<bool, CryptoError> {
        bn254::pairing_check(pairs)
    }

    fn modexp(&self, base: &[u8], exp: &[u8], modulus: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(modular::modexp(base, exp, modulus))
    }

    fn verify_kzg_proof(
        &self,
        z: &[u8; 32],
        y: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Result<(), CryptoError> {
        kzg::verify_proof(z, y, commitment, proof)
    }

    fn bls12_381_g1_add(&self, a: G1Bytes, b: G1Bytes) -> Result<[u8; 96], CryptoError> {
        bls12_381::g1_add(&a, &b)
    }

    fn bls12_381_g1_msm(&self, pairs: &[(G1Bytes, [u8; 32])]) -> Result<[u8; 96], CryptoError> {
        bls12_381::g1_msm(pairs)
    }

    fn bls12_381_g2_add(&self, a: G2Bytes, b: G2Bytes) -> Result<[u8; 192], CryptoError> {
        bls12_381::g2_add(&a, &b)
    }

    fn bls12_381_g2_msm(&self, pairs: &[(G2Bytes, [u8; 32])]) -> Result<[u8; 192], CryptoError> {
        bls12_381::g2_msm(pairs)
    }

    fn bls12_381_pairing_check(&self, pairs: &[(G1Bytes, G2Bytes)]) -> Result<bool, CryptoError> {
        bls12_381::pairing_check(pairs)
    }

    fn bls12_381_fp_to_g1(&self, fp: &[u8; 48]) -> Result<[u8; 96], CryptoError> {
        bls12_381::map_fp_to_g1(fp)
    }

    fn bls12_381_fp2_to_g2(&self, fp2: ([u8; 48], [u8; 48])) -> Result<[u8; 192], CryptoError> {
        bls12_381::map_fp2_to_g2(&fp2.0, &fp2.1)
    }

    fn mulmod256(&self, a: &[u8; 32], b: &[u8; 32], m: &[u8; 32]) -> [u8; 32] {
        modular::mulmod256(a, b, m)
    }
}
