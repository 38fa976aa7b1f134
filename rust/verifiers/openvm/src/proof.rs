//! The head and the end of a proof: version, circuits, public values.
//!
//! Source: `openvm-stark-backend` (`Proof`, `Encode`) and `openvm-verify-stark-host`
//! (`VmStarkProof`, `UserPublicValuesProof`). Between head and end stand openings whose lengths only
//! the verifier's key tells.

use zkattest_verifier::{CannotVerify, Error, MAX_PROOF_BYTES, Refusal, require_size};

use crate::{MODULUS, reader::Reader};

/// Version of the encoding that is decoded; every proof begins with it.
pub const CODEC_VERSION: u32 = 3;
/// Bytes of the public values, padded with zeros.
pub const PUBLIC_VALUES_BYTES: usize = 256;

/// Highest version that is taken for one; other first words are not OpenVM's.
const MAX_CODEC_VERSION: u32 = 16;
/// Elements of a digest.
const DIGEST_ELEMENTS: usize = 8;
/// Bytes of an element.
const ELEMENT_BYTES: usize = 4;
/// Circuits that a proof may speak of; the fixture has 42.
const MAX_CIRCUITS: usize = 1024;
/// A trace has no more than 2³² rows.
const MAX_LOG_HEIGHT: u32 = 32;
/// Two bytes of public values an element.
const VALUE_ELEMENTS: usize = PUBLIC_VALUES_BYTES / 2;
/// The end of a proof: number of values, values, their commitment, no deferred computations.
const END_BYTES: usize = ELEMENT_BYTES * (1 + VALUE_ELEMENTS + DIGEST_ELEMENTS) + 1;

/// What a proof says of itself; nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedProof {
    /// How many circuits the proof speaks of.
    pub circuits: usize,
    /// Values that the program put out, padded.
    pub public_values: Vec<u8>,
}

/// Decode head and end; the size is checked before anything is decoded.
pub(crate) fn decode(bytes: &[u8]) -> Result<DecodedProof, Error> {
    require_size(bytes, MAX_PROOF_BYTES)?;
    let mut reader = Reader::new(bytes);
    require_version(reader.number()?)?;
    let circuits = read_head(&mut reader)?;
    let public_values = read_end(reader.rest())?;
    Ok(DecodedProof {
        circuits,
        public_values,
    })
}

fn require_version(version: u32) -> Result<(), Error> {
    match version {
        CODEC_VERSION => Ok(()),
        0 | MAX_CODEC_VERSION.. => Err(Refusal::undecodable(format!(
            "it begins with {version}, which is no version of OpenVM's encoding"
        ))
        .into()),
        // Older ones are of previews, and what bundles of other systems begin with.
        ..CODEC_VERSION => Err(Refusal::ProofVersionMismatch {
            expected: "codec 3",
            got: format!("codec {version}"),
        }
        .into()),
        _ => Err(CannotVerify::Unsupported {
            kind: format!(
                "OpenVM proofs of codec {version}; codec {CODEC_VERSION} is decoded, none verified"
            ),
        }
        .into()),
    }
}

/// Read commitments, heights and public values of the circuits, and return how many there are.
fn read_head(reader: &mut Reader<'_>) -> Result<usize, Refusal> {
    reader.elements(DIGEST_ELEMENTS)?;
    let circuits = reader.number()? as usize;
    if circuits == 0 || circuits > MAX_CIRCUITS {
        return Err(Refusal::undecodable(format!("it has {circuits} circuits")));
    }
    for _ in 0..read_present(reader, circuits)? {
        let log_height = reader.number()?;
        if log_height > MAX_LOG_HEIGHT {
            return Err(Refusal::undecodable(format!(
                "a trace has 2^{log_height} rows"
            )));
        }
        let commitments = reader.count(DIGEST_ELEMENTS * ELEMENT_BYTES)?;
        reader.elements(commitments * DIGEST_ELEMENTS)?;
    }
    let with_values = reader.number()? as usize;
    if with_values != circuits {
        return Err(Refusal::undecodable(format!(
            "it has public values of {with_values} circuits, not {circuits}"
        )));
    }
    for _ in 0..with_values {
        let values = reader.count(ELEMENT_BYTES)?;
        reader.elements(values)?;
    }
    Ok(circuits)
}

/// Read the bitmap of circuits that have a trace; bits beyond the last circuit are zero.
fn read_present(reader: &mut Reader<'_>, circuits: usize) -> Result<u32, Refusal> {
    let bitmap = reader.take(circuits.div_ceil(8))?;
    let unused = bitmap.len() * 8 - circuits;
    if bitmap
        .last()
        .is_some_and(|last| last.leading_zeros() < unused as u32)
    {
        return Err(Refusal::undecodable(
            "its bitmap has bits beyond its circuits",
        ));
    }
    Ok(bitmap.iter().map(|byte| byte.count_ones()).sum())
}

/// Read the public values at the end, two bytes an element.
fn read_end(rest: &[u8]) -> Result<Vec<u8>, Refusal> {
    let Some((_, end)) = rest
        .len()
        .checked_sub(END_BYTES)
        .and_then(|at| rest.split_at_checked(at))
    else {
        return Err(Refusal::undecodable("it ends before its public values"));
    };
    let mut reader = Reader::new(end);
    let count = reader.number()? as usize;
    if count != VALUE_ELEMENTS {
        return Err(Refusal::undecodable(format!(
            "it has {count} elements of public values, not {VALUE_ELEMENTS}"
        )));
    }
    let mut values = Vec::with_capacity(PUBLIC_VALUES_BYTES);
    for (index, element) in reader.elements(VALUE_ELEMENTS)?.into_iter().enumerate() {
        let Ok(pair) = u16::try_from(element) else {
            return Err(Refusal::undecodable(format!(
                "element {index} of its public values has more than 16 bits"
            )));
        };
        values.extend(pair.to_le_bytes());
    }
    reader.elements(DIGEST_ELEMENTS)?;
    match reader.rest() {
        [0] => Ok(values),
        _ => Err(Refusal::undecodable("it has deferred computations")),
    }
}

const _: () = assert!(MODULUS > u16::MAX as u32);
