//! The header of EIP-7886: one table fixes the fields, their order and their types.

use bytes::Bytes;
use ethrex_common::{Address, Bloom, H256, U256};
use ethrex_crypto::Crypto;
use ethrex_rlp::error::RLPDecodeError;
use ethrex_rlp::structs::{Decoder, Encoder};

/// Defines `Header`, its RLP order and its field names from one list.
macro_rules! header_table {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        /// Header of a block under EIP-7886, fields in RLP order.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Header {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Header {
            /// Names of the fields in RLP order.
            pub const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Encode as canonical RLP.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                let mut out = Vec::with_capacity(768);
                Encoder::new(&mut out)$(.encode_field(&self.$field))*.finish();
                out
            }

            /// Decode one RLP list; the error names the field.
            pub fn decode(rlp: &[u8]) -> Result<Self, RLPDecodeError> {
                let decoder = Decoder::new(rlp)?;
                $(let ($field, decoder) = decoder.decode_field(stringify!($field))?;)*
                let rest = decoder.finish()?;
                if !rest.is_empty() {
                    return Err(RLPDecodeError::Custom("trailing bytes after the header".into()));
                }
                let header = Self { $($field,)* };
                // One encoding per header: a second form of the same values would have another hash.
                if header.encode() != rlp {
                    return Err(RLPDecodeError::Custom("header is not in canonical form".into()));
                }
                Ok(header)
            }
        }
    };
}

header_table! {
    /// Hash of the parent's header.
    parent_hash: H256,
    /// Hash of the empty list since the merge.
    ommers_hash: H256,
    /// Receiver of the priority fees.
    coinbase: Address,
    /// State root before this block, i.e. after its parent.
    pre_state_root: H256,
    /// Transactions root of the parent's execution (empty after a revert).
    parent_transactions_root: H256,
    /// Receipts root of the parent's execution.
    parent_receipt_root: H256,
    /// Logs bloom of the parent's execution.
    parent_bloom: Bloom,
    /// Requests hash (EIP-7685) of the parent's execution.
    parent_requests_hash: H256,
    /// Whether the parent's execution was reverted.
    parent_execution_reverted: bool,
    /// Zero since the merge.
    difficulty: U256,
    /// Block number.
    number: u64,
    /// Gas limit of the block.
    gas_limit: u64,
    /// Gas that the proposer declares; compared after execution.
    gas_used: u64,
    /// Seconds since the epoch.
    timestamp: u64,
    /// At most 32 bytes.
    extra_data: Bytes,
    /// RANDAO mix of the beacon chain.
    prev_randao: H256,
    /// Eight zero bytes since the merge.
    nonce: [u8; 8],
    /// Base fee in wei.
    base_fee_per_gas: u64,
    /// Root of this block's withdrawals.
    withdrawals_root: H256,
    /// Blob gas of this block's transactions.
    blob_gas_used: u64,
    /// Excess blob gas before this block.
    excess_blob_gas: u64,
    /// Root of the parent beacon block (EIP-4788).
    parent_beacon_block_root: H256,
}

impl Header {
    /// Hash the canonical encoding: the block hash.
    #[must_use]
    pub fn hash(&self, crypto: &dyn Crypto) -> H256 {
        H256(crypto.keccak256(&self.encode()))
    }
}
