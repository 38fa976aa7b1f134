//! Strict decoding of a `VadcopFinalProof` (bincode 1, fixed-width integers).

use bincode::Options;
use proofman_fields::{Goldilocks, PrimeField64};
use proofman_verifier::{Poseidon1Verifier, VadcopFinalProof, Verifier as _};
use zkattest_verifier::{CannotVerify, Error, Refusal, bincode_options, require_size};

use crate::key::{HASH_FAMILY, KEY_WORDS};

/// Words of 32 bits that a program may put out.
pub(crate) const OUTPUT_WORDS: usize = 64;
/// Words of a proof that are public: the program key, then the output.
pub(crate) const PUBLIC_WORDS: usize = KEY_WORDS + OUTPUT_WORDS;
/// Bytes of an output; a program that puts out fewer has zeros behind them.
pub const PUBLIC_VALUES_BYTES: usize = 4 * OUTPUT_WORDS;
/// No bundle may be longer; a minimal one takes 255 kB, one that is not minimal a little more.
pub const MAX_PROOF_BYTES: usize = 1 << 20;

/// Decode a minimal proof; the size is checked before anything is decoded.
pub(crate) fn decode(bytes: &[u8]) -> Result<VadcopFinalProof, Error> {
    require_size(bytes, MAX_PROOF_BYTES)?;
    let bundle = parse(bytes)?;
    require_minimal(&bundle)?;
    require_shape(&bundle)?;
    require_canonical(&bundle)?;
    Ok(bundle)
}

/// Read the bundle; length prefixes cannot allocate more than a megabyte ahead of their elements.
///
/// Integers have a fixed width, a boolean is 0 or 1: what decodes has no second encoding.
fn parse(bytes: &[u8]) -> Result<VadcopFinalProof, Refusal> {
    let mut rest = bytes;
    let bundle = bincode_options(MAX_PROOF_BYTES)
        .deserialize_from(&mut rest)
        .map_err(|error| Refusal::of_bincode(&error, bytes.len()))?;
    if !rest.is_empty() {
        return Err(Refusal::ProofTrailingBytes {
            expected: bytes.len() - rest.len(),
            got: bytes.len(),
        });
    }
    Ok(bundle)
}

/// Keep a minimal proof of the hash family whose key is here.
fn require_minimal(bundle: &VadcopFinalProof) -> Result<(), Error> {
    if !bundle.compressed {
        return Err(CannotVerify::Unsupported {
            kind: "ZisK final vadcop proofs, only minimal (compressed) ones are verified".into(),
        }
        .into());
    }
    if bundle.hash != HASH_FAMILY {
        return Err(Refusal::ProofVersionMismatch {
            expected: HASH_FAMILY,
            got: bundle.hash.chars().take(64).collect(),
        }
        .into());
    }
    Ok(())
}

/// Require the lengths of the circuit, which the library reserves, walks and indexes by.
fn require_shape(bundle: &VadcopFinalProof) -> Result<(), Refusal> {
    let expected = Poseidon1Verifier.expected_vadcop_final_compressed_proof_bytes() / 8;
    for (what, expected, got) in [
        ("words of proof", expected, bundle.proof.len()),
        ("public words", PUBLIC_WORDS, bundle.public_values.len()),
    ] {
        if got != expected {
            return Err(Refusal::undecodable(format!(
                "it has {got} {what}, not {expected}"
            )));
        }
    }
    Ok(())
}

/// Require the one encoding of each field element: below the modulus, and an output in 32 bits.
fn require_canonical(bundle: &VadcopFinalProof) -> Result<(), Refusal> {
    for (what, words) in [
        ("public word", &bundle.public_values),
        ("proof word", &bundle.proof),
    ] {
        if let Some(index) = words.iter().position(|word| *word >= Goldilocks::ORDER_U64) {
            return Err(Refusal::FieldElementNotCanonical {
                what: format!("{what} {index}"),
            });
        }
    }
    let output = bundle.public_values.iter().skip(KEY_WORDS);
    match output.clone().position(|word| *word > u64::from(u32::MAX)) {
        None => Ok(()),
        Some(index) => Err(Refusal::undecodable(format!(
            "output word {index} has more than 32 bits"
        ))),
    }
}
