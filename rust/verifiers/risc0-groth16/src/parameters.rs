//! Verifier parameters of each release, selected by the first bytes of their digest.

use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};
use zkattest_verifier::{CannotVerify, Refusal};
use zkattest_verifier_groth16_bn254::{Proof, Scalar, UncompressedKey, VerifyingKey};

use crate::{
    claim::{Digest, tagged_list, tagged_struct},
    seal::SELECTOR_BYTES,
};

/// Releases whose receipts are verified, oldest first.
pub const RELEASES: &str = "1.1, 1.2, 2.2, 3.0, 5.0";

/// What a release changes.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) name: &'static str,
    /// Root of the programs that recursion may run.
    pub(crate) control_root: Digest,
    /// The program that ends recursion, as a big-endian number: RISC Zero's own constant reversed.
    pub(crate) bn254_control_id: Digest,
    /// Advisory that says how false receipts of it can be made.
    pub(crate) withdrawn_by: Option<&'static str>,
}

/// Source: `ControlID.sol` of risc0-ethereum at each release, advisories of risc0.
///
/// The digest over a row decides what it is selected by, so a mistyped one selects nothing.
pub(crate) const TABLE: [Release; 7] = [
    Release {
        name: "1.1",
        control_root: hex("8b6dcf11d463ac455361b41fb3ed053febb817491bdea00fdb340e45013b852e"),
        bn254_control_id: hex("05a022e1db38457fb510bc347b30eb8f8cf3eda95587653d0eac19e1f10d164e"),
        withdrawn_by: None,
    },
    Release {
        name: "1.2",
        control_root: hex("8cdad9242664be3112aba377c5425a4df735eb1c6966472b561d2855932c0469"),
        bn254_control_id: hex("04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"),
        withdrawn_by: None,
    },
    Release {
        name: "2.0",
        control_root: hex("539032186827b06719244873b17b2d4c122e2d02cfb1994fe958b2523b844576"),
        bn254_control_id: hex("04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"),
        withdrawn_by: Some("GHSA-g3qg-6746-3mg9"),
    },
    Release {
        name: "2.1",
        control_root: hex("884389273e128b32475b334dec75ee619b77cb33d41c332021fe7e44c746ee60"),
        bn254_control_id: hex("04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"),
        withdrawn_by: Some("GHSA-f6rc-24x4-ppxp"),
    },
    Release {
        name: "2.2",
        control_root: hex("ce52bf56033842021af3cf6db8a50d1b7535c125a34f1a22c6fdcf002c5a1529"),
        bn254_control_id: hex("04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"),
        withdrawn_by: None,
    },
    Release {
        name: "3.0",
        control_root: hex("a54dc85ac99f851c92d7c96d7318af41dbe7c0194edfcc37eb4d422a998c1f56"),
        bn254_control_id: hex("04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"),
        withdrawn_by: None,
    },
    Release {
        name: "5.0",
        control_root: hex("b1f64013f70bbb386a8b3a3d63552c5cb5ea4a549ec7fb1ecc2a031dbf488167"),
        bn254_control_id: hex("04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"),
        withdrawn_by: None,
    },
];

/// The Groth16 key of all these releases.
///
/// Source: `Groth16Verifier.sol` of risc0-ethereum, from the ceremony of 2024.
const KEY: UncompressedKey<6> = UncompressedKey {
    alpha: hex(concat!(
        "2d4d9aa7e302d9df41749d5507949d05dbea33fbb16c643b22f599a2be6df2e2",
        "14bedd503c37ceb061d8ec60209fe345ce89830a19230301f076caff004d1926",
    )),
    beta: hex(concat!(
        "0967032fcbf776d1afc985f88877f182d38480a653f2decaa9794cbc3bf3060c",
        "0e187847ad4c798374d0d6732bf501847dd68bc0e071241e0213bc7fc13db7ab",
        "304cfbd1e08a704a99f5e847d93f8c3caafddec46b7a0d379da69a4d112346a7",
        "1739c1b1a457a8c7313123d24d2f9192f896b7c63eea05a9d57f06547ad0cec8",
    )),
    gamma: hex(concat!(
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2",
        "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed",
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b",
        "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa",
    )),
    delta: hex(concat!(
        "03b03cd5effa95ac9bee94f1f5ef907157bda4812ccf0b4c91f42bb629f83a1c",
        "1aa085ff28179a12d922dba0547057ccaae94b9d69cfaa4e60401fea7f3e0333",
        "110c10134f200b19f6490846d518c9aea868366efb7228ca5c91d2940d030762",
        "1e60f31fcbf757e837e867178318832d0b2d74d59e2fea1c7142df187d3fc6d3",
    )),
    inputs: [
        hex(concat!(
            "12ac9a25dcd5e1a832a9061a082c15dd1d61aa9c4d553505739d0f5d65dc3be4",
            "025aa744581ebe7ad91731911c898569106ff5a2d30f3eee2b23c60ee980acd4",
        )),
        hex(concat!(
            "0707b920bc978c02f292fae2036e057be54294114ccc3c8769d883f688a1423f",
            "2e32a094b7589554f7bc357bf63481acd2d55555c203383782a4650787ff6642",
        )),
        hex(concat!(
            "0bca36e2cbe6394b3e249751853f961511011c7148e336f4fd974644850fc347",
            "2ede7c9acf48cf3a3729fa3d68714e2a8435d4fa6db8f7f409c153b1fcdf9b8b",
        )),
        hex(concat!(
            "1b8af999dbfbb3927c091cc2aaf201e488cbacc3e2c6b6fb5a25f9112e04f2a7",
            "2b91a26aa92e1b6f5722949f192a81c850d586d81a60157f3e9cf04f679cccd6",
        )),
        hex(concat!(
            "2b5f494ed674235b8ac1750bdfd5a7615f002d4a1dcefeddd06eda5a076ccd0d",
            "2fe520ad2020aab9cbba817fcbb9a863b8a76ff88f14f912c5e71665b2ad5e82",
        )),
        hex(concat!(
            "0f1c3c0d5d9da0fa03666843cde4e82e869ba5252fce3c25d5940320b1c4d493",
            "214bfcff74f425f6fe8c0d07b307482d8bc8bb2f3608f68287aa01bd0b69e809",
        )),
    ],
};

/// Decode hexadecimal digits while compiling; a wrong number or digit does not compile.
const fn hex<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    assert!(text.len() == 2 * N);
    let mut bytes = [0; N];
    let mut at = 0;
    while at < 2 * N {
        #[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
        let digit = text[at];
        assert!(digit.is_ascii_hexdigit());
        let value = if digit <= b'9' {
            digit - b'0'
        } else {
            (digit | 0x20) - b'a' + 10
        };
        #[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
        let byte = &mut bytes[at / 2];
        *byte = *byte << 4 | value;
        at += 1;
    }
    bytes
}

/// The prepared key, and what selects each release.
#[derive(Debug)]
pub(crate) struct Parameters {
    key: VerifyingKey,
    selectors: [[u8; SELECTOR_BYTES]; TABLE.len()],
}

impl Parameters {
    /// Return the parameters of all releases, prepared at first use.
    pub(crate) fn shared() -> Result<&'static Self, Refusal> {
        static PARAMETERS: OnceLock<Result<Parameters, Refusal>> = OnceLock::new();
        PARAMETERS
            .get_or_init(Self::prepare)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn prepare() -> Result<Self, Refusal> {
        let key_digest = key_digest(&KEY);
        Ok(Self {
            key: VerifyingKey::from_uncompressed(&KEY)?,
            selectors: TABLE.map(|release| {
                let [a, b, c, d, ..] = release.digest(&key_digest);
                [a, b, c, d]
            }),
        })
    }

    /// Find the release of a selector; one that was withdrawn says nothing about a proof.
    pub(crate) fn select(&self, selector: [u8; SELECTOR_BYTES]) -> Result<&Release, CannotVerify> {
        let selected = self.selectors.iter().position(|known| *known == selector);
        let Some(release) = selected.and_then(|index| TABLE.get(index)) else {
            let [a, b, c, d] = selector;
            return Err(CannotVerify::UnknownParameters {
                name: format!(
                    "selector 0x{a:02x}{b:02x}{c:02x}{d:02x}; known are RISC Zero {RELEASES}"
                ),
            });
        };
        match release.withdrawn_by {
            None => Ok(release),
            Some(advisory) => Err(CannotVerify::Unsupported {
                kind: format!(
                    "receipts of RISC Zero {}: false ones can be made ({advisory})",
                    release.name
                ),
            }),
        }
    }

    /// Check the equation of the pairings for a claim under a release.
    pub(crate) fn verify(
        &self,
        release: &Release,
        proof: &Proof,
        claim: &Digest,
    ) -> Result<(), Refusal> {
        let [root_0, root_1] = halves(&release.control_root)?;
        let [claim_0, claim_1] = halves(claim)?;
        let control_id = Scalar::decode(&release.bn254_control_id, "bn254_control_id")?;
        let inputs = [root_0, root_1, claim_0, claim_1, control_id];
        self.key.verify(proof, &inputs)
    }
}

impl Release {
    /// Return the digest of the verifier parameters; it begins with the selector.
    pub(crate) fn digest(&self, key_digest: &Digest) -> Digest {
        let mut control_id = self.bn254_control_id;
        control_id.reverse();
        tagged_struct(
            "risc0.Groth16ReceiptVerifierParameters",
            [&self.control_root, &control_id, key_digest],
            &[],
        )
    }
}

/// Return the digest of a Groth16 key: that of each point, those of the inputs as a list.
fn key_digest<const N: usize>(key: &UncompressedKey<N>) -> Digest {
    let [alpha, beta, gamma, delta] = [&key.alpha[..], &key.beta, &key.gamma, &key.delta]
        .map(|point| Sha256::digest(point).into());
    let inputs = key.inputs.iter().map(|point| Sha256::digest(point).into());
    let inputs = tagged_list("risc0_groth16.VerifyingKey.IC", inputs);
    tagged_struct(
        "risc0_groth16.VerifyingKey",
        [&alpha, &beta, &gamma, &delta, &inputs],
        &[],
    )
}

/// Split a digest into two scalars, each of sixteen bytes read as a little-endian number.
fn halves(digest: &Digest) -> Result<[Scalar; 2], Refusal> {
    let scalar = |half: &[u8]| {
        let mut bytes = [0; 32];
        for (byte, digit) in bytes.iter_mut().rev().zip(half) {
            *byte = *digit;
        }
        Scalar::decode(&bytes, "half of a digest")
    };
    let (low, high) = digest.split_at(16);
    Ok([scalar(low)?, scalar(high)?])
}

#[cfg(test)]
pub(crate) fn digest_of(release: &Release) -> Digest {
    release.digest(&key_digest(&KEY))
}

#[cfg(test)]
pub(crate) fn digests() -> Vec<Digest> {
    TABLE.iter().map(digest_of).collect()
}
