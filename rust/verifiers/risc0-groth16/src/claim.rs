//! RISC Zero's tagged hashes, and the claim that a receipt of a successful run makes.
//!
//! Source: `risc0-binfmt` (`tagged_struct`, `tagged_list`, `SystemState`) and `risc0-zkvm`
//! (`ReceiptClaim::ok`, `Output`).

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
pub(crate) type Digest = [u8; 32];

/// The digest of nothing: no input, no assumptions, an empty list.
pub(crate) const ZERO: Digest = [0; 32];

/// Hash a struct: digest of its tag, digests of its fields, its words, and how many fields it has.
pub(crate) fn tagged_struct<const N: usize>(
    tag: &str,
    fields: [&Digest; N],
    words: &[u32],
) -> Digest {
    let mut hasher = Sha256::new().chain_update(Sha256::digest(tag));
    for field in fields {
        hasher.update(field);
    }
    for word in words {
        hasher.update(word.to_le_bytes());
    }
    // As many fields as the callers below write out: a handful.
    hasher.update((N as u16).to_le_bytes());
    hasher.finalize().into()
}

/// Hash a list from its end: each element as a struct of itself and the rest.
pub(crate) fn tagged_list(tag: &str, elements: impl DoubleEndedIterator<Item = Digest>) -> Digest {
    elements.rfold(ZERO, |rest, element| {
        tagged_struct(tag, [&element, &rest], &[])
    })
}

/// Return the digest of the claim that `image_id` halted with exit code 0 and wrote `journal`.
pub(crate) fn digest(image_id: &Digest, journal: &[u8]) -> Digest {
    let journal = Sha256::digest(journal).into();
    let output = tagged_struct("risc0.Output", [&journal, &ZERO], &[]);
    // A machine that has halted has no memory and no next instruction.
    let halted = tagged_struct("risc0.SystemState", [&ZERO], &[0]);
    // Exit codes of the system and of the program: halted, 0.
    let exit = [0, 0];
    tagged_struct(
        "risc0.ReceiptClaim",
        [&ZERO, image_id, &halted, &output],
        &exit,
    )
}
