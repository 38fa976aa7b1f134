//! What reverts the execution of a valid block, and what a revert leaves behind.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use ethrex_common::U256;
use support::{ETHER, GAS_LIMIT, actor, address, balance, chain, plan, slot_zero, wei, withdrawal};
use zkattest_builder::{BlockPlan, BuildError};
use zkattest_execution::transition::Revert;

const TRANSFER_GAS: u64 = 21_000;

/// Send the whole own balance to the caller: CALL(GAS, CALLER, SELFBALANCE, 0, 0, 0, 0).
const DRAIN: &[u8] = &[0x5f, 0x5f, 0x5f, 0x5f, 0x47, 0x33, 0x5a, 0xf1, 0x00];

#[test]
fn declared_gas_reverts_when_it_is_not_what_was_used() {
    for declared in [TRANSFER_GAS - 1, TRANSFER_GAS + 1, 0, u64::MAX] {
        let alice = actor(1);
        let mut chain = chain(&[(alice.address, wei(ETHER))], &[]);
        let pre_accounts = chain.state().accounts.clone();
        let transfer = alice.send(alice.call(0, address(7), wei(5)));
        let built = chain
            .build_block(&BlockPlan {
                declared_gas: Some(declared),
                withdrawals: vec![withdrawal(address(9), 3)],
                ..plan(vec![transfer])
            })
            .unwrap();
        assert_eq!(
            built.execution.revert,
            Some(Revert::GasMismatch {
                declared,
                used: TRANSFER_GAS
            })
        );
        assert!(built.execution.claim.execution_reverted);
        // The withdrawal stays, everything of the transaction is gone.
        let mut expected = pre_accounts;
        expected.entry(address(9)).or_default().balance = U256::from(3_000_000_000_u64);
        assert_eq!(chain.state().accounts, expected);
        // The child repeats the flag and counts no gas for its parent.
        let child = chain
            .build_block(&BlockPlan {
                timestamp: 1_024,
                ..plan(Vec::new())
            })
            .unwrap();
        assert!(child.header.parent_execution_reverted);
        assert_eq!(
            child.header.base_fee_per_gas,
            built.header.base_fee_per_gas / 8 * 7
        );
    }
}

#[test]
fn gas_limit_reverts_when_a_transaction_would_pass_it() {
    let alice = actor(1);
    let mut chain = chain(&[(alice.address, wei(ETHER))], &[]);
    let mut wide = alice.call(1, address(7), wei(1));
    wide.gas_limit = GAS_LIMIT - TRANSFER_GAS + 1;
    wide.max_fee_per_gas = 900_000_000;
    let narrow = alice.send(alice.call(0, address(7), wei(1)));
    let transactions = vec![narrow, alice.send(wide)];
    let refused = chain.build_block(&plan(transactions.clone()));
    assert!(matches!(
        refused,
        Err(BuildError::CertainRevert(Revert::GasLimit { index: 1 }))
    ));
    let declared = BlockPlan {
        declared_gas: Some(2 * TRANSFER_GAS),
        ..plan(transactions)
    };
    let built = chain.build_block(&declared).unwrap();
    assert_eq!(built.execution.revert, Some(Revert::GasLimit { index: 1 }));
    assert_eq!(built.execution.gas_used, 0);
    assert_eq!(balance(&chain, alice.address), wei(ETHER));
}

#[test]
fn sender_reverts_the_block_when_an_authorization_moved_its_nonce() {
    let (alice, bob) = (actor(1), actor(2));
    let mut chain = chain(
        &[(alice.address, wei(ETHER)), (bob.address, wei(ETHER))],
        &[],
    );
    let delegate = alice.set_code(0, vec![bob.authorize(address(0xdd), 0)]);
    let transfer = bob.send(bob.call(0, address(7), wei(1)));
    let built = chain
        .build_block(&BlockPlan {
            declared_gas: Some(100_000),
            ..plan(vec![delegate, transfer])
        })
        .unwrap();
    assert!(
        matches!(
            built.execution.revert,
            Some(Revert::Transaction { index: 1, .. })
        ),
        "{:?}",
        built.execution.revert
    );
    assert_eq!(balance(&chain, bob.address), wei(ETHER));
}

#[test]
fn sender_reverts_the_block_when_its_delegate_gave_the_value_away() {
    let (alice, bob) = (actor(1), actor(2));
    let funded = [(alice.address, wei(ETHER)), (bob.address, wei(ETHER))];
    let designator = [&[0xef, 0x01, 0x00], address(0xdd).as_bytes()].concat();
    let codes = [(address(0xdd), DRAIN), (bob.address, designator.as_slice())];
    let mut chain = chain(&funded, &codes);
    let drain = alice.send(alice.call(0, bob.address, wei(0)));
    let transfer = bob.send(bob.call(0, address(7), wei(1)));
    let built = chain
        .build_block(&BlockPlan {
            declared_gas: Some(80_000),
            ..plan(vec![drain, transfer])
        })
        .unwrap();
    assert!(
        matches!(
            built.execution.revert,
            Some(Revert::Transaction { index: 1, .. })
        ),
        "{:?}",
        built.execution.revert
    );
    assert_eq!(balance(&chain, bob.address), wei(ETHER));
}

#[test]
fn sender_still_pays_its_fee_when_its_delegate_gave_the_rest_away() {
    let (alice, bob) = (actor(1), actor(2));
    let funded = [(alice.address, wei(ETHER)), (bob.address, wei(ETHER))];
    let designator = [&[0xef, 0x01, 0x00], address(0xdd).as_bytes()].concat();
    let codes = [(address(0xdd), DRAIN), (bob.address, designator.as_slice())];
    let mut chain = chain(&funded, &codes);
    let drain = alice.send(alice.call(0, bob.address, wei(0)));
    let empty = bob.send(bob.call(0, address(7), wei(0)));
    let built = chain.build_block(&plan(vec![drain, empty])).unwrap();
    assert_eq!(built.execution.revert, None);
    // What came in advance covers the fee; what was not used of it comes back.
    let charged = wei(100_000) * wei(built.header.base_fee_per_gas);
    let paid = wei(TRANSFER_GAS) * wei(built.header.base_fee_per_gas);
    assert_eq!(balance(&chain, bob.address), charged - paid);
}

#[test]
fn contract_keeps_nothing_of_a_reverted_block() {
    let alice = actor(1);
    // SSTORE(0, 1)
    let store: &[u8] = &[0x60, 0x01, 0x5f, 0x55, 0x00];
    let mut chain = chain(&[(alice.address, wei(ETHER))], &[(address(0xcc), store)]);
    let call = alice.send(alice.call(0, address(0xcc), wei(0)));
    let wrong = BlockPlan {
        declared_gas: Some(99_999),
        ..plan(vec![call.clone()])
    };
    chain.build_block(&wrong).unwrap();
    assert_eq!(slot_zero(&chain, address(0xcc)), U256::zero());
    // The same transaction is good for the next block.
    let built = chain
        .build_block(&BlockPlan {
            timestamp: 1_024,
            ..plan(vec![call])
        })
        .unwrap();
    assert_eq!(built.execution.revert, None);
    assert_eq!(slot_zero(&chain, address(0xcc)), U256::one());
}
