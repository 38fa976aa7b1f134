//! Transactions: our decoder takes no more than the one that executes, and reads the same.
#![no_main]

use ethrex_common::types::{Transaction as Executed, TxKind};
use ethrex_common::{H256, U256};
use ethrex_crypto::NativeCrypto;
use libfuzzer_sys::fuzz_target;
use zkattest_blocks::transaction::{Transaction, decode};
use zkattest_execution::transition::recover_sender;

/// Half of the order of secp256k1, the largest `s` of EIP-2.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

fuzz_target!(|data: &[u8]| {
    let Ok(tx) = decode(data) else {
        return;
    };
    assert!(tx.data_zero_bytes <= tx.data_bytes && tx.data_bytes <= data.len());
    let signer = tx.signature().recover().map(|key| key.address());
    let Ok(executed) = Executed::decode_canonical(data) else {
        // Execution knows fewer numbers: fees and chain ids of 64 bits, a parity of 0 or 1.
        let is_wide = [
            tx.max_fee_per_gas,
            tx.max_priority_fee_per_gas,
            chain_id(&tx),
        ]
        .iter()
        .any(|number| number.len() > 8);
        let has_parity = matches!(tx.y_parity.as_slice(), [] | [1]);
        assert!(is_wide || !has_parity, "refused by execution alone");
        return;
    };
    compare(&tx, &executed);
    // A high `s` recovers here, and a rule refuses it by name; execution finds nobody.
    let is_low = tx.s.len() < 32 || tx.s <= HALF_ORDER.as_slice();
    if is_low && !tx.has_unknown_v {
        let other = recover_sender(&executed, &NativeCrypto);
        assert_eq!(signer, other.map(|one| one.0), "another sender");
    }
});

fn chain_id<'a>(tx: &'a Transaction<'_>) -> &'a [u8] {
    tx.chain_id.as_deref().unwrap_or_default()
}

fn compare(tx: &Transaction<'_>, executed: &Executed) {
    assert_eq!(tx.nonce, executed.nonce());
    assert_eq!(tx.gas, executed.gas_limit());
    assert_eq!(U256::from_big_endian(tx.value), executed.value());
    assert_eq!(tx.data_bytes, executed.data().len());
    let to = match executed.to() {
        TxKind::Create => None,
        TxKind::Call(address) => Some(address),
    };
    assert_eq!(tx.to, to.as_ref().map(|address| address.as_bytes()));
    let hashes: Vec<H256> = tx
        .blob_versioned_hashes
        .iter()
        .map(|hash| H256(**hash))
        .collect();
    assert_eq!(hashes, executed.blob_versioned_hashes());
    assert_eq!(tx.access_list_addresses, executed.access_list().len());
    let authorizations = executed.authorization_list().map_or(0, |list| list.len());
    assert_eq!(tx.authorizations.len(), authorizations);
}
