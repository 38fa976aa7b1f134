//! Codecs: one encoding per value, sizes before contents, typed refusals.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bytes::Bytes;
use ethrex_common::types::Withdrawal;
use ethrex_common::{Address, Bloom, H256, U256};
use ethrex_crypto::NativeCrypto;
use zkattest_execution::block::DecodeError;
use zkattest_execution::statement;
use zkattest_execution::{
    Block, BlockPackage, ExecutionClaim, ExecutionWitness, Header, StatelessInput,
};

fn header() -> Header {
    Header {
        parent_hash: H256::repeat_byte(1),
        parent_bloom: Bloom::repeat_byte(7),
        parent_execution_reverted: true,
        difficulty: U256::zero(),
        number: 300,
        gas_limit: 30_000_000,
        gas_used: 21_000,
        timestamp: 1_700_000_000,
        extra_data: Bytes::from_static(b"zkattest"),
        base_fee_per_gas: 7,
        ..Header::default()
    }
}

fn block() -> Block {
    let withdrawal = Withdrawal {
        index: 1,
        validator_index: 2,
        address: Address::repeat_byte(9),
        amount: 3,
    };
    Block::new(header(), Vec::new(), vec![withdrawal], &NativeCrypto).unwrap()
}

fn claim() -> ExecutionClaim {
    ExecutionClaim {
        block_hash: H256::repeat_byte(1),
        transactions_root: H256::repeat_byte(2),
        post_state_root: H256::repeat_byte(3),
        deferred_transactions_root: H256::repeat_byte(4),
        receipts_root: H256::repeat_byte(5),
        logs_bloom: Bloom::repeat_byte(6),
        requests_hash: H256::repeat_byte(7),
        execution_reverted: true,
    }
}

fn package() -> BlockPackage {
    BlockPackage {
        chain_id: 7886,
        block: block().encode().into(),
        parent_claim: claim(),
        versioned_hashes: vec![H256::repeat_byte(8); 2],
        witness: ExecutionWitness {
            state: vec![Bytes::from_static(b"node"), Bytes::new()],
            codes: vec![Bytes::from_static(b"code")],
            headers: vec![header().encode().into()],
        },
    }
}

#[test]
fn header_table_has_the_order_of_the_eip() {
    let expected = [
        "parent_hash",
        "ommers_hash",
        "coinbase",
        "pre_state_root",
        "parent_transactions_root",
        "parent_receipt_root",
        "parent_bloom",
        "parent_requests_hash",
        "parent_execution_reverted",
        "difficulty",
        "number",
        "gas_limit",
        "gas_used",
        "timestamp",
        "extra_data",
        "prev_randao",
        "nonce",
        "base_fee_per_gas",
        "withdrawals_root",
        "blob_gas_used",
        "excess_blob_gas",
        "parent_beacon_block_root",
    ];
    assert_eq!(Header::FIELDS, expected);
}

#[test]
fn header_round_trips_and_refuses_another_form() {
    let rlp = header().encode();
    assert_eq!(Header::decode(&rlp).unwrap(), header());
    let mut extended = rlp.clone();
    extended.push(0);
    assert!(Header::decode(&extended).is_err());
    for length in 0..rlp.len() {
        assert!(Header::decode(&rlp[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn block_round_trips_and_refuses_truncation_and_ommers() {
    let rlp = block().encode();
    let decoded = Block::decode(&rlp, &NativeCrypto).unwrap();
    assert_eq!(decoded.header, header());
    assert_eq!(decoded.hash, header().hash(&NativeCrypto));
    assert_eq!(decoded.withdrawals, block().withdrawals);
    for length in 0..rlp.len() {
        assert!(
            Block::decode(&rlp[..length], &NativeCrypto).is_err(),
            "cut to {length}"
        );
    }
    let with_ommers = [&[0xc4][..], &[0xc0, 0xc0, 0xc1, 0xc0]].concat();
    assert!(Block::decode(&with_ommers, &NativeCrypto).is_err());
}

#[test]
fn transaction_of_an_unknown_type_is_refused_by_name() {
    let raw = vec![Bytes::from_static(&[0x7d, 0xc0])];
    match Block::new(header(), raw, Vec::new(), &NativeCrypto) {
        Err(DecodeError::UnknownTransactionType {
            index: 0,
            tx_type: 0x7d,
        }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn claim_round_trips_and_refuses_a_dirty_boolean() {
    let bytes = claim().encode();
    assert_eq!(bytes.len(), 449);
    assert_eq!(ExecutionClaim::decode(&bytes).unwrap(), claim());
    let mut dirty = bytes.clone();
    dirty[448] = 2;
    assert!(ExecutionClaim::decode(&dirty).is_err());
    assert!(ExecutionClaim::decode(&bytes[..448]).is_err());
}

#[test]
fn containers_round_trip_and_no_truncation_reads_as_the_whole() {
    let package = package();
    let bytes = package.encode();
    assert_eq!(BlockPackage::decode(&bytes).unwrap(), package);
    for length in 0..bytes.len() {
        // A cut inside the last byte list leaves a shorter list; it is another value, never this one.
        assert_ne!(
            BlockPackage::decode(&bytes[..length]).ok(),
            Some(package.clone()),
            "cut to {length}"
        );
    }
    let input = package.stateless_input();
    assert_eq!(StatelessInput::decode(&input.encode()).unwrap(), input);
}

#[test]
fn statement_of_undecodable_input_is_the_zero_sentinel() {
    for input in [&b""[..], &[0xff; 64], &package().stateless_input().encode()] {
        assert_eq!(
            statement::run(input, std::sync::Arc::new(NativeCrypto)),
            [0; 43]
        );
    }
}

#[test]
fn public_values_follow_the_layout() {
    let values = statement::encode([9; 32], 7886);
    assert_eq!(values[..33], [&[9; 32][..], &[1]].concat());
    assert_eq!(values[33..41], 7886u64.to_le_bytes());
    assert_eq!(values[41..], [0x86, 0x78]);
}
