use ark_bn254::{Fq, Fr};
use ark_ff::{BigInteger, PrimeField};
use sp1_verifier::{GROTH16_VK_BYTES, Groth16Verifier, PLONK_VK_BYTES};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../tests/fixtures/",
            $name
        ))
    };
}

// Behind the macro, which they use.
mod bundles;
mod wrapping_keys;

/// A golden proof, as contracts take it.
struct Golden {
    wrapping: Wrapping,
    proof: &'static [u8],
    program_vk: &'static [u8; 32],
    public_values: &'static [u8],
    version: &'static str,
    key: Option<&'static [u8]>,
    /// Where the body begins.
    body: usize,
}

const GROTH16: Golden = Golden {
    wrapping: Wrapping::Groth16,
    proof: fixture!("sp1-6.1-groth16/proof.bin"),
    program_vk: fixture!("sp1-6.1-groth16/program_vk.bin"),
    public_values: fixture!("sp1-6.1-groth16/public_values.bin"),
    version: "v6.1.0",
    key: None,
    body: 100,
};
const PLONK: Golden = Golden {
    wrapping: Wrapping::Plonk,
    proof: fixture!("sp1-5-plonk/proof.bin"),
    program_vk: fixture!("sp1-5-plonk/program_vk.bin"),
    public_values: fixture!("sp1-5-plonk/public_values.bin"),
    version: "v5.0.0",
    key: None,
    body: 4,
};
const PLONK_V6: Golden = Golden {
    wrapping: Wrapping::Plonk,
    proof: fixture!("sp1-6.0-plonk/proof.bin"),
    program_vk: fixture!("sp1-6.0-plonk/program_vk.bin"),
    public_values: fixture!("sp1-6.0-plonk/public_values.bin"),
    version: "v6.0.0",
    key: Some(fixture!("sp1-6.0-plonk/plonk_vk.bin")),
    body: 100,
};
const ALL: [&Golden; 3] = [&GROTH16, &PLONK, &PLONK_V6];

impl Golden {
    fn verifier(&self) -> Verifier {
        self.verifier_of(*self.program_vk)
    }

    /// A given key is that of v6.0.0, which is withdrawn: only tests verify under it.
    fn verifier_of(&self, program_vk: [u8; 32]) -> Verifier {
        let mut verifier = Verifier::new(self.wrapping, program_vk, None).unwrap();
        if let Some(key) = self.key {
            verifier.versions = Versions::open_withdrawn(self.wrapping, key).unwrap();
        }
        verifier
    }

    fn answer(&self, proof: &[u8]) -> Result<Verified, Error> {
        self.verifier().verify(proof, Some(self.public_values))
    }

    fn refusal(&self, proof: &[u8]) -> Refusal {
        match self.answer(proof) {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    fn patched(&self, at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut proof = self.proof.to_vec();
        proof[at..at + bytes.len()].copy_from_slice(bytes);
        proof
    }
}

fn undecodable(detail: &str) -> Refusal {
    Refusal::ProofUndecodable {
        detail: detail.into(),
    }
}

#[test]
fn golden_proofs_are_valid() {
    for golden in ALL {
        let verified = golden.answer(golden.proof).unwrap();
        assert_eq!(verified.public_values, golden.public_values);
        assert_eq!(
            golden.verifier().circuit_version_of(golden.proof),
            golden.version
        );
    }
}

#[test]
fn version_of_a_proof_that_names_none_is_all_of_them() {
    let verifier = GROTH16.verifier();
    assert_eq!(verifier.circuit_version(), "v5.0.0, v6.1.0");
    assert_eq!(verifier.circuit_version_of(&[7; 300]), "v5.0.0, v6.1.0");
    assert_eq!(verifier.max_proof_bytes(), MAX_PROOF_BYTES);
}

#[test]
fn bare_proof_needs_its_values() {
    for golden in ALL {
        assert_eq!(
            golden.verifier().verify(golden.proof, None),
            Err(CannotVerify::PublicValuesMissing.into())
        );
    }
}

#[test]
fn library_agrees_on_the_golden_proof_and_on_changed_ones() {
    let key = format!("0x{}", hex::encode(GROTH16.program_vk));
    let agrees = |proof: &[u8], values: &[u8]| {
        let theirs = Groth16Verifier::verify(proof, values, &key, &GROTH16_VK_BYTES).is_ok();
        let ours = GROTH16.verifier().verify(proof, Some(values)).is_ok();
        assert_eq!(ours, theirs);
        ours
    };
    assert!(agrees(GROTH16.proof, GROTH16.public_values));
    assert!(!agrees(GROTH16.proof, b"other values"));
    for at in (0..GROTH16.proof.len()).step_by(7) {
        assert!(!agrees(
            &GROTH16.patched(at, &[GROTH16.proof[at] ^ 4]),
            GROTH16.public_values
        ));
    }
}

#[test]
fn length_of_a_proof_is_exact() {
    for golden in ALL {
        let length = golden.proof.len();
        assert_eq!(golden.refusal(&[]), undecodable("it is empty"));
        assert_eq!(
            golden.refusal(&golden.proof[..3]),
            undecodable("it has 3 bytes, no selector")
        );
        for kept in [4, 5, 99, 100, 132, 259, length - 1] {
            let detail = format!("it has {kept} bytes, expected {length}");
            assert_eq!(golden.refusal(&golden.proof[..kept]), undecodable(&detail));
        }
        for extra in [1, 32, 1000] {
            assert_eq!(
                golden.refusal(&[golden.proof, &vec![0; extra]].concat()),
                Refusal::ProofTrailingBytes {
                    expected: length,
                    got: length + extra
                }
            );
        }
    }
}

#[test]
fn oversize_is_refused_before_decoding() {
    let proof = vec![3; MAX_PROOF_BYTES + 1];
    assert_eq!(
        GROTH16.refusal(&proof),
        Refusal::ProofTooLarge {
            got: proof.len(),
            limit: MAX_PROOF_BYTES
        }
    );
}

#[test]
fn unknown_selector_cannot_be_verified() {
    for (golden, selector, shown) in [
        (&GROTH16, [1, 2, 3, 4], "0x01020304"),
        (&GROTH16, [0x5a, 0x09, 0x3a, 0x2f], "0x5a093a2f"),
        (&PLONK, [0x43, 0x88, 0xa2, 0x1c], "0x4388a21c"),
    ] {
        let wrapping = golden.wrapping;
        let name = format!("SP1 {wrapping} proofs of selector {shown}; known are v5.0.0, v6.1.0");
        assert_eq!(
            golden.answer(&golden.patched(0, &selector)),
            Err(CannotVerify::UnknownParameters { name }.into())
        );
    }
}

#[test]
fn withdrawn_version_is_unsupported_with_and_without_its_key() {
    let kind = "SP1 v6.0.0 proofs: false ones can be made (GHSA-63x8-x938-vx33)".to_owned();
    let expected: Error = CannotVerify::Unsupported { kind }.into();
    for (golden, selector) in [
        (&GROTH16, [0x0e, 0x78, 0xf4, 0xdb]),
        (&PLONK, [0xbb, 0x1a, 0x6f, 0x29]),
    ] {
        let proof = golden.patched(0, &selector);
        assert_eq!(golden.answer(&proof), Err(expected.clone()));
    }
    let bare = Verifier::new(Wrapping::Plonk, *PLONK_V6.program_vk, None).unwrap();
    assert_eq!(
        bare.verify(PLONK_V6.proof, Some(PLONK_V6.public_values)),
        Err(expected.clone())
    );
    assert_eq!(bare.circuit_version_of(PLONK_V6.proof), "v5.0.0, v6.1.0");
    let keyed = Verifier::new(Wrapping::Plonk, *PLONK_V6.program_vk, PLONK_V6.key);
    assert_eq!(keyed.unwrap_err(), expected);
}

#[test]
fn other_program_and_other_values_are_invalid() {
    for golden in ALL {
        let mut program_vk = *golden.program_vk;
        program_vk[31] ^= 1;
        let verifier = golden.verifier_of(program_vk);
        for answer in [
            verifier.verify(golden.proof, Some(golden.public_values)),
            golden.verifier().verify(golden.proof, Some(b"other")),
            golden.verifier().verify(golden.proof, Some(b"")),
        ] {
            let Err(Error::Refused(Refusal::ProofInvalid { .. })) = answer else {
                panic!("{answer:?}");
            };
        }
    }
}

#[test]
fn program_key_is_below_the_modulus() {
    let modulus: [u8; 32] = Fr::MODULUS.to_bytes_be().try_into().unwrap();
    for key in [modulus, [0xff; 32]] {
        assert_eq!(
            Verifier::new(Wrapping::Plonk, key, None).unwrap_err(),
            Refusal::ProgramKeyMalformed {
                detail: "it is not canonical: it is not below the modulus of its field".into()
            }
            .into()
        );
    }
}

#[test]
fn program_that_failed_is_refused() {
    for golden in [&GROTH16, &PLONK_V6] {
        let Refusal::ProofInvalid { detail } = golden.refusal(&golden.patched(35, &[3])) else {
            panic!("accepted");
        };
        assert_eq!(
            detail,
            format!("the program failed, exit code 0x{}03", "00".repeat(31))
        );
    }
}

#[test]
fn root_of_another_version_is_refused() {
    for golden in [&GROTH16, &PLONK_V6] {
        let Refusal::ProofInvalid { detail } = golden.refusal(&golden.patched(36, &[1])) else {
            panic!("accepted");
        };
        assert!(detail.starts_with("the root of the recursion keys is 0x01"));
    }
}

#[test]
fn nonce_is_canonical_and_bound() {
    for golden in [&GROTH16, &PLONK_V6] {
        assert_eq!(
            golden.refusal(&golden.patched(68, &[0xff])),
            Refusal::FieldElementNotCanonical {
                what: "proof: nonce".into()
            }
        );
        let Refusal::ProofInvalid { .. } = golden.refusal(&golden.patched(99, &[1])) else {
            panic!("the nonce is not bound");
        };
    }
}

#[test]
fn coordinates_are_canonical_and_points_on_the_curve() {
    let modulus = Fq::MODULUS.to_bytes_be();
    for (golden, at, what) in [
        (&GROTH16, 0, "proof: A"),
        (&GROTH16, 64, "proof: B"),
        (&GROTH16, 192, "proof: C"),
        (&PLONK, 0, "proof: L"),
        (&PLONK, 128, "proof: O"),
        (&PLONK, 320, "proof: H2"),
        (&PLONK, 544, "proof: Z"),
        (&PLONK, 640, "proof: W"),
        (&PLONK, 704, "proof: W'"),
        (&PLONK, 800, "proof: B"),
    ] {
        let at = golden.body + at;
        assert_eq!(
            golden.refusal(&golden.patched(at, &modulus)),
            Refusal::FieldElementNotCanonical { what: what.into() }
        );
        assert_eq!(
            golden.refusal(&golden.patched(at, &[0; 64])),
            Refusal::PointNotOnCurve { what: what.into() }
        );
    }
}

/// The library under PLONK reduces scalars: it accepts each of these.
#[test]
fn claimed_values_have_one_encoding() {
    for (at, what) in [
        (384, "proof: l(ζ)"),
        (512, "proof: s2(ζ)"),
        (608, "proof: z(ωζ)"),
        (768, "proof: b(ζ)"),
    ] {
        let at = PLONK.body + at;
        let mut number = Fr::from_be_bytes_mod_order(&PLONK.proof[at..at + 32]).into_bigint();
        assert!(!number.add_with_carry(&Fr::MODULUS));
        let proof = PLONK.patched(at, &number.to_bytes_be());
        assert_eq!(
            PLONK.refusal(&proof),
            Refusal::FieldElementNotCanonical { what: what.into() }
        );
    }
}

#[test]
fn flipped_bits_are_refused() {
    for golden in ALL {
        let verifier = golden.verifier();
        // PLONK takes a second for each that gets as far as the equation.
        let step = if golden.proof.len() > 400 { 113 } else { 29 };
        for at in (4..golden.proof.len()).step_by(step) {
            let flipped = golden.patched(at, &[golden.proof[at] ^ 1]);
            let answer = verifier.verify(&flipped, Some(golden.public_values));
            let known = matches!(
                answer,
                Err(Error::Refused(
                    Refusal::ProofInvalid { .. }
                        | Refusal::PointNotOnCurve { .. }
                        | Refusal::FieldElementNotCanonical { .. }
                ))
            );
            assert!(known, "byte {at}: {answer:?}");
        }
    }
}
