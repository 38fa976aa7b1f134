//! Signatures of the recorded chain: recovery, batch and an independent library agree.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;

use ethrex_common::types::Transaction;
use ethrex_crypto::NativeCrypto;
use ethrex_crypto::keccak::keccak_hash;
use zkattest_execution::{Block, BlockPackage};
use zkattest_signatures::{PublicKey, Signature, recover_all, senders_with_keys};

fn transactions() -> Vec<Transaction> {
    let chain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/eip7886/chain");
    let mut found = Vec::new();
    for folder in fs::read_dir(chain).unwrap() {
        let Ok(data) = fs::read(folder.unwrap().path().join("block.ssz")) else {
            continue;
        };
        let package = BlockPackage::decode(&data).unwrap();
        let block = Block::decode(&package.block, &NativeCrypto).unwrap();
        found.extend(block.transactions);
    }
    found
}

fn signature(transaction: &Transaction) -> Signature {
    let (signed, numbers) = transaction.signing_payload().unwrap().unwrap();
    let parity: &[u8] = if numbers[64] == 1 { &[1] } else { &[] };
    Signature::new(
        keccak_hash(signed),
        parity,
        &numbers[..32],
        &numbers[32..64],
    )
}

#[test]
fn recorded_transactions_have_the_same_senders_every_way() {
    let transactions = transactions();
    assert!(transactions.len() >= 15);
    let expected: Vec<Option<[u8; 20]>> = transactions
        .iter()
        .map(|transaction| Some(transaction.sender(&NativeCrypto).unwrap().0))
        .collect();
    let signatures: Vec<Signature> = transactions.iter().map(signature).collect();
    assert_eq!(recover_all(&signatures), expected);
    // Several times over, for a batch has at least 64.
    let times = 300usize.div_ceil(signatures.len());
    let many = signatures.repeat(times);
    let keys: Vec<Option<PublicKey>> = signatures.iter().map(Signature::recover).collect();
    let outcome = senders_with_keys(&many, &keys.repeat(times));
    assert_eq!(outcome.batch_verified, many.len());
    assert_eq!(outcome.senders, expected.repeat(times));
}
