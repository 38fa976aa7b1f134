//! Versions of the wrapping circuit, selected by the first bytes of a proof.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use sp1_verifier::{GROTH16_VK_BYTES, PLONK_VK_BYTES};
use zkattest_verifier::{CannotVerify, Error, Refusal};
use zkattest_verifier_groth16_bn254::{MAX_KEY_BYTES, VerifyingKey};

use crate::{Wrapping, plonk, wrapped::SELECTOR_BYTES};

/// Public inputs of circuits up to v5, and of those from v6.
const INPUTS_UP_TO_V5: usize = 2;
const INPUTS_FROM_V6: usize = 5;
const ROOT_BYTES: usize = 32;

/// A version of the circuit that is known by name.
struct Known {
    name: &'static str,
    groth16: [u8; SELECTOR_BYTES],
    plonk: [u8; SELECTOR_BYTES],
    root: Option<[u8; ROOT_BYTES]>,
    /// Advisory that says how false proofs of it can be made.
    withdrawn_by: Option<&'static str>,
}

/// Source: `VERIFIER_HASH` and `VK_ROOT` of the contracts that SP1 deployed, advisories of SP1.
const KNOWN: [Known; 3] = [
    Known {
        name: "v5.0.0",
        groth16: [0xa4, 0x59, 0x4c, 0x59],
        plonk: [0xd4, 0xe8, 0xec, 0xd2],
        root: None,
        withdrawn_by: None,
    },
    Known {
        name: "v6.0.0",
        groth16: [0x0e, 0x78, 0xf4, 0xdb],
        plonk: [0xbb, 0x1a, 0x6f, 0x29],
        root: Some([
            0x00, 0x8c, 0xd5, 0x6e, 0x10, 0xc2, 0xfe, 0x24, 0x79, 0x5c, 0xff, 0x1e, 0x1d, 0x1f,
            0x40, 0xd3, 0xa3, 0x24, 0x52, 0x8d, 0x31, 0x56, 0x74, 0xda, 0x45, 0xd2, 0x6a, 0xfb,
            0x37, 0x6e, 0x86, 0x70,
        ]),
        withdrawn_by: Some("GHSA-63x8-x938-vx33"),
    },
    Known {
        name: "v6.1.0",
        groth16: [0x43, 0x88, 0xa2, 0x1c],
        plonk: [0x5a, 0x09, 0x3a, 0x2f],
        root: Some([
            0x00, 0x2f, 0x85, 0x0e, 0xe9, 0x98, 0x97, 0x4d, 0x6c, 0xc0, 0x0e, 0x50, 0xcd, 0x08,
            0x14, 0xb0, 0x98, 0xc0, 0x5b, 0xfa, 0xde, 0x46, 0x6d, 0x28, 0x57, 0x32, 0x40, 0xd0,
            0x57, 0xf2, 0x53, 0x52,
        ]),
        withdrawn_by: None,
    },
];

impl Known {
    fn find(wrapping: Wrapping, digest: &[u8]) -> Option<&'static Self> {
        KNOWN
            .iter()
            .find(|known| digest.starts_with(&known.selector(wrapping)))
    }

    /// Say that nothing is verified of this version, where false proofs of it can be made.
    fn withdrawal(&self) -> Option<CannotVerify> {
        self.withdrawn_by.map(|advisory| CannotVerify::Unsupported {
            kind: format!(
                "SP1 {} proofs: false ones can be made ({advisory})",
                self.name
            ),
        })
    }

    fn selector(&self, wrapping: Wrapping) -> [u8; SELECTOR_BYTES] {
        match wrapping {
            Wrapping::Groth16 => self.groth16,
            Wrapping::Plonk => self.plonk,
        }
    }
}

/// The key of a wrapping circuit.
#[derive(Debug)]
pub(crate) enum WrappingKey {
    /// Prepared.
    Groth16(Box<VerifyingKey>),
    /// Checked, and as the library wants it.
    Plonk(Vec<u8>),
}

/// A version whose proofs can be verified.
#[derive(Debug)]
pub(crate) struct Version {
    /// Its name, if it is known by one.
    pub(crate) name: Option<&'static str>,
    label: String,
    pub(crate) key_digest: [u8; 32],
    pub(crate) key: WrappingKey,
    /// Root of the recursion keys; circuits from v6 have one.
    pub(crate) root: Option<[u8; ROOT_BYTES]>,
}

impl Version {
    /// Return the name, or else the selector.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Return how many public inputs proofs have.
    pub(crate) fn input_count(&self) -> usize {
        self.root.map_or(INPUTS_UP_TO_V5, |_| INPUTS_FROM_V6)
    }

    fn selector(&self) -> [u8; SELECTOR_BYTES] {
        let [a, b, c, d, ..] = self.key_digest;
        [a, b, c, d]
    }

    /// Check a key, and refuse to verify under that of a withdrawn version.
    fn open(wrapping: Wrapping, bytes: &[u8]) -> Result<Self, Error> {
        let version = Self::decode(wrapping, bytes)?;
        match Known::find(wrapping, &version.key_digest).and_then(Known::withdrawal) {
            Some(withdrawal) => Err(withdrawal.into()),
            None => Ok(version),
        }
    }

    /// Decode a key; behind the key of a version that is not known may stand its root.
    fn decode(wrapping: Wrapping, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_KEY_BYTES {
            let detail = format!("it has {} bytes, limit {MAX_KEY_BYTES}", bytes.len());
            return Err(malformed(detail).into());
        }
        let (bytes, given_root) = split_root(wrapping, bytes);
        let (key, input_count) = open_key(wrapping, bytes)?;
        let key_digest: [u8; 32] = Sha256::digest(bytes).into();
        let known = Known::find(wrapping, &key_digest);
        let root = match (input_count, known.and_then(|known| known.root), given_root) {
            (INPUTS_UP_TO_V5, None, None) => None,
            (INPUTS_FROM_V6, Some(root), None) | (INPUTS_FROM_V6, None, Some(root)) => Some(root),
            (INPUTS_FROM_V6, None, None) => {
                let detail = "the root of the recursion keys must follow it, 32 bytes";
                return Err(malformed(detail.into()).into());
            }
            (count, ..) => {
                let detail = format!("it is no key of SP1: {count} public inputs");
                return Err(malformed(detail).into());
            }
        };
        let name = known.map(|known| known.name);
        Ok(Self {
            name,
            label: name.map_or_else(|| shown(&key_digest), str::to_owned),
            key_digest,
            key,
            root,
        })
    }
}

fn open_key(wrapping: Wrapping, bytes: &[u8]) -> Result<(WrappingKey, usize), Error> {
    Ok(match wrapping {
        Wrapping::Groth16 => {
            let key = VerifyingKey::from_gnark(bytes)?;
            let count = key.input_count();
            (WrappingKey::Groth16(Box::new(key)), count)
        }
        Wrapping::Plonk => {
            let count = plonk::open_key(bytes)?;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            (WrappingKey::Plonk(bytes.to_vec()), count)
        }
    })
}

/// Split off the root that may follow a key: keys of SP1 have one length.
fn split_root(wrapping: Wrapping, bytes: &[u8]) -> (&[u8], Option<[u8; ROOT_BYTES]>) {
    /// Bytes of gnark's key for five public inputs.
    const GROTH16_BYTES: usize = 300 + 32 * (INPUTS_FROM_V6 + 1);
    let length = match wrapping {
        Wrapping::Groth16 => GROTH16_BYTES,
        Wrapping::Plonk => plonk::KEY_BYTES,
    };
    match bytes.split_at_checked(length) {
        Some((key, rest)) => match rest.try_into() {
            Ok(root) => (key, Some(root)),
            Err(_) => (bytes, None),
        },
        None => (bytes, None),
    }
}

/// Return the versions whose keys are kept here, prepared once for all programs.
fn kept(wrapping: Wrapping) -> Result<Vec<Arc<Version>>, Error> {
    type Prepared = OnceLock<Result<Vec<Arc<Version>>, Error>>;
    static GROTH16: Prepared = OnceLock::new();
    static PLONK: Prepared = OnceLock::new();
    let (prepared, keys): (_, [&[u8]; 2]) = match wrapping {
        Wrapping::Groth16 => (
            &GROTH16,
            [include_bytes!("keys/groth16-v5.0.0.bin"), &GROTH16_VK_BYTES],
        ),
        Wrapping::Plonk => (
            &PLONK,
            [include_bytes!("keys/plonk-v5.0.0.bin"), &PLONK_VK_BYTES],
        ),
    };
    let open = |key| Version::open(wrapping, key).map(Arc::new);
    prepared
        .get_or_init(|| keys.into_iter().map(open).collect())
        .clone()
}

/// The versions that a verifier knows.
#[derive(Debug)]
pub(crate) struct Versions {
    versions: Vec<Arc<Version>>,
    names: String,
}

impl Versions {
    /// Take the keys that are kept here, and prepare the caller's.
    pub(crate) fn open(wrapping: Wrapping, callers: Option<&[u8]>) -> Result<Self, Error> {
        let version = callers.map(|key| Version::open(wrapping, key));
        Self::with(wrapping, version.transpose()?)
    }

    /// As [`Self::open`], also with the key of a withdrawn version: its proofs are golden ones.
    #[cfg(test)]
    pub(crate) fn open_withdrawn(wrapping: Wrapping, key: &[u8]) -> Result<Self, Error> {
        Self::with(wrapping, Some(Version::decode(wrapping, key)?))
    }

    fn with(wrapping: Wrapping, callers: Option<Version>) -> Result<Self, Error> {
        let mut versions = kept(wrapping)?;
        if let Some(version) = callers {
            versions.retain(|kept| kept.selector() != version.selector());
            versions.push(Arc::new(version));
        }
        let labels: Vec<_> = versions.iter().map(|version| version.label()).collect();
        let names = labels.join(", ");
        Ok(Self { versions, names })
    }

    /// Return the names of all of them.
    pub(crate) fn names(&self) -> &str {
        &self.names
    }

    /// Find the version of a proof by its selector.
    pub(crate) fn select(&self, wrapping: Wrapping, proof: &[u8]) -> Result<&Version, Error> {
        let Some(selector) = proof.first_chunk::<SELECTOR_BYTES>() else {
            let length = proof.len();
            return Err(Refusal::undecodable(format!("it has {length} bytes, no selector")).into());
        };
        let found = self
            .versions
            .iter()
            .find(|version| version.selector() == *selector)
            .map(Arc::as_ref);
        found.ok_or_else(|| self.unknown(wrapping, selector).into())
    }

    fn unknown(&self, wrapping: Wrapping, selector: &[u8; SELECTOR_BYTES]) -> CannotVerify {
        if let Some(withdrawal) = Known::find(wrapping, selector).and_then(Known::withdrawal) {
            return withdrawal;
        }
        let (selector, names) = (shown(selector), &self.names);
        CannotVerify::UnknownParameters {
            name: format!("SP1 {wrapping} proofs of {selector}; known are {names}"),
        }
    }
}

fn shown(digest: &[u8]) -> String {
    let selector = digest.get(..SELECTOR_BYTES).unwrap_or(digest);
    format!("selector 0x{}", hex::encode(selector))
}

fn malformed(detail: String) -> Refusal {
    Refusal::VerifierKeyMalformed { detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp1_verifier::VK_ROOT_BYTES;

    #[test]
    fn root_is_that_of_the_library() {
        let [.., newest] = &KNOWN;
        assert_eq!(newest.root, Some(*VK_ROOT_BYTES));
    }

    #[test]
    fn kept_keys_are_those_of_the_deployed_contracts() {
        for (wrapping, expected) in [
            (
                Wrapping::Groth16,
                [
                    "a4594c59bbc142f3b81c3ecb7f50a7c34bc9af7c4c444b5d48b795427e285913",
                    "4388a21c687fdd5f218d7e3d13190cac4c5355818d3605fd5fb811df468ee696",
                ],
            ),
            (
                Wrapping::Plonk,
                [
                    "d4e8ecd2357dd882209800acd6abb443d231cf287d77ba62b732ce937c8b56e7",
                    "5a093a2fcb46394f5cadfe55c44d4d572fad9cec7aeb38026b0278322ef07fac",
                ],
            ),
        ] {
            let versions = Versions::open(wrapping, None).unwrap();
            let digests: Vec<_> = versions
                .versions
                .iter()
                .map(|version| hex::encode(version.key_digest))
                .collect();
            assert_eq!(digests, expected);
            assert_eq!(versions.names(), "v5.0.0, v6.1.0");
        }
    }
}
