//! A proof and its public inputs, decoded.

use ark_bn254::{Bn254, Fr};
use ark_ff::PrimeField;
use zkattest_verifier::{Refusal, require_size};

use crate::{decimal, points};

/// Bytes of a proof: two points of G1 and one of G2, uncompressed.
pub const PROOF_BYTES: usize = 256;
/// Bytes of a public input.
pub const SCALAR_BYTES: usize = 32;

/// A proof whose points are points of their groups; nothing else about it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof(pub(crate) ark_groth16::Proof<Bn254>);

impl Proof {
    /// Decode `A ‖ B ‖ C`, exactly [`PROOF_BYTES`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        require_size(bytes, PROOF_BYTES)?;
        let (coordinates, []) = bytes.as_chunks() else {
            return Err(cut(bytes.len()));
        };
        let [ax, ay, bx1, bx0, by1, by0, cx, cy] = coordinates else {
            return Err(cut(bytes.len()));
        };
        Ok(Self(ark_groth16::Proof {
            a: points::g1([ax, ay], "proof: A")?,
            b: points::g2([bx1, bx0, by1, by0], "proof: B")?,
            c: points::g1([cx, cy], "proof: C")?,
        }))
    }
}

fn cut(length: usize) -> Refusal {
    Refusal::undecodable(format!("it has {length} bytes, expected {PROOF_BYTES}"))
}

/// A public input: an element of the scalar field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalar(pub(crate) Fr);

impl Scalar {
    /// Decode 32 big-endian bytes that are below the modulus; `what` names them in the refusal.
    pub fn decode(bytes: &[u8; SCALAR_BYTES], what: &str) -> Result<Self, Refusal> {
        points::element(bytes, what).map(Self)
    }

    /// Read a number in decimal digits that is below the modulus.
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        decimal::element(text).map(Self)
    }

    /// Return the 32 big-endian bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SCALAR_BYTES] {
        let mut bytes = [0; SCALAR_BYTES];
        let (words, _) = bytes.as_chunks_mut::<8>();
        for (word, limb) in words.iter_mut().rev().zip(self.0.into_bigint().0) {
            *word = limb.to_be_bytes();
        }
        bytes
    }
}
