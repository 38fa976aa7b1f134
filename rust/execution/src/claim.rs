//! `ExecutionClaim`: what a proof says about a block, and its root.

use ethrex_common::{Bloom, H256};
use ethrex_crypto::Crypto;

use crate::block::DecodeError;
use crate::ssz;

/// Results of executing one block; an SSZ container, fields in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionClaim {
    /// Hash of the executed block's header.
    pub block_hash: H256,
    /// Root of the transactions that were executed; the header does not commit to them.
    pub transactions_root: H256,
    /// State root after the block.
    pub post_state_root: H256,
    /// Transactions root that the child repeats: the empty root after a revert.
    pub deferred_transactions_root: H256,
    /// Receipts root that the child repeats.
    pub receipts_root: H256,
    /// Logs bloom that the child repeats.
    pub logs_bloom: Bloom,
    /// Requests hash that the child repeats.
    pub requests_hash: H256,
    /// Whether the execution was reverted.
    pub execution_reverted: bool,
}

/// Encoded length in bytes.
pub const CLAIM_BYTES: usize = 6 * 32 + 256 + 1;

impl ExecutionClaim {
    /// Encode as SSZ (449 bytes).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CLAIM_BYTES);
        for root in [
            &self.block_hash,
            &self.transactions_root,
            &self.post_state_root,
            &self.deferred_transactions_root,
            &self.receipts_root,
        ] {
            out.extend_from_slice(root.as_bytes());
        }
        out.extend_from_slice(self.logs_bloom.as_bytes());
        out.extend_from_slice(self.requests_hash.as_bytes());
        out.push(u8::from(self.execution_reverted));
        out
    }

    /// Decode SSZ.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        if data.len() != CLAIM_BYTES {
            return Err(DecodeError::Ssz {
                field: "claim",
                reason: "not 449 bytes",
            });
        }
        let root = |index: usize| ssz::fixed::<32>(data, index * 32, "claim").map(H256);
        let execution_reverted = match data.last() {
            Some(0) => false,
            Some(1) => true,
            _ => {
                return Err(DecodeError::Ssz {
                    field: "execution_reverted",
                    reason: "not a boolean",
                });
            }
        };
        Ok(Self {
            block_hash: root(0)?,
            transactions_root: root(1)?,
            post_state_root: root(2)?,
            deferred_transactions_root: root(3)?,
            receipts_root: root(4)?,
            logs_bloom: Bloom(ssz::fixed::<256>(data, 160, "logs_bloom")?),
            requests_hash: root(13)?,
            execution_reverted,
        })
    }

    /// Compute `hash_tree_root`: eight leaves, the bloom a subtree of eight chunks.
    #[must_use]
    pub fn hash_tree_root(&self, crypto: &dyn Crypto) -> [u8; 32] {
        let mut bloom = [[0u8; 32]; 8];
        for (chunk, bytes) in bloom.iter_mut().zip(self.logs_bloom.0.chunks_exact(32)) {
            chunk.copy_from_slice(bytes);
        }
        let mut reverted = [0u8; 32];
        reverted[0] = u8::from(self.execution_reverted);
        merkleize(
            [
                self.block_hash.0,
                self.transactions_root.0,
                self.post_state_root.0,
                self.deferred_transactions_root.0,
                self.receipts_root.0,
                merkleize(bloom, crypto),
                self.requests_hash.0,
                reverted,
            ],
            crypto,
        )
    }
}

/// Hash a tree of eight leaves.
fn merkleize(leaves: [[u8; 32]; 8], crypto: &dyn Crypto) -> [u8; 32] {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level
            .chunks_exact(2)
            .map(|pair| crypto.sha256(&pair.concat()))
            .collect();
    }
    level.first().copied().unwrap_or_default()
}
