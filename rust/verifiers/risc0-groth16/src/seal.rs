//! A seal: four bytes that select parameters, and a Groth16 proof.

use zkattest_verifier::{Refusal, require_size};
use zkattest_verifier_groth16_bn254::{PROOF_BYTES, Proof};

/// Bytes of a selector.
pub const SELECTOR_BYTES: usize = 4;
/// Bytes of a seal.
pub const SEAL_BYTES: usize = SELECTOR_BYTES + PROOF_BYTES;

/// What RISC Zero's development mode puts in place of a selector; no proof follows.
const FAKE: [u8; SELECTOR_BYTES] = [0xff; SELECTOR_BYTES];

/// A seal that is long enough; nothing in it is verified.
#[derive(Debug)]
pub(crate) struct Seal<'a> {
    pub(crate) selector: [u8; SELECTOR_BYTES],
    points: &'a [u8],
}

impl<'a> Seal<'a> {
    /// Split a seal of exactly [`SEAL_BYTES`]; the fake ones are refused by their selector.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, Refusal> {
        require_size(bytes, SEAL_BYTES)?;
        let seal = match bytes.split_first_chunk() {
            // A fake seal is shorter than a real one: its selector says more than its length.
            Some((&FAKE, _)) => return Err(fake()),
            Some((selector, points)) if points.len() == PROOF_BYTES => Some((*selector, points)),
            _ => None,
        };
        let (selector, points) = seal.ok_or_else(|| {
            let length = bytes.len();
            Refusal::undecodable(format!("it has {length} bytes, expected {SEAL_BYTES}"))
        })?;
        Ok(Self { selector, points })
    }

    /// Decode the points, each canonical and in its group.
    pub(crate) fn proof(&self) -> Result<Proof, Refusal> {
        Proof::decode(self.points)
    }
}

fn fake() -> Refusal {
    Refusal::ProofInvalid {
        detail: "selector 0xffffffff is that of a fake receipt, made in development mode".into(),
    }
}
