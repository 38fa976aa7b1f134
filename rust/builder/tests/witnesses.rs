//! Witnesses hold what the execution reads and nothing else; without it there is an error.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::sync::Arc;

use ethrex_common::U256;
use ethrex_crypto::NativeCrypto;
use support::{Actor, ETHER, actor, address, chain, plan, slot_zero, wei};
use zkattest_builder::{BlockPlan, BuiltBlock, ChainBuilder};
use zkattest_execution::{ExecutionWitness, StatelessInput, execute_block};

/// SSTORE(0, BLOCKHASH(NUMBER - 3)).
const ASK_HASH: &[u8] = &[0x60, 0x03, 0x43, 0x03, 0x40, 0x5f, 0x55, 0x00];
/// SSTORE(0, 0): clears the slot, so that its trie collapses.
const CLEAR: &[u8] = &[0x5f, 0x5f, 0x55, 0x00];

fn execute(built: &BuiltBlock, witness: ExecutionWitness) -> Result<(), String> {
    let input = StatelessInput {
        witness,
        ..built.package.stateless_input()
    };
    match execute_block(&input, Arc::new(NativeCrypto)) {
        Ok(execution) if execution.claim == built.execution.claim => Ok(()),
        Ok(_) => panic!("another claim from another witness"),
        Err(error) => Err(error.to_string()),
    }
}

fn busy_block() -> BuiltBlock {
    let (alice, bob) = (actor(1), actor(2));
    let funded: Vec<_> = (1..40)
        .map(|number| (actor(number).address, wei(ETHER)))
        .collect();
    let mut chain = chain(&funded, &[(address(0xcc), CLEAR)]);
    let transactions = vec![
        alice.send(alice.call(0, bob.address, wei(1))),
        bob.send(bob.call(0, address(0xcc), wei(0))),
    ];
    chain.build_block(&plan(transactions)).unwrap()
}

#[test]
fn witness_suffices_and_is_sorted() {
    let built = busy_block();
    let witness = built.package.witness.clone();
    assert!(witness.state.is_sorted() && witness.codes.is_sorted());
    execute(&built, witness).unwrap();
}

#[test]
fn witness_is_an_error_without_any_one_node_or_code() {
    let built = busy_block();
    let whole = &built.package.witness;
    for index in 0..whole.state.len() {
        let mut witness = whole.clone();
        witness.state.remove(index);
        execute(&built, witness).unwrap_err();
        let mut witness = whole.clone();
        let mut node = witness.state[index].to_vec();
        *node.last_mut().unwrap() ^= 1;
        witness.state[index] = node.into();
        execute(&built, witness).unwrap_err();
    }
    for index in 0..whole.codes.len() {
        let mut witness = whole.clone();
        witness.codes.remove(index);
        execute(&built, witness).unwrap_err();
    }
}

#[test]
fn witness_keeps_untouched_accounts_out() {
    let built = busy_block();
    // Fewer nodes than the genesis has accounts: leaves of the others are not there.
    assert!(
        built.package.witness.state.len() < 20,
        "{}",
        built.package.witness.state.len()
    );
}

fn ask_for_hash(chain: &mut ChainBuilder, alice: &Actor) -> BuiltBlock {
    for number in 1..5 {
        chain
            .build_block(&BlockPlan {
                timestamp: 1_000 + 12 * number,
                ..plan(Vec::new())
            })
            .unwrap();
    }
    let call = alice.send(alice.call(0, address(0xcc), wei(0)));
    chain
        .build_block(&BlockPlan {
            timestamp: 1_060,
            ..plan(vec![call])
        })
        .unwrap()
}

#[test]
fn block_hash_comes_through_as_many_ancestors_as_it_needs() {
    let alice = actor(1);
    let mut chain = chain(&[(alice.address, wei(ETHER))], &[(address(0xcc), ASK_HASH)]);
    let built = ask_for_hash(&mut chain, &alice);
    // Block 5 asks for block 2: the headers of 4 and 3 lead there.
    let headers = &built.package.witness.headers;
    assert_eq!(headers.len(), 2);
    let oldest = zkattest_execution::Header::decode(&headers[0]).unwrap();
    assert_eq!(oldest.number, 3);
    assert_eq!(
        slot_zero(&chain, address(0xcc)),
        U256::from_big_endian(oldest.parent_hash.as_bytes())
    );
}

#[test]
fn block_hash_is_an_error_without_the_ancestors() {
    let alice = actor(1);
    let mut chain = chain(&[(alice.address, wei(ETHER))], &[(address(0xcc), ASK_HASH)]);
    let built = ask_for_hash(&mut chain, &alice);
    let mut witness = built.package.witness.clone();
    witness.headers.remove(0);
    let error = execute(&built, witness).unwrap_err();
    assert!(error.contains("header of block 2 is missing"), "{error}");
    let mut witness = built.package.witness.clone();
    witness.headers.swap(0, 1);
    let error = execute(&built, witness).unwrap_err();
    assert!(
        error.contains("is not the block its child names"),
        "{error}"
    );
}

#[test]
fn building_gives_the_same_bytes_twice() {
    assert_eq!(busy_block().package.encode(), busy_block().package.encode());
}
