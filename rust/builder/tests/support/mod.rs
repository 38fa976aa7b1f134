//! A small chain for tests: accounts with keys, signed transactions, code at chosen addresses.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use bytes::Bytes;
use ethrex_common::types::{
    AuthorizationTuple, EIP1559Transaction, EIP7702Transaction, Transaction, TxKind,
};
use ethrex_common::{Address, H256, U256};
use ethrex_crypto::keccak::keccak_hash;
use ethrex_rlp::structs::Encoder;
use secp256k1::{Message, SECP256K1, SecretKey};
use zkattest_builder::description::{GenesisAccount, GenesisConfig, WithdrawalPlan};
use zkattest_builder::{BlockPlan, ChainBuilder, Genesis};

pub const CHAIN_ID: u64 = 7886;
pub const BASE_FEE: u64 = 1_000_000_000;
/// Base fee of the first block: an eighth below that of its empty parent.
pub const FIRST_BASE_FEE: u64 = BASE_FEE / 8 * 7;
pub const ETHER: u64 = 1_000_000_000_000_000_000;
pub const GAS_LIMIT: u64 = 30_000_000;

/// Addresses whose system calls every block makes.
const PREDEPLOYS: [&str; 2] = [
    "00000961ef480eb55e80d19ad83579a64c007002",
    "0000bbddc7ce488642fb579f8b00f3a590007251",
];

/// An account whose key the test holds.
pub struct Actor {
    key: SecretKey,
    pub address: Address,
}

pub fn actor(number: u8) -> Actor {
    let key = SecretKey::from_byte_array(&[number; 32]).unwrap();
    let public = key.public_key(SECP256K1).serialize_uncompressed();
    Actor {
        key,
        address: Address::from_slice(&keccak_hash(&public[1..])[12..]),
    }
}

impl Actor {
    /// Sign a hash: parity, r, s.
    fn sign(&self, hash: [u8; 32]) -> (U256, U256, U256) {
        let signature = SECP256K1.sign_ecdsa_recoverable(&Message::from_digest(hash), &self.key);
        let (parity, bytes) = signature.serialize_compact();
        let half = |from: usize| U256::from_big_endian(&bytes[from..from + 32]);
        (U256::from(i32::from(parity)), half(0), half(32))
    }

    /// A call with generous gas and fee caps that just cover the first base fee.
    pub fn call(&self, nonce: u64, to: Address, value: U256) -> EIP1559Transaction {
        EIP1559Transaction {
            chain_id: CHAIN_ID,
            nonce,
            max_priority_fee_per_gas: 0,
            max_fee_per_gas: BASE_FEE,
            gas_limit: 100_000,
            to: TxKind::Call(to),
            value,
            ..Default::default()
        }
    }

    pub fn send(&self, mut transaction: EIP1559Transaction) -> Bytes {
        let payload = payload_of(Transaction::EIP1559Transaction(transaction.clone()));
        let (parity, r, s) = self.sign(keccak_hash(payload));
        transaction.signature_y_parity = parity;
        transaction.signature_r = r;
        transaction.signature_s = s;
        Transaction::EIP1559Transaction(transaction)
            .encode_canonical_to_vec()
            .into()
    }

    pub fn set_code(&self, nonce: u64, authorizations: Vec<AuthorizationTuple>) -> Bytes {
        let mut transaction = EIP7702Transaction {
            chain_id: CHAIN_ID,
            nonce,
            max_priority_fee_per_gas: 0,
            max_fee_per_gas: BASE_FEE,
            gas_limit: 200_000,
            to: address(0xee),
            authorization_list: authorizations,
            ..Default::default()
        };
        let payload = payload_of(Transaction::EIP7702Transaction(transaction.clone()));
        let (parity, r, s) = self.sign(keccak_hash(payload));
        transaction.signature_y_parity = parity;
        transaction.signature_r = r;
        transaction.signature_s = s;
        Transaction::EIP7702Transaction(transaction)
            .encode_canonical_to_vec()
            .into()
    }

    pub fn authorize(&self, delegate: Address, nonce: u64) -> AuthorizationTuple {
        let mut message = vec![5];
        Encoder::new(&mut message)
            .encode_field(&U256::from(CHAIN_ID))
            .encode_field(&delegate)
            .encode_field(&nonce)
            .finish();
        let (y_parity, r_signature, s_signature) = self.sign(keccak_hash(message));
        AuthorizationTuple {
            chain_id: U256::from(CHAIN_ID),
            address: delegate,
            nonce,
            y_parity,
            r_signature,
            s_signature,
        }
    }
}

fn payload_of(transaction: Transaction) -> Vec<u8> {
    transaction.signing_payload().unwrap().unwrap().0
}

pub fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

pub fn wei(amount: u64) -> U256 {
    U256::from(amount)
}

/// Genesis accounts: funded actors and code; the request predeploys stop at once.
pub fn chain(funded: &[(Address, U256)], codes: &[(Address, &[u8])]) -> ChainBuilder {
    let mut alloc = BTreeMap::new();
    for (address, balance) in funded {
        alloc.insert(*address, account(*balance, &[]));
    }
    for (address, code) in codes {
        let balance = alloc
            .get(address)
            .map_or(U256::zero(), |known| known.balance);
        alloc.insert(*address, account(balance, code));
    }
    for predeploy in PREDEPLOYS {
        let bytes = hex::decode(predeploy).unwrap();
        alloc.insert(Address::from_slice(&bytes), account(U256::zero(), &[0]));
    }
    ChainBuilder::new(&Genesis {
        config: GenesisConfig { chain_id: CHAIN_ID },
        gas_limit: GAS_LIMIT,
        timestamp: 1_000,
        base_fee_per_gas: BASE_FEE,
        extra_data: Bytes::new(),
        alloc,
    })
    .unwrap()
}

fn account(balance: U256, code: &[u8]) -> GenesisAccount {
    GenesisAccount {
        balance,
        nonce: 0,
        code: Bytes::copy_from_slice(code),
        storage: BTreeMap::new(),
    }
}

pub fn plan(transactions: Vec<Bytes>) -> BlockPlan {
    BlockPlan {
        timestamp: 1_012,
        fee_recipient: address(0xfe),
        gas_limit: GAS_LIMIT,
        extra_data: Bytes::new(),
        prev_randao: H256::zero(),
        parent_beacon_block_root: H256::zero(),
        transactions,
        withdrawals: Vec::new(),
        declared_gas: None,
    }
}

pub fn withdrawal(to: Address, amount_gwei: u64) -> WithdrawalPlan {
    WithdrawalPlan {
        index: 0,
        validator_index: 0,
        address: to,
        amount_gwei,
    }
}

/// Balance of an account after the newest block.
pub fn balance(chain: &ChainBuilder, address: Address) -> U256 {
    chain
        .state()
        .accounts
        .get(&address)
        .map_or(U256::zero(), |account| account.balance)
}

/// Slot 0 of a contract after the newest block.
pub fn slot_zero(chain: &ChainBuilder, address: Address) -> U256 {
    let storage = &chain.state().accounts[&address].storage;
    storage.get(&H256::zero()).copied().unwrap_or_default()
}
