//! What decoding a proof begins with: its size, and bincode whose errors a person understands.

use bincode::{DefaultOptions, ErrorKind, Options};

use crate::error::Refusal;

/// Refuse a proof that is empty or too long; nothing of it is decoded before.
pub fn require_size(proof: &[u8], limit: usize) -> Result<(), Refusal> {
    if proof.is_empty() {
        return Err(Refusal::undecodable("it is empty"));
    }
    if proof.len() > limit {
        return Err(Refusal::ProofTooLarge {
            got: proof.len(),
            limit,
        });
    }
    Ok(())
}

/// Read bincode 1 with integers of fixed width, of at most `limit` bytes; what follows is left.
pub fn bincode_options(limit: usize) -> impl Options {
    DefaultOptions::new()
        .with_fixint_encoding()
        .allow_trailing_bytes()
        .with_limit(limit as u64)
}

impl Refusal {
    /// Refuse a proof that cannot be decoded.
    #[must_use]
    pub fn undecodable(detail: impl Into<String>) -> Self {
        Self::ProofUndecodable {
            detail: detail.into(),
        }
    }

    /// Refuse a proof of so many bytes that ends too early.
    #[must_use]
    pub fn cut(length: usize) -> Self {
        Self::undecodable(format!("it ends inside a field, after {length} bytes"))
    }

    /// Say what bincode met in a proof of so many bytes, in words that help who holds the file.
    #[must_use]
    pub fn of_bincode(error: &ErrorKind, length: usize) -> Self {
        match error {
            ErrorKind::Io(_) => Self::cut(length),
            ErrorKind::SizeLimit => Self::undecodable("a length in it is out of bounds"),
            other => Self::undecodable(other.to_string()),
        }
    }
}
