//! Strict decoding of `SP1ProofWithPublicValues` and `ProofFromNetwork` (bincode 1, fixed integers).
//!
//! A bundle says most things twice. Whatever it says again must agree with what is verified, so that
//! a bundle cannot tell a person one thing and the verifier another. Only the second encoding of a
//! PLONK proof (`raw_proof`) is not read.

use zkattest_verifier::{CannotVerify, Error, Hash, Refusal};
use zkattest_verifier_groth16_bn254::{Reader, Scalar};

use crate::{Wrapping, wrapped::Wrapped};

/// Digits of the longest public input; a longer text is the proof that follows them.
const MAX_INPUT_DIGITS: usize = 77;
/// Longest version that is looked at.
const MAX_VERSION_BYTES: usize = 64;

/// A bundle whose fields are there; nothing in it is verified.
#[derive(Debug)]
pub(crate) struct Bundle<'a> {
    wrapping: Wrapping,
    public_inputs: Vec<&'a str>,
    encoded_proof: &'a str,
    raw_proof: &'a str,
    key_digest: &'a [u8; 32],
    /// Public values that the bundle names.
    pub(crate) public_values: &'a [u8],
    version: &'a str,
}

impl<'a> Bundle<'a> {
    /// Decode a bundle to its last byte.
    pub(crate) fn decode(wrapping: Wrapping, bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let bundle =
            Self::read(wrapping, &mut reader).ok_or_else(|| Refusal::cut(bytes.len()))??;
        // `ProofFromNetwork` ends here; in the other an option follows, whether a TEE signed.
        match reader.rest() {
            [] | [0] => Ok(bundle),
            [1, ..] => {
                let kind = "SP1 proofs with the signature of a TEE".into();
                Err(CannotVerify::Unsupported { kind }.into())
            }
            rest => Err(Refusal::ProofTrailingBytes {
                expected: bytes.len() - rest.len() + usize::from(rest.first() == Some(&0)),
                got: bytes.len(),
            }
            .into()),
        }
    }

    fn read(wrapping: Wrapping, reader: &mut Reader<'a>) -> Option<Result<Self, Refusal>> {
        let _kind: &[u8; 4] = reader.take()?;
        let mut public_inputs = Vec::new();
        let encoded_proof = loop {
            match read_text(reader)? {
                Ok(input) if input.len() <= MAX_INPUT_DIGITS => public_inputs.push(input),
                Ok(proof) => break proof,
                Err(refusal) => return Some(Err(refusal)),
            }
            if public_inputs.len() > 5 {
                let detail = "it has more than five public inputs";
                return Some(Err(Refusal::undecodable(detail)));
            }
        };
        let raw_proof = read_text(reader)?;
        let key_digest = reader.take()?;
        let public_values = read_bytes(reader)?;
        let version = read_text(reader)?;
        Some(raw_proof.and_then(|raw_proof| {
            Ok(Self {
                wrapping,
                public_inputs,
                encoded_proof,
                raw_proof,
                key_digest,
                public_values,
                version: version?,
            })
        }))
    }

    /// Put the proof together as contracts take it: selector, then what is encoded.
    pub(crate) fn proof(&self) -> Result<Vec<u8>, Refusal> {
        let encoded = decode_hex(self.encoded_proof, "encoded_proof")?;
        let [a, b, c, d, ..] = *self.key_digest;
        Ok([&[a, b, c, d], encoded.as_slice()].concat())
    }

    /// Compare everything that the bundle says twice; return the digest of the public values.
    pub(crate) fn require_consistent(
        &self,
        wrapped: &Wrapped<'_>,
        program_key: &Scalar,
        digests: &[[u8; 32]; 2],
    ) -> Result<[u8; 32], Refusal> {
        self.require_version(wrapped)?;
        let mut inputs = self.decode_inputs(wrapped)?.into_iter();
        let (got_key, got_digest) = (inputs.next(), inputs.next());
        if got_key != Some(program_key.to_bytes()) {
            return Err(Refusal::ProgramKeyMismatch {
                expected: Hash(program_key.to_bytes()),
                got: Hash(got_key.unwrap_or_default()),
            });
        }
        let got_digest = got_digest.unwrap_or_default();
        if !digests.contains(&got_digest) {
            let [expected, _] = *digests;
            return Err(Refusal::public_values_mismatch(expected, got_digest));
        }
        if !wrapped.header_inputs().copied().eq(inputs) {
            return Err(Refusal::undecodable(
                "its public inputs are not those of encoded_proof",
            ));
        }
        self.require_raw_proof(wrapped)?;
        Ok(got_digest)
    }

    fn require_version(&self, wrapped: &Wrapped<'_>) -> Result<(), Refusal> {
        let version = wrapped.version;
        if *self.key_digest != version.key_digest {
            return Err(Refusal::undecodable(
                "its key digest is of no key, but for the selector",
            ));
        }
        if self.version.len() > MAX_VERSION_BYTES {
            let length = self.version.len();
            return Err(Refusal::undecodable(format!(
                "sp1_version has {length} bytes, limit {MAX_VERSION_BYTES}"
            )));
        }
        match version.name {
            Some(expected) if expected != self.version => Err(Refusal::ProofVersionMismatch {
                expected,
                got: self.version.into(),
            }),
            _ => Ok(()),
        }
    }

    fn decode_inputs(&self, wrapped: &Wrapped<'_>) -> Result<Vec<[u8; 32]>, Refusal> {
        let expected = wrapped.version.input_count();
        if self.public_inputs.len() != expected {
            let got = self.public_inputs.len();
            return Err(Refusal::undecodable(format!(
                "it has {got} public inputs, expected {expected}"
            )));
        }
        let numbered = self.public_inputs.iter().enumerate();
        numbered
            .map(|(index, text)| {
                Scalar::from_decimal(text)
                    .map(|scalar| scalar.to_bytes())
                    .ok_or_else(|| Refusal::FieldElementNotCanonical {
                        what: format!("public input {index}"),
                    })
            })
            .collect()
    }

    /// gnark's own encoding of a Groth16 proof: the same points, then no commitments.
    fn require_raw_proof(&self, wrapped: &Wrapped<'_>) -> Result<(), Refusal> {
        let raw = decode_hex(self.raw_proof, "raw_proof")?;
        if self.wrapping == Wrapping::Plonk {
            return Ok(());
        }
        match raw.strip_prefix(wrapped.body) {
            Some(rest) if rest.iter().all(|byte| *byte == 0) => Ok(()),
            _ => Err(Refusal::undecodable(
                "raw_proof is not that of encoded_proof",
            )),
        }
    }
}

fn decode_hex(text: &str, name: &str) -> Result<Vec<u8>, Refusal> {
    let bytes =
        hex::decode(text).map_err(|error| Refusal::undecodable(format!("{name}: {error}")))?;
    // Upper case would be a second encoding.
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Refusal::undecodable(format!("{name} is not in lower case")));
    }
    Ok(bytes)
}

/// Read a byte string after its length; nothing is copied.
fn read_bytes<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = u64::from_le_bytes(*reader.take()?);
    reader.take_slice(usize::try_from(length).ok()?)
}

fn read_text<'a>(reader: &mut Reader<'a>) -> Option<Result<&'a str, Refusal>> {
    let bytes = read_bytes(reader)?;
    Some(std::str::from_utf8(bytes).map_err(|error| Refusal::undecodable(error.to_string())))
}
