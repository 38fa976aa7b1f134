//! The same transactions with plain transfers taken out of the EVM, and all through the EVM.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use bytes::Bytes;
use ethrex_common::types::{
    AccountState, AccountUpdate, EIP1559Transaction, EIP2930Transaction, LegacyTransaction,
    Receipt, Transaction, TxKind,
};
use ethrex_common::{Address, H256, U256};
use ethrex_crypto::{Crypto, NativeCrypto};
use ethrex_rlp::encode::RLPEncode;
use ethrex_trie::{Node, Trie};

use crate::block::Block;
use crate::header::Header;
use crate::input::ExecutionWitness;
use crate::machine::Machine;
use crate::transition::{effective_gas_price, with_effective_caps};
use crate::witness::WitnessState;

const CHAIN_ID: u64 = 7886;
const BASE_FEE: u64 = 1_000;
const GAS_LIMIT: u64 = 20_000_000;
/// Adds one to slot 0.
const COUNTER: [u8; 9] = [0x5f, 0x54, 0x60, 0x01, 0x01, 0x5f, 0x55, 0x00, 0x00];
const RICH: Address = Address::repeat_byte(0x11);
const POOR: Address = Address::repeat_byte(0x22);
const FULL: Address = Address::repeat_byte(0x33);
const CONTRACT: Address = Address::repeat_byte(0x44);
const DELEGATED: Address = Address::repeat_byte(0x55);
const LAST_NONCE: Address = Address::repeat_byte(0x66);
const ABSENT: Address = Address::repeat_byte(0x77);

/// A generator that needs no crate: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

fn delegation() -> Vec<u8> {
    [&[0xef, 0x01, 0x00], CONTRACT.as_bytes()].concat()
}

fn accounts() -> Vec<(Address, u64, U256, Vec<u8>)> {
    let ether = U256::exp10(18);
    vec![
        (RICH, 5, ether, Vec::new()),
        (POOR, 0, U256::from(21_000 * BASE_FEE + 7), Vec::new()),
        (FULL, 0, U256::MAX - 3, Vec::new()),
        (CONTRACT, 1, ether, COUNTER.to_vec()),
        (DELEGATED, 2, ether, delegation()),
        (LAST_NONCE, u64::MAX, ether, Vec::new()),
    ]
}

/// Header over a state of those accounts, and the witness of all of it.
fn open(coinbase: Address) -> (Header, WitnessState, Arc<dyn Crypto>) {
    let crypto: Arc<dyn Crypto> = Arc::new(NativeCrypto);
    let mut trie = Trie::empty_in_memory();
    for (address, nonce, balance, code) in accounts() {
        let state = AccountState {
            nonce,
            balance,
            code_hash: H256(crypto.keccak256(&code)),
            ..AccountState::default()
        };
        let key = crypto.keccak256(address.as_bytes()).to_vec();
        trie.insert(key, state.encode_to_vec()).unwrap();
    }
    let header = Header {
        coinbase,
        pre_state_root: trie.hash_no_commit(&NativeCrypto),
        number: 1,
        gas_limit: GAS_LIMIT,
        base_fee_per_gas: BASE_FEE,
        ..Header::default()
    };
    let mut nodes = Vec::new();
    let root = trie.root_node().unwrap().unwrap();
    Node::clone(&root).encode_subtrie(&mut nodes).unwrap();
    let witness = ExecutionWitness {
        state: nodes.into_iter().map(Bytes::from).collect(),
        codes: vec![COUNTER.to_vec().into(), delegation().into()],
        headers: Vec::new(),
    };
    let block = Block::new(header.clone(), vec![], vec![], crypto.as_ref()).unwrap();
    let state = WitnessState::open(&block, CHAIN_ID, &witness, Arc::clone(&crypto)).unwrap();
    (header, state, crypto)
}

/// A transaction that is a plain transfer more often than not.
fn random_transaction(numbers: &mut Numbers, nonce: u64) -> Transaction {
    let precompile = Address::from_low_u64_be(4);
    let to = numbers.pick(&[
        RICH, RICH, POOR, POOR, ABSENT, ABSENT, FULL, CONTRACT, DELEGATED, precompile,
    ]);
    let to = if numbers.below(20) == 0 {
        TxKind::Create
    } else {
        TxKind::Call(to)
    };
    let value = U256::from(numbers.pick(&[1, 2, 7, 1_000, 1_000, 1_000_000, 0]));
    let gas_limit = if numbers.below(10) > 0 {
        numbers.pick(&[21_000, 21_000, 50_000])
    } else {
        numbers.pick(&[20_999, 100_000, 16_777_216, 16_777_217, GAS_LIMIT + 1])
    };
    let data: Bytes = numbers
        .pick(&[&[][..], &[], &[], &[], &[1, 0]])
        .to_vec()
        .into();
    let mut access_list = Vec::new();
    if numbers.below(8) == 0 {
        access_list.push((POOR, vec![H256::zero()]));
    }
    let price = BASE_FEE + numbers.pick(&[0, 5, 9]) - u64::from(numbers.below(16) == 0);
    match numbers.below(3) {
        0 => Transaction::LegacyTransaction(LegacyTransaction {
            nonce,
            gas_price: price.into(),
            gas: gas_limit,
            to,
            value,
            data,
            ..LegacyTransaction::default()
        }),
        1 => Transaction::EIP2930Transaction(EIP2930Transaction {
            chain_id: CHAIN_ID,
            nonce,
            gas_price: price.into(),
            gas_limit,
            to,
            value,
            data,
            access_list,
            ..EIP2930Transaction::default()
        }),
        _ => Transaction::EIP1559Transaction(EIP1559Transaction {
            chain_id: CHAIN_ID,
            nonce,
            max_priority_fee_per_gas: numbers.pick(&[0, 1, 3, 2_000]),
            max_fee_per_gas: price,
            gas_limit,
            to,
            value,
            data,
            access_list,
            ..EIP1559Transaction::default()
        }),
    }
}

/// Run until one fails; returns receipts, the failure and the sorted changes.
struct Run<'a> {
    machine: Machine<'a>,
    receipts: Vec<Receipt>,
    gas_used: u64,
    failure: Option<String>,
}

impl Run<'_> {
    fn step(&mut self, transaction: &Transaction, sender: Address, may_shorten: bool) -> bool {
        let price = effective_gas_price(transaction, BASE_FEE);
        let gas_used = &mut self.gas_used;
        if may_shorten {
            let shortened = self
                .machine
                .plain_transfer(transaction, price, sender, gas_used)
                .unwrap();
            if let Some(receipt) = shortened {
                self.receipts.push(receipt);
                return true;
            }
        }
        let capped = with_effective_caps(transaction, BASE_FEE, U256::one());
        match self.machine.transaction(&capped, price, sender, gas_used) {
            Ok(receipt) => self.receipts.push(receipt),
            Err(error) => self.failure = Some(error.to_string()),
        }
        false
    }

    fn finish(mut self) -> (Vec<Receipt>, u64, Option<String>, Vec<AccountUpdate>) {
        let mut updates = self.machine.state_transitions().unwrap();
        updates.sort_unstable_by_key(|update| update.address);
        (self.receipts, self.gas_used, self.failure, updates)
    }
}

#[test]
fn plain_transfers_leave_what_the_evm_leaves() {
    let mut numbers = Numbers(7886);
    let (mut shortened, mut refused, mut failed) = (0, 0, 0);
    for round in 0..3_000 {
        let coinbase = numbers.pick(&[ABSENT, RICH, POOR, CONTRACT, FULL]);
        let (header, state, crypto) = open(coinbase);
        let start = || Run {
            machine: Machine::new(&header, CHAIN_ID, U256::one(), &state, &crypto),
            receipts: Vec::new(),
            gas_used: 0,
            failure: None,
        };
        let (mut short, mut long) = (start(), start());
        let mut nonces: Vec<(Address, u64)> = accounts()
            .into_iter()
            .map(|(address, nonce, ..)| (address, nonce))
            .collect();
        for _ in 0..8 {
            let at = numbers.pick(&[0, 0, 0, 0, 1, 2, 3, 4, 5]);
            let (sender, nonce) = nonces[at];
            nonces[at].1 = nonce.saturating_add(1);
            let wrong = u64::from(numbers.below(16) == 0);
            let transaction = random_transaction(&mut numbers, nonce.wrapping_add(wrong));
            if short.step(&transaction, sender, true) {
                shortened += 1;
            } else {
                refused += 1;
            }
            long.step(&transaction, sender, false);
            if long.failure.is_some() {
                failed += 1;
                break;
            }
        }
        let (short, long) = (short.finish(), long.finish());
        assert_eq!(short, long, "round {round}");
    }
    // Both ways were taken often, and the EVM's refusals were met.
    assert!(
        shortened > 500 && refused > 500 && failed > 500,
        "{shortened} {refused} {failed}"
    );
}
