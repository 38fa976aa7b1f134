//! The statement a guest proves: 43 bytes of public values.

use std::sync::Arc;

use ethrex_crypto::Crypto;

use crate::input::StatelessInput;
use crate::rules::SCHEMA_ID;
use crate::transition::execute_block;

/// Length of the public values in bytes.
pub const PUBLIC_VALUES_BYTES: usize = 43;

/// Execute `input` and return the public values.
///
/// Layout (EIP-8025 `StatelessValidationResult`): root 32, valid 1, chain id u64 LE, schema id
/// u16 LE. Input that cannot be decoded or executed gives all zeros, which no verifier accepts.
#[must_use]
pub fn run(input: &[u8], crypto: Arc<dyn Crypto>) -> [u8; PUBLIC_VALUES_BYTES] {
    let Ok(input) = StatelessInput::decode(input) else {
        return [0; PUBLIC_VALUES_BYTES];
    };
    match execute_block(&input, Arc::clone(&crypto)) {
        Ok(execution) => encode(
            execution.claim.hash_tree_root(crypto.as_ref()),
            input.chain_id,
        ),
        Err(_) => [0; PUBLIC_VALUES_BYTES],
    }
}

/// Lay out the public values of a successful execution.
#[must_use]
pub fn encode(root: [u8; 32], chain_id: u64) -> [u8; PUBLIC_VALUES_BYTES] {
    let mut out = [0; PUBLIC_VALUES_BYTES];
    out[..32].copy_from_slice(&root);
    out[32] = 1;
    out[33..41].copy_from_slice(&chain_id.to_le_bytes());
    out[41..].copy_from_slice(&SCHEMA_ID.to_le_bytes());
    out
}
