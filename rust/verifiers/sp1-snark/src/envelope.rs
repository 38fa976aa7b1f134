//! What a proof file holds: the proof alone, or a bundle around it.

use std::borrow::Cow;

use zkattest_verifier::{CannotVerify, Error, MAX_PROOF_BYTES, require_size};

use crate::{Wrapping, bundle::Bundle};

/// A proof from its selector on, and the bundle that it came in.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    proof: Cow<'a, [u8]>,
    bundle: Option<Bundle<'a>>,
}

/// Kinds of proof as bundles number them, in four little-endian bytes.
const CORE: u32 = 0;
const COMPRESSED: u32 = 1;
const PLONK: u32 = 2;
const GROTH16: u32 = 3;

impl<'a> Envelope<'a> {
    /// Open a bundle, or take the bytes as they are; the size is checked first.
    ///
    /// A bundle begins with a small number; no selector of SP1 is one.
    pub(crate) fn open(wrapping: Wrapping, bytes: &'a [u8]) -> Result<Self, Error> {
        require_size(bytes, MAX_PROOF_BYTES)?;
        let kind = match bytes.first_chunk().copied().map(u32::from_le_bytes) {
            Some(CORE) => "core",
            Some(COMPRESSED) => "compressed",
            Some(PLONK) if wrapping == Wrapping::Groth16 => "plonk",
            Some(GROTH16) if wrapping == Wrapping::Plonk => "groth16",
            Some(PLONK | GROTH16) => return Self::open_bundle(wrapping, bytes),
            _ => return Ok(Self::bare(bytes)),
        };
        let kind = format!("SP1 {kind} proofs, only {wrapping} proofs are verified");
        Err(CannotVerify::Unsupported { kind }.into())
    }

    fn bare(bytes: &'a [u8]) -> Self {
        Self {
            proof: bytes.into(),
            bundle: None,
        }
    }

    fn open_bundle(wrapping: Wrapping, bytes: &'a [u8]) -> Result<Self, Error> {
        let bundle = Bundle::decode(wrapping, bytes)?;
        Ok(Self {
            proof: bundle.proof()?.into(),
            bundle: Some(bundle),
        })
    }

    /// Return the proof from its selector on.
    pub(crate) fn proof(&self) -> &[u8] {
        &self.proof
    }

    pub(crate) fn bundle(&self) -> Option<&Bundle<'a>> {
        self.bundle.as_ref()
    }
}
