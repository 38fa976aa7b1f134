//! Fees are charged in advance, at effective prices, and other transactions see it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use ethrex_common::U256;
use support::{ETHER, FIRST_BASE_FEE, actor, address, balance, chain, plan, slot_zero, wei};

/// Store the balance of `watched`: SSTORE(0, BALANCE(watched)).
fn watch(watched: ethrex_common::Address) -> Vec<u8> {
    [&[0x73], watched.as_bytes(), &[0x31, 0x5f, 0x55, 0x00]].concat()
}

#[test]
fn charge_is_visible_to_transactions_that_run_before() {
    let (alice, bob) = (actor(1), actor(2));
    let funded = [(alice.address, wei(ETHER)), (bob.address, wei(ETHER))];
    let code = watch(bob.address);
    let mut chain = chain(&funded, &[(address(0xcc), &code)]);
    let look = alice.send(alice.call(0, address(0xcc), wei(0)));
    let transfer = bob.send(bob.call(0, address(7), wei(5)));
    let built = chain.build_block(&plan(vec![look, transfer])).unwrap();
    assert_eq!(built.execution.revert, None);
    // Only the fee is charged in advance, not the value.
    let charged = wei(100_000) * wei(FIRST_BASE_FEE);
    assert_eq!(slot_zero(&chain, address(0xcc)), wei(ETHER) - charged);
    let paid = wei(21_000) * wei(FIRST_BASE_FEE);
    assert_eq!(balance(&chain, bob.address), wei(ETHER) - paid - wei(5));
}

#[test]
fn charge_of_the_own_transaction_is_what_ordinary_rules_show() {
    let alice = actor(1);
    let code = watch(alice.address);
    let mut chain = chain(&[(alice.address, wei(ETHER))], &[(address(0xcc), &code)]);
    let look = alice.send(alice.call(0, address(0xcc), wei(3)));
    chain.build_block(&plan(vec![look])).unwrap();
    let charged = wei(100_000) * wei(FIRST_BASE_FEE);
    assert_eq!(
        slot_zero(&chain, address(0xcc)),
        wei(ETHER) - charged - wei(3)
    );
}

#[test]
fn caps_may_exceed_the_balance_when_the_effective_price_does_not() {
    let alice = actor(1);
    let cost = wei(100_000) * wei(FIRST_BASE_FEE) + wei(5);
    let mut chain = chain(&[(alice.address, cost)], &[]);
    let mut transfer = alice.call(0, address(7), wei(5));
    transfer.max_fee_per_gas = u64::MAX;
    let built = chain
        .build_block(&plan(vec![alice.send(transfer)]))
        .unwrap();
    assert_eq!(built.execution.revert, None);
    let paid = wei(21_000) * wei(FIRST_BASE_FEE);
    assert_eq!(balance(&chain, alice.address), cost - paid - wei(5));
}

#[test]
fn sender_is_refused_when_it_cannot_pay_the_effective_price() {
    let alice = actor(1);
    let cost = wei(100_000) * wei(FIRST_BASE_FEE) - U256::one();
    let mut chain = chain(&[(alice.address, cost)], &[]);
    let transfer = alice.send(alice.call(0, address(7), wei(0)));
    let refused = chain.build_block(&plan(vec![transfer])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "transaction 0: the sender cannot pay the fees in advance"
    );
}
