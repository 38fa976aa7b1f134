//! Witnesses hold what the execution reads and nothing else; without it there is an error.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::sync::Arc;

use ethrex_common::{Address, H256, U256};
use ethrex_crypto::NativeCrypto;
use ethrex_crypto::keccak::keccak_hash;
use ethrex_rlp::decode::RLPDecode;
use ethrex_trie::{FxHashMap, Node, Trie, TrieError};
use support::{Actor, ETHER, actor, address, chain, plan, slot_zero, wei};
use zkattest_builder::{BlockPlan, BuiltBlock, ChainBuilder};
use zkattest_execution::{ExecutionWitness, StatelessInput, execute_block};

/// SSTORE(0, BLOCKHASH(NUMBER - 3)).
const ASK_HASH: &[u8] = &[0x60, 0x03, 0x43, 0x03, 0x40, 0x5f, 0x55, 0x00];
/// SSTORE(0, 0): clears the slot, so that its trie collapses.
const CLEAR: &[u8] = &[0x5f, 0x5f, 0x55, 0x00];

/// SSTORE(0, CALLVALUE), and SSTORE(1, 7) if there is a value.
const SET_OR_CLEAR: &[u8] = &[
    0x34, 0x5f, 0x55, 0x34, 0x15, 0x60, 0x0d, 0x57, 0x60, 0x07, 0x60, 0x01, 0x55, 0x5b, 0x00,
];

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

/// Read a key with the trie library, which shares no code with the transition's own reads.
fn look_up(
    witness: &ExecutionWitness,
    root: H256,
    key: &[u8],
) -> Result<Option<Vec<u8>>, TrieError> {
    let nodes: FxHashMap<H256, Node> = witness
        .state
        .iter()
        .map(|rlp| (H256(keccak_hash(rlp)), Node::decode(rlp).unwrap()))
        .collect();
    let root = Trie::get_embedded_root_committed(&nodes, root, &NativeCrypto, 64)?;
    Trie::new_temp_with_root(root).get(&keccak_hash(key))
}

#[test]
fn witness_resolves_every_account_and_slot_that_was_touched() {
    let built = busy_block();
    let (witness, root) = (&built.package.witness, built.header.pre_state_root);
    let (alice, bob) = (actor(1).address, actor(2).address);
    for present in [alice, bob, address(0xcc)] {
        assert!(
            look_up(witness, root, present.as_bytes())
                .unwrap()
                .is_some(),
            "{present:?}"
        );
    }
    // Absence is proven too: the fee recipient and the history contract have no account yet.
    let history =
        Address::from_slice(&hex::decode("0000f90827f1c53a10cb7a02335b175320002935").unwrap());
    for absent in [built.header.coinbase, history] {
        assert_eq!(
            look_up(witness, root, absent.as_bytes()).unwrap(),
            None,
            "{absent:?}"
        );
    }
    let untouched = actor(30).address;
    look_up(witness, root, untouched.as_bytes()).unwrap_err();
}

#[test]
fn removal_is_an_error_without_the_sibling_that_moves_up() {
    let alice = actor(1);
    let mut chain = chain(
        &[(alice.address, wei(ETHER))],
        &[(address(0xcc), SET_OR_CLEAR)],
    );
    // Two slots: clearing one leaves a branch with one child, which is then read.
    let set = alice.send(alice.call(0, address(0xcc), wei(1)));
    let fill = chain.build_block(&plan(vec![set])).unwrap();
    assert_eq!(fill.execution.revert, None);
    let clear = alice.send(alice.call(1, address(0xcc), wei(0)));
    let built = chain
        .build_block(&BlockPlan {
            timestamp: 1_024,
            ..plan(vec![clear])
        })
        .unwrap();
    assert_eq!(chain.state().accounts[&address(0xcc)].storage.len(), 1);
    for index in 0..built.package.witness.state.len() {
        let mut witness = built.package.witness.clone();
        witness.state.remove(index);
        execute(&built, witness).unwrap_err();
    }
    // Branch and both leaves of the storage: the sibling is only needed for the collapse.
    let leaves = built
        .package
        .witness
        .state
        .iter()
        .filter(|rlp| rlp.len() < 50)
        .count();
    assert_eq!(leaves, 2);
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
