//! What the guest reads, and the file that carries a block between the parts of the product.

use bytes::Bytes;
use ethrex_common::H256;

use crate::block::DecodeError;
use crate::claim::{CLAIM_BYTES, ExecutionClaim};
use crate::ssz;

/// Most trie nodes in a witness.
pub const MAX_STATE_NODES: usize = 1 << 20;
/// Longest trie node in bytes.
pub const MAX_NODE_BYTES: usize = 1 << 20;
/// Most contract codes in a witness.
pub const MAX_CODES: usize = 1 << 16;
/// Longest contract code in bytes.
pub const MAX_CODE_BYTES: usize = 1 << 24;
/// Most ancestor headers: what BLOCKHASH can reach.
pub const MAX_HEADERS: usize = 256;
/// Longest ancestor header in bytes.
pub const MAX_HEADER_BYTES: usize = 1 << 10;
/// Longest block in bytes (EIP-7934 allows less; the check belongs to the rules).
pub const MAX_BLOCK_BYTES: usize = 1 << 24;
/// Most versioned hashes in a package.
pub const MAX_VERSIONED_HASHES: usize = 4096;

/// State proofs, codes and ancestor headers that an execution reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionWitness {
    /// Trie nodes of the pre-state, in any order.
    pub state: Vec<Bytes>,
    /// Contract codes.
    pub codes: Vec<Bytes>,
    /// Headers of ancestors in RLP, oldest first, the parent last.
    pub headers: Vec<Bytes>,
}

/// Input of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatelessInput {
    /// Chain id; it only enters signatures.
    pub chain_id: u64,
    /// The block in RLP.
    pub block: Bytes,
    /// What its execution reads.
    pub witness: ExecutionWitness,
}

/// A block with what is needed to check, execute and prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockPackage {
    /// Chain id.
    pub chain_id: u64,
    /// The block in RLP.
    pub block: Bytes,
    /// Outputs of the parent as the chain tracks them.
    pub parent_claim: ExecutionClaim,
    /// Versioned hashes as the consensus layer lists them.
    pub versioned_hashes: Vec<H256>,
    /// State proofs, codes, ancestor headers.
    pub witness: ExecutionWitness,
}

fn owned(items: Vec<&[u8]>) -> Vec<Bytes> {
    items.into_iter().map(Bytes::copy_from_slice).collect()
}

impl ExecutionWitness {
    /// Encode as SSZ.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        for (part, items) in parts
            .iter_mut()
            .zip([&self.state, &self.codes, &self.headers])
        {
            ssz::write_byte_lists(part, items);
        }
        let mut out = Vec::new();
        let mut at = 12;
        for part in &parts {
            ssz::write_offset(&mut out, at);
            at += part.len();
        }
        out.extend(parts.concat());
        out
    }

    /// Decode SSZ.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [state, codes, headers] = ssz::variable_parts(data, [0, 4, 8], 12, "witness")?;
        Ok(Self {
            state: owned(ssz::byte_lists(
                state,
                MAX_STATE_NODES,
                MAX_NODE_BYTES,
                "witness.state",
            )?),
            codes: owned(ssz::byte_lists(
                codes,
                MAX_CODES,
                MAX_CODE_BYTES,
                "witness.codes",
            )?),
            headers: owned(ssz::byte_lists(
                headers,
                MAX_HEADERS,
                MAX_HEADER_BYTES,
                "witness.headers",
            )?),
        })
    }
}

fn check_block_bytes(block: &[u8]) -> Result<Bytes, DecodeError> {
    if block.len() > MAX_BLOCK_BYTES {
        return Err(DecodeError::Ssz {
            field: "block",
            reason: "too long",
        });
    }
    Ok(Bytes::copy_from_slice(block))
}

impl StatelessInput {
    /// Encode as SSZ.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.chain_id.to_le_bytes().to_vec();
        ssz::write_offset(&mut out, 16);
        ssz::write_offset(&mut out, 16 + self.block.len());
        out.extend_from_slice(&self.block);
        out.extend(self.witness.encode());
        out
    }

    /// Decode SSZ.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let chain_id = ssz::uint64(data, 0, "chain_id")?;
        let [block, witness] = ssz::variable_parts(data, [8, 12], 16, "input")?;
        Ok(Self {
            chain_id,
            block: check_block_bytes(block)?,
            witness: ExecutionWitness::decode(witness)?,
        })
    }
}

impl BlockPackage {
    const FIXED: usize = 8 + 4 + CLAIM_BYTES + 4 + 4;

    /// Encode as SSZ.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.chain_id.to_le_bytes().to_vec();
        let hashes_at = Self::FIXED + self.block.len();
        ssz::write_offset(&mut out, Self::FIXED);
        out.extend(self.parent_claim.encode());
        ssz::write_offset(&mut out, hashes_at);
        ssz::write_offset(&mut out, hashes_at + 32 * self.versioned_hashes.len());
        out.extend_from_slice(&self.block);
        for hash in &self.versioned_hashes {
            out.extend_from_slice(hash.as_bytes());
        }
        out.extend(self.witness.encode());
        out
    }

    /// Decode SSZ.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let chain_id = ssz::uint64(data, 0, "chain_id")?;
        let claim_end = 12 + CLAIM_BYTES;
        let claim = data.get(12..claim_end).ok_or(DecodeError::Ssz {
            field: "parent_claim",
            reason: "too short",
        })?;
        let offsets = [8, claim_end, claim_end + 4];
        let [block, hashes, witness] = ssz::variable_parts(data, offsets, Self::FIXED, "package")?;
        if hashes.len() % 32 != 0 || hashes.len() / 32 > MAX_VERSIONED_HASHES {
            return Err(DecodeError::Ssz {
                field: "versioned_hashes",
                reason: "not a list of hashes",
            });
        }
        Ok(Self {
            chain_id,
            block: check_block_bytes(block)?,
            parent_claim: ExecutionClaim::decode(claim)?,
            versioned_hashes: hashes.chunks_exact(32).map(H256::from_slice).collect(),
            witness: ExecutionWitness::decode(witness)?,
        })
    }

    /// Cut out what the guest reads.
    #[must_use]
    pub fn stateless_input(&self) -> StatelessInput {
        StatelessInput {
            chain_id: self.chain_id,
            block: self.block.clone(),
            witness: self.witness.clone(),
        }
    }
}
