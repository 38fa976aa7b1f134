//! Keys that are compiled in, as the systems publish them: points by their coordinates.

use crate::{
    key::{VerifyingKey, what},
    points,
};
use ark_bn254::{G1Affine, G2Affine};
use zkattest_verifier::Refusal;

/// A key as `x ‖ y` in G1 and `x₁ ‖ x₀ ‖ y₁ ‖ y₀` in G2, big-endian, for `N - 1` public inputs.
#[derive(Debug, Clone, Copy)]
pub struct UncompressedKey<const N: usize> {
    /// α in G1.
    pub alpha: [u8; 64],
    /// β in G2.
    pub beta: [u8; 128],
    /// γ in G2.
    pub gamma: [u8; 128],
    /// δ in G2.
    pub delta: [u8; 128],
    /// Points of the public inputs in G1; the first has the factor one.
    pub inputs: [[u8; 64]; N],
}

impl VerifyingKey {
    /// Prepare a key that is given by the coordinates of its points; they are checked as a proof's.
    pub fn from_uncompressed<const N: usize>(key: &UncompressedKey<N>) -> Result<Self, Refusal> {
        Self::prepare(ark_groth16::VerifyingKey {
            alpha_g1: g1(&key.alpha, "alpha")?,
            beta_g2: g2(&key.beta, "beta")?,
            gamma_g2: g2(&key.gamma, "gamma")?,
            delta_g2: g2(&key.delta, "delta")?,
            gamma_abc_g1: key
                .inputs
                .iter()
                .map(|point| g1(point, "a point of the public inputs"))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn g1(bytes: &[u8; 64], name: &str) -> Result<G1Affine, Refusal> {
    match bytes.as_chunks().0 {
        [x, y] => points::g1([x, y], &what(name)),
        _ => Err(crate::key::malformed(what(name))),
    }
}

fn g2(bytes: &[u8; 128], name: &str) -> Result<G2Affine, Refusal> {
    match bytes.as_chunks().0 {
        [x1, x0, y1, y0] => points::g2([x1, x0, y1, y0], &what(name)),
        _ => Err(crate::key::malformed(what(name))),
    }
}
