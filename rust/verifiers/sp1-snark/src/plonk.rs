//! PLONK as gnark has it, verified by `sp1-verifier`; what that does not check is checked here.
//!
//! The library reduces scalars by the modulus, so that a claimed value had several encodings, and
//! trusts keys: it panics at flags that no point has.

use sp1_verifier::PlonkVerifier;
use zkattest_verifier::Refusal;
use zkattest_verifier_groth16_bn254::{
    Reader, Scalar, require_compressed_g1, require_compressed_g2, require_g1,
};

use crate::wrapped::invalid;

/// Bytes of a proof: ten points, six claimed values and one at the shifted point.
pub(crate) const PROOF_BYTES: usize = 864;
/// Bytes of a key; the greater part are lines of pairings that are not read.
pub(crate) const KEY_BYTES: usize = 34_368;
const LINES_BYTES: usize = 33_792;

/// What stands in a proof, in order; points are named in capitals.
const ELEMENTS: [&str; 17] = [
    "L", "R", "O", "H0", "H1", "H2", "l(ζ)", "r(ζ)", "o(ζ)", "s1(ζ)", "s2(ζ)", "Z", "z(ωζ)", "W",
    "W'", "b(ζ)", "B",
];

/// Refuse a proof with a coordinate or scalar that is not canonical, or a point off the curve.
pub(crate) fn require_elements(proof: &[u8]) -> Result<(), Refusal> {
    let mut reader = Reader::new(proof);
    for name in ELEMENTS {
        let what = format!("proof: {name}");
        let found = if name.starts_with(char::is_uppercase) {
            reader.take().map(|point| require_g1(point, &what))
        } else {
            let scalar = reader.take();
            scalar.map(|scalar| Scalar::decode(scalar, &what).map(drop))
        };
        found.unwrap_or_else(|| Err(invalid(format!("{what} is missing"))))?;
    }
    Ok(())
}

/// Verify a proof; the library decodes the key each time.
pub(crate) fn verify(key: &[u8], proof: &[u8], inputs: &[[u8; 32]]) -> Result<(), Refusal> {
    PlonkVerifier::verify_gnark_proof(proof, inputs, key)
        .map_err(|error| invalid(error.to_string()))
}

/// Check a key, and return how many public inputs it has.
pub(crate) fn open_key(key: &[u8]) -> Result<u64, Refusal> {
    let mut reader = Reader::new(key);
    read_key(&mut reader)
        .filter(|_| reader.rest().is_empty())
        .ok_or_else(|| Refusal::VerifierKeyMalformed {
            detail: format!("it has {} bytes, expected {KEY_BYTES}", key.len()),
        })?
}

/// Read size, inverse, generator, inputs, coset, eight points, the commitment and the SRS.
fn read_key(reader: &mut Reader<'_>) -> Option<Result<u64, Refusal>> {
    let _size: &[u8; 8] = reader.take()?;
    let scalars = [read_scalar(reader)?, read_scalar(reader)?];
    let count = u64::from_be_bytes(*reader.take()?);
    let coset = read_scalar(reader)?;
    let points: Vec<_> = (0..8).map_while(|_| read_g1(reader)).collect();
    let commitments = reader.take_u32()?;
    let committed = [read_g1(reader)?, read_g1(reader)?];
    let srs = [read_g2(reader)?, read_g2(reader)?];
    reader.take_slice(LINES_BYTES)?;
    let indexes = reader.take_u32()?;
    let _index: &[u8; 8] = reader.take()?;
    let mut checks = scalars
        .into_iter()
        .chain([coset])
        .chain(points)
        .chain(committed)
        .chain(srs);
    Some(match checks.find(Result::is_err) {
        Some(Err(refusal)) => Err(refusal),
        _ if (commitments, indexes) != (1, 1) => Err(Refusal::VerifierKeyMalformed {
            detail: format!("{commitments} commitments at {indexes} places, expected one"),
        }),
        _ => Ok(count),
    })
}

fn read_scalar(reader: &mut Reader<'_>) -> Option<Result<(), Refusal>> {
    let bytes = reader.take()?;
    Some(Scalar::decode(bytes, "verifier key: a scalar").map(drop))
}

fn read_g1(reader: &mut Reader<'_>) -> Option<Result<(), Refusal>> {
    let bytes = reader.take()?;
    Some(require_compressed_g1(bytes, "verifier key: a point in G1"))
}

fn read_g2(reader: &mut Reader<'_>) -> Option<Result<(), Refusal>> {
    let bytes = reader.take()?;
    Some(require_compressed_g2(bytes, "verifier key: a point in G2"))
}
