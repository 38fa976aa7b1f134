mod seals;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/", $name))
    };
}

/// Proofs of other systems.
const FOREIGN: [&[u8]; 4] = [
    fixture!("sp1-6.4-compressed/proof.bin"),
    fixture!("sp1-5-groth16/proof.bin"),
    fixture!("zisk-1.1-vadcop/proof.bin"),
    fixture!("openvm-2.1-stark/proof.bin"),
];

#[derive(Debug, Deserialize)]
struct Fixture {
    groth16_vk: BTreeMap<String, String>,
    parameters: BTreeMap<String, ParametersRow>,
    receipts: BTreeMap<String, Receipt>,
}

#[derive(Debug, Deserialize)]
struct ParametersRow {
    control_root: String,
    bn254_control_id: String,
}

#[derive(Debug, Deserialize)]
struct Receipt {
    seal: String,
    journal: String,
    image_id: String,
}

/// A receipt of one release, decoded.
#[derive(Debug, Clone)]
struct Golden {
    seal: Vec<u8>,
    journal: Vec<u8>,
    image_id: [u8; 32],
}

fn fixture() -> Fixture {
    serde_json::from_slice(fixture!("risc0-groth16/receipt.json")).unwrap()
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn golden(name: &str) -> Golden {
    let receipt = &fixture().receipts[name];
    Golden {
        seal: hex::decode(&receipt.seal).unwrap(),
        journal: hex::decode(&receipt.journal).unwrap(),
        image_id: bytes(&receipt.image_id),
    }
}

impl Golden {
    fn verify(&self, seal: &[u8]) -> Result<Verified, Error> {
        let verifier = Verifier::new(self.image_id).unwrap();
        verifier.verify(seal, Some(&self.journal))
    }

    fn refusal(&self, seal: &[u8]) -> Refusal {
        match self.verify(seal) {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    fn patched(&self, at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut seal = self.seal.clone();
        seal[at..at + bytes.len()].copy_from_slice(bytes);
        seal
    }
}

fn invalid() -> Refusal {
    Refusal::ProofInvalid {
        detail: "the equation of the pairings does not hold".into(),
    }
}

#[test]
fn receipt_of_every_release_is_valid() {
    for name in ["V1_1", "V1_2", "V2_2", "V3_0", "V5_0"] {
        let golden = golden(name);
        let verified = golden.verify(&golden.seal).unwrap();
        assert_eq!(verified.public_values, b"just a simple receipt", "{name}");
        let verifier = Verifier::new(golden.image_id).unwrap();
        let version = format!(
            "V{}",
            verifier.circuit_version_of(&golden.seal).replace('.', "_")
        );
        assert_eq!(version, name);
    }
}

#[test]
fn receipts_of_withdrawn_releases_are_unsupported() {
    for (name, release, advisory) in [
        ("V2_0", "2.0", "GHSA-g3qg-6746-3mg9"),
        ("V2_1", "2.1", "GHSA-f6rc-24x4-ppxp"),
    ] {
        let golden = golden(name);
        let kind = format!("receipts of RISC Zero {release}: false ones can be made ({advisory})");
        let expected = CannotVerify::Unsupported { kind };
        assert_eq!(golden.verify(&golden.seal), Err(expected.into()));
        let verifier = Verifier::new(golden.image_id).unwrap();
        assert_eq!(verifier.circuit_version_of(&golden.seal), RELEASES);
    }
}

#[test]
fn parameters_have_the_published_digests() {
    // Source: `Selector::verifier_parameters_digest` of risc0-ethereum.
    let expected = [
        "50bd1769093e74abda3711c315d84d78e3e282173f6304a33272d92abb590ef5",
        "c101b42bcacd62e35222b1207223250814d05dd41d41f8cadc1f16f86707ae15",
        "9f39696cb3ae9d6038d6b7a55c09017f0cf35e226ad7582b82dbabb0dae53385",
        "f536085a791bdbc6cb46ab3074f88e9e94eabb192de8daca3caee1f4ed811b08",
        "bb001d444841d70e8bc0c7d034b349044bf3cf0117afb702b2f1e898b7dd13cc",
        "73c457ba541936f0d907daf0c7253a39a9c5c427c225ba7709e44702d3c6eedc",
        "c27d1bc08c9adc5820848451eb66a7c38d57a9dfb665b8e68e2f963106bd138c",
    ];
    assert_eq!(parameters::digests(), expected.map(bytes::<32>));
}

#[test]
fn table_is_that_of_the_fixture() {
    let fixture = fixture();
    let rows: Vec<_> = fixture.parameters.iter().collect();
    assert_eq!(rows.len(), parameters::TABLE.len());
    for (release, (name, row)) in parameters::TABLE.iter().zip(rows) {
        assert_eq!(format!("V{}", release.name.replace('.', "_")), *name);
        assert_eq!(release.control_root, bytes::<32>(&row.control_root));
        assert_eq!(release.bn254_control_id, bytes::<32>(&row.bn254_control_id));
    }
    assert_eq!(fixture.groth16_vk.len(), 28);
    let verified = parameters::TABLE
        .iter()
        .filter(|row| row.withdrawn_by.is_none());
    let names: Vec<_> = verified.map(|release| release.name).collect();
    assert_eq!(names.join(", "), RELEASES);
}

#[test]
fn row_with_one_wrong_bit_selects_nothing() {
    let right = parameters::digests()[6];
    let row = &parameters::TABLE[6];
    for (root, id) in [(1, 0), (0, 1)] {
        let mut wrong = parameters::Release { ..*row };
        wrong.control_root[0] ^= root;
        wrong.bn254_control_id[31] ^= id;
        let digest = parameters::digest_of(&wrong);
        assert_ne!(digest[..4], right[..4]);
    }
    assert_eq!(parameters::digest_of(row), right);
}

#[test]
fn claim_of_a_halted_machine_has_the_published_digest() {
    // Source: `SYSTEM_STATE_ZERO_DIGEST` of risc0-ethereum's `IRiscZeroVerifier.sol`.
    let expected = bytes("a3acc27117418996340b84e5a90f3ef4c49d22c79e44aad822ec9c313e1eb8e2");
    let halted = claim::tagged_struct("risc0.SystemState", [&claim::ZERO], &[0]);
    assert_eq!(halted, expected);
}

#[test]
fn foreign_image_id_is_invalid() {
    let golden = golden("V5_0");
    for at in [0, 31] {
        let mut other = golden.clone();
        other.image_id[at] ^= 1;
        assert_eq!(other.refusal(&golden.seal), invalid());
    }
}

#[test]
fn other_journal_is_invalid() {
    let golden = golden("V5_0");
    for journal in [
        &b""[..],
        b"just a simple receip",
        b"just a simple receipt\0",
    ] {
        let mut other = golden.clone();
        other.journal = journal.to_vec();
        assert_eq!(other.refusal(&golden.seal), invalid());
    }
}

#[test]
fn journal_that_is_not_given_cannot_be_checked() {
    let golden = golden("V5_0");
    let outcome = Verifier::new(golden.image_id)
        .unwrap()
        .verify(&golden.seal, None);
    assert_eq!(outcome, Err(CannotVerify::PublicValuesMissing.into()));
}

#[test]
fn parameters_of_another_release_are_invalid() {
    let (golden, other) = (golden("V5_0"), golden("V3_0"));
    assert_eq!(
        golden.refusal(&golden.patched(0, &other.seal[..4])),
        invalid()
    );
}
