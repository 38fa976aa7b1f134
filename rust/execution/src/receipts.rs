//! Receipts: encoding, root, bloom of the block.
//!
//! `ethrex` encodes a receipt through three copies of its bloom; here the parts are written once.

use bytes::Bytes;
use ethrex_common::types::{Receipt, TxType, bloom_from_logs};
use ethrex_common::{Bloom, H256};
use ethrex_crypto::Crypto;
use ethrex_rlp::encode::{RLPEncode, encode_length};

use crate::trie::list_root;

/// RLP prefix of a byte string of 256 bytes.
const BLOOM_PREFIX: [u8; 3] = [0xb9, 1, 0];

/// Compute the root of the receipts trie and the bloom of all logs.
pub(crate) fn receipts_root_and_logs_bloom(
    receipts: &[Receipt],
    crypto: &dyn Crypto,
) -> (H256, Bloom) {
    let mut logs_bloom = Bloom::zero();
    let encoded = receipts.iter().map(|receipt| {
        if receipt.logs.is_empty() {
            return encode_receipt(receipt, &Bloom::zero());
        }
        let bloom = bloom_from_logs(&receipt.logs, crypto);
        logs_bloom |= bloom;
        encode_receipt(receipt, &bloom)
    });
    (list_root(encoded, crypto), logs_bloom)
}

/// Encode as it stands in the trie: type byte, then `[status, cumulative gas, bloom, logs]`.
fn encode_receipt(receipt: &Receipt, bloom: &Bloom) -> Bytes {
    let mut logs = Vec::new();
    receipt.logs.encode(&mut logs);
    let gas = receipt.cumulative_gas_used;
    let length = 1 + gas.length() + BLOOM_PREFIX.len() + bloom.0.len() + logs.len();

    let mut out = Vec::with_capacity(length + 5);
    if receipt.tx_type != TxType::Legacy {
        out.push(receipt.tx_type.into());
    }
    encode_length(length, &mut out);
    receipt.succeeded.encode(&mut out);
    gas.encode(&mut out);
    out.extend_from_slice(&BLOOM_PREFIX);
    out.extend_from_slice(&bloom.0);
    out.extend_from_slice(&logs);
    out.into()
}
