//! Strict decoding of a `ProofFromNetwork` bundle (bincode 1, fixed-width integers).

use std::io;

use bincode::{DefaultOptions, ErrorKind, Options};
use sp1_hypercube::{SP1PcsProofInner, SP1RecursionProof};
use sp1_primitives::SP1GlobalContext;
use sp1_verifier::{ProofFromNetwork, SP1Proof};

use zkattest_verifier::{CannotVerify, Error, Refusal, bincode_options, require_size};

/// No bundle may be longer; a compressed one takes 1.27 MB.
pub use zkattest_verifier::MAX_PROOF_BYTES;
/// Version of the circuit whose proofs are verified; every bundle names it.
///
/// The proof does not bind the string, so anything else than this one would be a second encoding.
pub const CIRCUIT_VERSION: &str = "v6.1.0";
/// Longest version string that is looked at.
pub const MAX_VERSION_BYTES: usize = 64;

pub(crate) type CompressedProof = SP1RecursionProof<SP1GlobalContext, SP1PcsProofInner>;

/// A bundle that is well formed; nothing in it is verified.
#[derive(Debug)]
pub struct DecodedProof {
    pub(crate) proof: Box<CompressedProof>,
    /// Public values that the bundle names.
    pub public_values: Vec<u8>,
}

/// Decode a compressed bundle; the size is checked before anything is decoded.
pub(crate) fn decode(bytes: &[u8]) -> Result<DecodedProof, Error> {
    require_size(bytes, MAX_PROOF_BYTES)?;
    let bundle = parse(bytes)?;
    require_canonical(&bundle, bytes)?;
    let proof = compressed(bundle.proof)?;
    require_version(&bundle.sp1_version)?;
    Ok(DecodedProof {
        proof,
        public_values: bundle.public_values.to_vec(),
    })
}

fn require_version(got: &str) -> Result<(), Refusal> {
    if got.len() > MAX_VERSION_BYTES {
        let length = got.len();
        return Err(Refusal::undecodable(format!(
            "sp1_version has {length} bytes, limit {MAX_VERSION_BYTES}"
        )));
    }
    if got != CIRCUIT_VERSION {
        return Err(Refusal::ProofVersionMismatch {
            expected: CIRCUIT_VERSION,
            got: got.into(),
        });
    }
    Ok(())
}

/// Keep a compressed proof; name the kinds that are not verified here.
fn compressed(proof: SP1Proof) -> Result<Box<CompressedProof>, CannotVerify> {
    let kind = match proof {
        SP1Proof::Compressed(proof) => return Ok(proof),
        SP1Proof::Core(_) => "core",
        SP1Proof::Plonk(_) => "plonk",
        SP1Proof::Groth16(_) => "groth16",
    };
    let kind = format!("SP1 {kind} proofs, only compressed proofs are verified");
    Err(CannotVerify::Unsupported { kind })
}

/// Read the bundle; length prefixes cannot allocate more than the bytes behind them justify.
///
/// Byte strings are measured against the slice before they are copied, and sequences reserve at
/// most a megabyte ahead of the elements that they really have.
fn parse(bytes: &[u8]) -> Result<ProofFromNetwork, Refusal> {
    bincode_options(MAX_PROOF_BYTES)
        .deserialize(bytes)
        .map_err(|error| Refusal::of_bincode(&error, bytes.len()))
}

/// Write the bundle again and compare: one proof has one encoding.
///
/// The decoder below accepts field elements at or above the modulus and map entries in any order.
fn require_canonical(bundle: &ProofFromNetwork, bytes: &[u8]) -> Result<(), Refusal> {
    let mut comparison = Comparison {
        rest: bytes,
        matched: 0,
    };
    let options = DefaultOptions::new().with_fixint_encoding();
    if let Err(error) = options.serialize_into(&mut comparison, bundle) {
        let detail = match *error {
            ErrorKind::Io(_) => format!("not canonical at byte {}", comparison.matched),
            other => other.to_string(),
        };
        return Err(Refusal::undecodable(detail));
    }
    if !comparison.rest.is_empty() {
        return Err(Refusal::ProofTrailingBytes {
            expected: comparison.matched,
            got: bytes.len(),
        });
    }
    Ok(())
}

/// A sink that accepts exactly the bytes it was given.
struct Comparison<'a> {
    rest: &'a [u8],
    matched: usize,
}

impl io::Write for Comparison<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        match self.rest.split_at_checked(written.len()) {
            Some((head, rest)) if head == written => {
                self.rest = rest;
                self.matched += written.len();
                Ok(written.len())
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
