//! A program key: OpenVM's verification baseline, or a digest that stands for it.

use sha2::{Digest as _, Sha256};
use zkattest_verifier::{Hash, Refusal};

use crate::MODULUS;

/// Bytes of a baseline, as `bitcode` writes it.
pub const KEY_BYTES: usize = 367;

/// Elements of the commitment to the program, at the front.
const COMMITMENT_ELEMENTS: usize = 8;
/// Bytes that say how the memory is laid out, behind the commitment.
const MEMORY_BYTES: usize = 6;
/// Elements of the commitments to the circuits, eight digests.
const CIRCUIT_ELEMENTS: usize = 64;
/// A marker that the number is not packed, and the number.
const ELEMENT_BYTES: usize = 5;

/// The key of a program; a proof does not carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramKey {
    digest: [u8; 32],
}

impl ProgramKey {
    /// Read a baseline of 367 bytes, or take its SHA-256.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        if let Ok(digest) = bytes.try_into() {
            return Ok(Self { digest });
        }
        if bytes.len() != KEY_BYTES {
            return Err(malformed(format!(
                "it has {} bytes, expected {KEY_BYTES}, or 32 of its SHA-256",
                bytes.len()
            )));
        }
        let (program, rest) = bytes.split_at(COMMITMENT_ELEMENTS * ELEMENT_BYTES);
        let (_, rest) = rest.split_at(MEMORY_BYTES);
        let (circuits, end) = rest.split_at(CIRCUIT_ELEMENTS * ELEMENT_BYTES);
        require_elements(program, "program commitment")?;
        require_elements(circuits, "circuit commitments")?;
        if end != [0] {
            return Err(malformed("it expects deferred computations".into()));
        }
        Ok(Self {
            digest: Sha256::digest(bytes).into(),
        })
    }

    /// Return what names the key: the SHA-256 of the baseline.
    #[must_use]
    pub fn name(&self) -> Hash {
        Hash(self.digest)
    }
}

/// Check numbers that follow a marker each; they stand as Montgomery's multiples, also below the
/// modulus.
fn require_elements(bytes: &[u8], what: &str) -> Result<(), Refusal> {
    for (index, element) in bytes.as_chunks::<ELEMENT_BYTES>().0.iter().enumerate() {
        let [marker, number @ ..] = element;
        if *marker != 0 || u32::from_le_bytes(*number) >= MODULUS {
            return Err(malformed(format!("{what}: element {index} is none")));
        }
    }
    Ok(())
}

fn malformed(detail: String) -> Refusal {
    Refusal::ProgramKeyMalformed { detail }
}
