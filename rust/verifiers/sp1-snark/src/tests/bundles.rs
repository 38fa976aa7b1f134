//! Bundles: everything that they say twice agrees, and nothing follows.

use super::*;

const BUNDLE: &[u8] = fixture!("sp1-5-groth16/proof.bin");
const PROGRAM_VK: &str = "00bb9e57314d7ee4f65a4b9fb46fbeae0495f2015c5a8a737333680ce6bb424e";
const PUBLIC_VALUES: &[u8] = &[0x14, 0, 0, 0, 0x6d, 0x1a, 0, 0, 0xd3, 0x0b, 0, 0];
/// Where the fields of the bundle begin, each after its length of eight bytes.
const PROGRAM_KEY: usize = 0x0c;
const DIGEST: usize = 0x5f;
const ENCODED: usize = 0xb4;
const RAW: usize = 0x2bc;
const KEY_DIGEST: usize = 0x544;
const VALUES: usize = 0x56c;
const VERSION: usize = 0x580;

fn program_vk() -> [u8; 32] {
    hex::decode(PROGRAM_VK).unwrap().try_into().unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(Wrapping::Groth16, program_vk(), None).unwrap()
}

fn refusal(bundle: &[u8]) -> Refusal {
    match verifier().verify(bundle, None) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut bundle = BUNDLE.to_vec();
    bundle[at..at + bytes.len()].copy_from_slice(bytes);
    bundle
}

/// Write the bundle of a bare proof, as the SDK has it.
fn bundle(golden: &Golden, digest: [u8; 32]) -> Vec<u8> {
    let kind: u32 = if golden.wrapping == Wrapping::Plonk {
        2
    } else {
        3
    };
    let header = golden.proof[4..golden.body].chunks(32).map(<[u8]>::to_vec);
    let inputs = [golden.program_vk.to_vec(), digest.to_vec()];
    let decimals = inputs
        .into_iter()
        .chain(header)
        .map(|input| Fr::from_be_bytes_mod_order(&input).to_string());
    let raw = [&golden.proof[golden.body..], &[0; 68]].concat();
    let texts: Vec<_> = decimals
        .chain([hex::encode(&golden.proof[4..]), hex::encode(raw)])
        .collect();
    let mut bytes = kind.to_le_bytes().to_vec();
    let write = |bytes: &mut Vec<u8>, field: &[u8]| {
        bytes.extend((field.len() as u64).to_le_bytes());
        bytes.extend(field);
    };
    for text in texts {
        write(&mut bytes, text.as_bytes());
    }
    let key = match (golden.wrapping, golden.version) {
        (Wrapping::Groth16, _) => *GROTH16_VK_BYTES,
        (Wrapping::Plonk, "v5.0.0") => include_bytes!("../keys/plonk-v5.0.0.bin"),
        (Wrapping::Plonk, "v6.0.0") => golden.key.unwrap(),
        (Wrapping::Plonk, _) => *PLONK_VK_BYTES,
    };
    bytes.extend(sp1_verifier::sha256_hash(key));
    write(&mut bytes, golden.public_values);
    write(&mut bytes, golden.version.as_bytes());
    bytes
}

#[test]
fn golden_bundle_is_valid_with_and_without_the_callers_values() {
    for callers in [None, Some(PUBLIC_VALUES)] {
        let verified = verifier().verify(BUNDLE, callers).unwrap();
        assert_eq!(verified.public_values, PUBLIC_VALUES);
    }
    assert_eq!(verifier().circuit_version_of(BUNDLE), "v5.0.0");
}

#[test]
fn bundle_of_the_network_is_valid_too() {
    let network = &BUNDLE[..BUNDLE.len() - 1];
    assert!(verifier().verify(network, None).is_ok());
}

#[test]
fn bundles_of_bare_golden_proofs_are_valid() {
    for golden in ALL {
        let bundle = bundle(golden, hash_public_inputs(golden.public_values));
        let verified = golden.verifier().verify(&bundle, None).unwrap();
        assert_eq!(verified.public_values, golden.public_values);
    }
}

/// With BLAKE3 the public input is well formed, and the proof is of another.
#[test]
fn bundle_of_another_digest_is_invalid() {
    let digest = hash_public_inputs_with_fn(GROTH16.public_values, blake3_hash);
    let answer = GROTH16.verifier().verify(&bundle(&GROTH16, digest), None);
    assert_eq!(
        answer,
        Err(Refusal::ProofInvalid {
            detail: "the equation of the pairings does not hold".into()
        }
        .into())
    );
}

#[test]
fn cut_bundle_is_undecodable() {
    for kept in [4, 11, 12, 100, 700, KEY_DIGEST + 5, VALUES - 1, VERSION + 5] {
        let detail = format!("it ends inside a field, after {kept} bytes");
        assert_eq!(refusal(&BUNDLE[..kept]), undecodable(&detail));
    }
}

#[test]
fn nothing_follows_a_bundle() {
    for extra in [&[0][..], &[1], &[7; 40]] {
        assert_eq!(
            refusal(&[BUNDLE, extra].concat()),
            Refusal::ProofTrailingBytes {
                expected: BUNDLE.len(),
                got: BUNDLE.len() + extra.len()
            }
        );
    }
    let odd = patched(BUNDLE.len() - 1, &[2]);
    assert_eq!(
        refusal(&odd),
        Refusal::ProofTrailingBytes {
            expected: BUNDLE.len() - 1,
            got: BUNDLE.len()
        }
    );
}

#[test]
fn signature_of_a_tee_is_not_supported() {
    let kind = "SP1 proofs with the signature of a TEE".into();
    assert_eq!(
        verifier().verify(&patched(BUNDLE.len() - 1, &[1]), None),
        Err(CannotVerify::Unsupported { kind }.into())
    );
}

#[test]
fn other_kinds_of_proof_are_named() {
    for (tag, kind) in [(0, "core"), (1, "compressed"), (2, "plonk")] {
        let kind = format!("SP1 {kind} proofs, only groth16 proofs are verified");
        assert_eq!(
            verifier().verify(&patched(0, &[tag]), None),
            Err(CannotVerify::Unsupported { kind }.into())
        );
    }
}

#[test]
fn lengths_out_of_bounds_are_undecodable() {
    for at in [4, DIGEST - 8, ENCODED - 8, RAW - 8, VALUES - 8, VERSION - 8] {
        let detail = format!("it ends inside a field, after {} bytes", BUNDLE.len());
        assert_eq!(refusal(&patched(at, &[0xff; 8])), undecodable(&detail));
    }
}

#[test]
fn other_program_is_named_before_any_pairing() {
    let mut other = program_vk();
    other[31] ^= 1;
    let verifier = Verifier::new(Wrapping::Groth16, other, None).unwrap();
    assert_eq!(
        verifier.verify(BUNDLE, None),
        Err(Refusal::ProgramKeyMismatch {
            expected: Hash(other),
            got: Hash(program_vk())
        }
        .into())
    );
}

#[test]
fn other_values_are_named_before_any_pairing() {
    let other = b"other";
    let digests = (hash_public_inputs(other), hash_public_inputs(PUBLIC_VALUES));
    assert_eq!(
        verifier().verify(BUNDLE, Some(other)),
        Err(Refusal::public_values_mismatch(digests.0, digests.1).into())
    );
    let bundle = patched(VALUES, &[0x15]);
    let changed = &bundle[VALUES..VALUES + 12];
    assert_eq!(
        refusal(&bundle),
        Refusal::public_values_mismatch(hash_public_inputs(changed), digests.1)
    );
}

#[test]
fn version_is_that_of_the_key() {
    assert_eq!(
        refusal(&patched(VERSION, b"v5.0.1")),
        Refusal::ProofVersionMismatch {
            expected: "v5.0.0",
            got: "v5.0.1".into()
        }
    );
}

#[test]
fn digest_of_the_key_counts_behind_the_selector_too() {
    assert_eq!(
        refusal(&patched(KEY_DIGEST + 31, &[0])),
        undecodable("its key digest is of no key, but for the selector")
    );
}

#[test]
fn public_inputs_are_canonical_decimals() {
    for (at, index) in [(PROGRAM_KEY, 0), (DIGEST, 1)] {
        for first in [b"0", b"+", b" ", b"a"] {
            assert_eq!(
                refusal(&patched(at, first)),
                Refusal::FieldElementNotCanonical {
                    what: format!("public input {index}")
                }
            );
        }
    }
}

#[test]
fn public_inputs_are_those_of_the_version() {
    let mut bundle = bundle(&GROTH16, hash_public_inputs(GROTH16.public_values));
    // The first public input once more, in front of the others.
    let first: Vec<u8> = bundle[4..4 + 8 + usize::from(bundle[4])].to_vec();
    bundle.splice(4..4, first);
    let answer = GROTH16.verifier().verify(&bundle, None);
    let detail = "it has more than five public inputs";
    assert_eq!(answer, Err(undecodable(detail).into()));
    let detail = "it has 1 public inputs, expected 2";
    let cut = [&BUNDLE[..4], &BUNDLE[DIGEST - 8..]].concat();
    assert_eq!(refusal(&cut), undecodable(detail));
}

#[test]
fn hexadecimal_is_in_lower_case() {
    let letter = BUNDLE[ENCODED..].iter().position(u8::is_ascii_lowercase);
    let at = ENCODED + letter.unwrap();
    let upper = [BUNDLE[at].to_ascii_uppercase()];
    assert_eq!(
        refusal(&patched(at, &upper)),
        undecodable("encoded_proof is not in lower case")
    );
    let Refusal::ProofUndecodable { detail } = refusal(&patched(ENCODED, b"g")) else {
        panic!("accepted");
    };
    assert!(detail.starts_with("encoded_proof: "));
}

#[test]
fn second_encoding_of_the_proof_is_the_same() {
    let expected = undecodable("raw_proof is not that of encoded_proof");
    assert_eq!(refusal(&patched(RAW, b"11")), expected);
    assert_eq!(refusal(&patched(RAW + 600, b"1")), expected);
}

#[test]
fn flipped_bits_of_a_bundle_are_never_valid() {
    for at in (0..BUNDLE.len()).step_by(11) {
        let answer = verifier().verify(&patched(at, &[BUNDLE[at] ^ 1]), None);
        assert!(answer.is_err(), "byte {at}");
        assert_ne!(
            answer,
            Err(CannotVerify::VerifierPanicked.into()),
            "byte {at}"
        );
    }
}
