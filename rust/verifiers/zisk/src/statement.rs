//! What can be compared without cryptography: whose program, and which output.

use proofman_verifier::VadcopFinalProof;
use sha2::{Digest, Sha256};
use zkattest_verifier::{Refusal, STATEMENT_BYTES, agree_on_public_values, trim_padded_statement};

use crate::{
    bundle::PUBLIC_VALUES_BYTES,
    key::{KEY_WORDS, ProgramKey},
};

/// Compare the key and the output that a proof names, and return the public values.
///
/// A caller who gives a statement of 43 bytes means the one that is padded with zeros; the values
/// are then those 43 bytes, else all 256.
pub(crate) fn compare(
    proof: &VadcopFinalProof,
    key: &ProgramKey,
    callers: Option<&[u8]>,
) -> Result<Vec<u8>, Refusal> {
    let (program, words) = proof
        .public_values
        .split_at_checked(KEY_WORDS)
        .unwrap_or_default();
    key.require(program)?;
    let output = output(words);
    let values = match callers {
        Some(callers) if callers.len() == STATEMENT_BYTES => trim_padded_statement(&output)?,
        _ => &output,
    };
    let digest = |values: &[u8]| Sha256::digest(values).into();
    Ok(agree_on_public_values(callers, values, digest)?.to_vec())
}

/// Lay the words of an output out as bytes, four a word, little-endian.
fn output(words: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PUBLIC_VALUES_BYTES);
    for word in words {
        // The decoder has seen that the upper half is zero.
        bytes.extend(word.to_le_bytes().into_iter().take(4));
    }
    bytes
}
