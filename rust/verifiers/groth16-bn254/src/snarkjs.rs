//! Keys as snarkjs exports them: JSON, coordinates as decimal strings.

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ff::{AdditiveGroup, Field};
use serde::{Deserialize, de::IgnoredAny};
use zkattest_verifier::Refusal;

use crate::{
    decimal,
    key::{VerifyingKey, malformed, what},
    points,
};

/// Characters of what a JSON decoder says that are repeated: it quotes what it met, however long.
const MAX_DETAIL_CHARS: usize = 200;

type G1 = [String; 3];
type G2 = [[String; 2]; 3];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    protocol: String,
    curve: String,
    #[serde(rename = "nPublic")]
    input_count: usize,
    vk_alpha_1: G1,
    vk_beta_2: G2,
    vk_gamma_2: G2,
    vk_delta_2: G2,
    /// The pairing of alpha and beta, which is computed here.
    #[serde(default, rename = "vk_alphabeta_12")]
    _alpha_beta: Option<IgnoredAny>,
    #[serde(rename = "IC")]
    input_points: Vec<G1>,
}

/// Decode and prepare a key.
pub(crate) fn decode(bytes: &[u8]) -> Result<VerifyingKey, Refusal> {
    let key: Key = serde_json::from_slice(bytes).map_err(|error| {
        let detail = error.to_string();
        malformed(detail.chars().take(MAX_DETAIL_CHARS).collect())
    })?;
    if (key.protocol.as_str(), key.curve.as_str()) != ("groth16", "bn128") {
        return Err(malformed(
            "it is not of protocol groth16 on curve bn128".into(),
        ));
    }
    if key.input_points.len() != key.input_count.saturating_add(1) {
        let (got, inputs) = (key.input_points.len(), key.input_count);
        return Err(malformed(format!(
            "{got} points for {inputs} public inputs"
        )));
    }
    let points = key.input_points.iter().enumerate();
    VerifyingKey::prepare(ark_groth16::VerifyingKey::<Bn254> {
        alpha_g1: g1(&key.vk_alpha_1, "alpha in G1")?,
        beta_g2: g2(&key.vk_beta_2, "beta in G2")?,
        gamma_g2: g2(&key.vk_gamma_2, "gamma in G2")?,
        delta_g2: g2(&key.vk_delta_2, "delta in G2")?,
        gamma_abc_g1: points
            .map(|(index, point)| g1(point, &format!("point {index} of the public inputs")))
            .collect::<Result<_, _>>()?,
    })
}

/// Read `[x, y, 1]`, or `[0, 1, 0]` for infinity.
fn g1([x, y, z]: &G1, name: &str) -> Result<G1Affine, Refusal> {
    let name = what(name);
    let (x, y, z) = (number(x, &name)?, number(y, &name)?, number(z, &name)?);
    if (x, y, z) == (Fq::ZERO, Fq::ONE, Fq::ZERO) {
        return Ok(G1Affine::identity());
    }
    require_affine(z == Fq::ONE, &name)?;
    points::g1_from_coordinates(x, y, &name)
}

/// Read `[[x₀, x₁], [y₀, y₁], [1, 0]]`, the real part first.
fn g2([x, y, z]: &G2, name: &str) -> Result<G2Affine, Refusal> {
    let name = what(name);
    let pair = |[real, imaginary]: &[String; 2]| {
        Ok::<_, Refusal>(Fq2::new(number(real, &name)?, number(imaginary, &name)?))
    };
    require_affine(pair(z)? == Fq2::ONE, &name)?;
    points::g2_from_coordinates(pair(x)?, pair(y)?, &name)
}

fn require_affine(affine: bool, name: &str) -> Result<(), Refusal> {
    match affine {
        true => Ok(()),
        false => Err(malformed(format!("{name} is not affine"))),
    }
}

fn number(text: &str, name: &str) -> Result<Fq, Refusal> {
    if !decimal::is_canonical(text) {
        return Err(malformed(format!("{name} is not in decimal digits")));
    }
    decimal::element(text).ok_or_else(|| points::not_canonical(name))
}
