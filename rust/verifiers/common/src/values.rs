//! Public values: whose they are, and how a statement of 43 bytes may be padded.

use crate::error::Refusal;

/// Bytes of a block statement: `root[32] ‖ valid[1] ‖ chain_id u64 LE ‖ schema_id u16 LE`.
pub const STATEMENT_BYTES: usize = 43;

/// Choose the public values: the caller's, which a proof that carries any must repeat.
///
/// `digest` names values that may be long in the refusal.
pub fn agree_on_public_values<'a>(
    callers: Option<&'a [u8]>,
    proofs: &'a [u8],
    digest: impl Fn(&[u8]) -> [u8; 32],
) -> Result<&'a [u8], Refusal> {
    match callers {
        None => Ok(proofs),
        Some(callers) if proofs.is_empty() || callers == proofs => Ok(callers),
        Some(callers) => Err(Refusal::public_values_mismatch(
            digest(callers),
            digest(proofs),
        )),
    }
}

/// Return the first 43 bytes of an output whose tail is zero, or refuse a dirty tail.
///
/// Machines with outputs of a fixed length pad the statement; a tail that says something would be a
/// second encoding of it.
pub fn trim_padded_statement(padded: &[u8]) -> Result<&[u8], Refusal> {
    let Some((statement, tail)) = padded.split_at_checked(STATEMENT_BYTES) else {
        return Ok(padded);
    };
    match tail.iter().position(|byte| *byte != 0) {
        None => Ok(statement),
        Some(at) => Err(Refusal::PublicValuesPaddingNotZero {
            at: STATEMENT_BYTES + at,
        }),
    }
}
