//! A proof as contracts take it: selector, what circuits from v6 put next, body.

use zkattest_verifier::{Hash, Refusal};
use zkattest_verifier_groth16_bn254::{PROOF_BYTES as GROTH16_BYTES, Proof, Reader, Scalar};

use crate::{
    plonk,
    versions::{Version, WrappingKey},
};

/// Bytes of a selector.
pub(crate) const SELECTOR_BYTES: usize = 4;
/// Exit code, root of the recursion keys, nonce.
const HEADER_INPUTS: usize = 3;
const INPUT_BYTES: usize = 32;

/// A proof whose length, header and points are in order.
#[derive(Debug)]
pub(crate) struct Wrapped<'a> {
    pub(crate) version: &'a Version,
    header: Vec<[u8; INPUT_BYTES]>,
    pub(crate) body: &'a [u8],
    groth16: Option<Proof>,
}

impl<'a> Wrapped<'a> {
    /// Decode a proof of a version: length, exit code, root, nonce, points, in this order.
    pub(crate) fn decode(version: &'a Version, proof: &'a [u8]) -> Result<Self, Refusal> {
        require_length(version, proof.len())?;
        let mut reader = Reader::new(proof);
        let _selector: Option<&[u8; SELECTOR_BYTES]> = reader.take();
        let mut header = Vec::new();
        if let Some(root) = &version.root {
            header.extend(std::iter::from_fn(|| reader.take().copied()).take(HEADER_INPUTS));
            require_header(&header, root)?;
        }
        let body = reader.rest();
        let groth16 = match version.key {
            WrappingKey::Groth16(_) => Some(Proof::decode(body)?),
            WrappingKey::Plonk(_) => plonk::require_elements(body).map(|()| None)?,
        };
        Ok(Self {
            version,
            header,
            body,
            groth16,
        })
    }

    /// Return the public inputs that the proof itself carries.
    pub(crate) fn header_inputs(&self) -> impl Iterator<Item = &[u8; INPUT_BYTES]> {
        self.header.iter()
    }

    /// Verify the proof for a program and a digest of public values.
    pub(crate) fn verify(
        &self,
        program_key: &[u8; INPUT_BYTES],
        digest: &[u8; INPUT_BYTES],
    ) -> Result<(), Refusal> {
        let inputs = [program_key, digest].into_iter().chain(&self.header);
        match (&self.version.key, &self.groth16) {
            (WrappingKey::Groth16(key), Some(proof)) => {
                let inputs = inputs
                    .map(|input| Scalar::decode(input, "public input"))
                    .collect::<Result<Vec<_>, _>>()?;
                key.verify(proof, &inputs)
            }
            (WrappingKey::Plonk(key), _) => {
                let inputs: Vec<_> = inputs.copied().collect();
                plonk::verify(key, self.body, &inputs)
            }
            (WrappingKey::Groth16(_), None) => Err(Refusal::undecodable("it has no points")),
        }
    }
}

fn require_length(version: &Version, got: usize) -> Result<(), Refusal> {
    let header = version.root.map_or(0, |_| HEADER_INPUTS * INPUT_BYTES);
    let body = match version.key {
        WrappingKey::Groth16(_) => GROTH16_BYTES,
        WrappingKey::Plonk(_) => plonk::PROOF_BYTES,
    };
    let expected = SELECTOR_BYTES + header + body;
    if got < expected {
        return Err(Refusal::undecodable(format!(
            "it has {got} bytes, expected {expected}"
        )));
    }
    if got > expected {
        return Err(Refusal::ProofTrailingBytes { expected, got });
    }
    Ok(())
}

fn require_header(header: &[[u8; INPUT_BYTES]], expected: &[u8; 32]) -> Result<(), Refusal> {
    let [exit_code, root, nonce] = header else {
        return Err(Refusal::undecodable("it is cut"));
    };
    if *exit_code != [0; INPUT_BYTES] {
        return Err(invalid(format!(
            "the program failed, exit code {}",
            Hash(*exit_code)
        )));
    }
    if root != expected {
        let (got, expected) = (Hash(*root), Hash(*expected));
        return Err(invalid(format!(
            "the root of the recursion keys is {got}, expected {expected}"
        )));
    }
    Scalar::decode(nonce, "proof: nonce").map(drop)
}

pub(crate) fn invalid(detail: String) -> Refusal {
    Refusal::ProofInvalid { detail }
}
