//! A verifying key: decoded strictly, prepared once.

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_groth16::{Groth16, PreparedVerifyingKey, prepare_verifying_key};
use zkattest_verifier::{CannotVerify, Error, Refusal};

use crate::{
    points,
    proof::{Proof, Scalar},
    reader::Reader,
    snarkjs,
};

/// No key may be longer: two thousand public inputs in gnark's encoding.
pub const MAX_KEY_BYTES: usize = 1 << 16;

/// A key whose points are points of their groups, with the pairings that every proof needs.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    prepared: PreparedVerifyingKey<Bn254>,
}

impl VerifyingKey {
    /// Decode a key of gnark, or of snarkjs when it begins with a brace.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(too_large(bytes.len()).into());
        }
        match bytes.first() {
            Some(b'{') => Ok(snarkjs::decode(bytes)?),
            _ => Self::from_gnark(bytes),
        }
    }

    /// Decode what gnark's `VerifyingKey.WriteTo` writes.
    pub fn from_gnark(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let key = read_gnark(&mut reader)
            .ok_or_else(|| malformed(format!("it is cut, after {} bytes", bytes.len())))??;
        if !reader.rest().is_empty() {
            let extra = reader.rest().len();
            return Err(malformed(format!("{extra} bytes stand behind it")).into());
        }
        Ok(Self::prepare(key)?)
    }

    /// Prepare a key; its points must be in their groups, and those that must hide something are
    /// not infinity.
    pub fn prepare(key: ark_groth16::VerifyingKey<Bn254>) -> Result<Self, Refusal> {
        require_not_zero(key.alpha_g1, "alpha")?;
        require_not_zero(key.beta_g2, "beta")?;
        require_not_zero(key.gamma_g2, "gamma")?;
        require_not_zero(key.delta_g2, "delta")?;
        if key.gamma_abc_g1.is_empty() {
            return Err(malformed("it has no points for public inputs".into()));
        }
        Ok(Self {
            prepared: prepare_verifying_key(&key),
        })
    }

    /// Return how many public inputs the circuit has.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.prepared.vk.gamma_abc_g1.len().saturating_sub(1)
    }

    /// Check the equation of the pairings; as many inputs as the circuit has.
    pub fn verify(&self, proof: &Proof, inputs: &[Scalar]) -> Result<(), Refusal> {
        let inputs: Vec<Fr> = inputs.iter().map(|input| input.0).collect();
        match Groth16::<Bn254>::verify_proof(&self.prepared, &proof.0, &inputs) {
            Ok(true) => Ok(()),
            Ok(false) => Err(invalid("the equation of the pairings does not hold".into())),
            Err(error) => Err(invalid(error.to_string())),
        }
    }
}

fn require_not_zero(point: impl AffineRepr, what: &str) -> Result<(), Refusal> {
    if point.is_zero() {
        return Err(malformed(format!("{what} is the point at infinity")));
    }
    Ok(())
}

/// Read the key, or nothing where it is cut.
///
/// The order is gnark's: α₁, β₁, β₂, γ₂, δ₁, δ₂, the points of the public inputs, then what belongs
/// to commitments. β₁ and δ₁ serve provers only, and are checked all the same.
fn read_gnark(reader: &mut Reader<'_>) -> Option<Result<ark_groth16::VerifyingKey<Bn254>, Error>> {
    let alpha_g1 = compressed_g1(reader, "alpha in G1")?;
    let beta_g1 = compressed_g1(reader, "beta in G1")?;
    let beta_g2 = compressed_g2(reader, "beta in G2")?;
    let gamma_g2 = compressed_g2(reader, "gamma in G2")?;
    let delta_g1 = compressed_g1(reader, "delta in G1")?;
    let delta_g2 = compressed_g2(reader, "delta in G2")?;
    let gamma_abc_g1 = read_points(reader)?;
    let (committed, commitments) = (reader.take_u32()?, reader.take_u32()?);
    Some((|| {
        if committed != 0 || commitments != 0 {
            let kind = "keys of gnark with commitments".into();
            return Err(CannotVerify::Unsupported { kind }.into());
        }
        beta_g1.and(delta_g1).map(drop)?;
        Ok(ark_groth16::VerifyingKey {
            alpha_g1: alpha_g1?,
            beta_g2: beta_g2?,
            gamma_g2: gamma_g2?,
            delta_g2: delta_g2?,
            gamma_abc_g1: gamma_abc_g1?,
        })
    })())
}

fn compressed_g1(reader: &mut Reader<'_>, name: &str) -> Option<Result<G1Affine, Refusal>> {
    let bytes = reader.take()?;
    Some(points::compressed_g1(bytes, &what(name)))
}

fn compressed_g2(reader: &mut Reader<'_>, name: &str) -> Option<Result<G2Affine, Refusal>> {
    let x = [reader.take()?, reader.take()?];
    Some(points::compressed_g2(x, &what(name)))
}

/// Read the points of the public inputs; their number allocates nothing before they are there.
fn read_points(reader: &mut Reader<'_>) -> Option<Result<Vec<G1Affine>, Refusal>> {
    let count = reader.take_u32()?;
    (0..count)
        .map(|index| compressed_g1(reader, &format!("point {index} of the public inputs")))
        .collect()
}

pub(crate) fn what(name: &str) -> String {
    format!("verifier key: {name}")
}

pub(crate) fn malformed(detail: String) -> Refusal {
    Refusal::VerifierKeyMalformed { detail }
}

pub(crate) fn too_large(length: usize) -> Refusal {
    malformed(format!("it has {length} bytes, limit {MAX_KEY_BYTES}"))
}

fn invalid(detail: String) -> Refusal {
    Refusal::ProofInvalid { detail }
}
