use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/", $name))
    };
}

const PROOF: &[u8] = fixture!("openvm-2.1-stark/proof.bin");
const KEY: &[u8] = fixture!("openvm-2.1-stark/program_vk.bin");
const PUBLIC_VALUES: &[u8] = fixture!("openvm-2.1-stark/public_values.bin");

/// Commitment to the main traces, behind the version.
const COMMITMENT: usize = 4;
/// Number of circuits, and behind it the bitmap of those with a trace.
const CIRCUITS: usize = COMMITMENT + 32;
/// Log-height of the first trace, then how many commitments it has.
const FIRST_TRACE: usize = CIRCUITS + 4 + 6;
/// How many circuits have public values, behind 42 traces; one of them has a commitment.
const WITH_VALUES: usize = FIRST_TRACE + 42 * 8 + 32;
/// Where the end begins: number of public values.
const END: usize = PROOF.len() - 549;

fn verifier() -> Verifier {
    Verifier::new(KEY).unwrap()
}

fn refusal(bytes: &[u8]) -> Refusal {
    match verifier().verify(bytes, None) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn undecodable(detail: impl Into<String>) -> Refusal {
    Refusal::ProofUndecodable {
        detail: detail.into(),
    }
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut proof = PROOF.to_vec();
    proof[at..at + bytes.len()].copy_from_slice(bytes);
    proof
}

fn digest(values: &[u8]) -> Hash {
    Hash(Sha256::digest(values).into())
}

fn unsupported() -> Error {
    let kind = format!(
        "OpenVM STARK proofs (codec 3 of OpenVM 2.1, 42 circuits, program {}): OpenVM's verifier \
         is not on the registries; use a proof of another system",
        digest(KEY)
    );
    CannotVerify::Unsupported { kind }.into()
}

#[test]
fn fixture_is_named_and_unsupported() {
    let expected = proof::DecodedProof {
        circuits: 42,
        public_values: PUBLIC_VALUES.to_vec(),
    };
    assert_eq!(verifier().decode(PROOF), Ok(expected));
    for public_values in [None, Some(PUBLIC_VALUES), Some(&PUBLIC_VALUES[..43])] {
        let outcome = verifier().verify(PROOF, public_values);
        assert_eq!(outcome, Err(unsupported()));
    }
}

#[test]
fn key_and_its_digest_name_the_same_program() {
    let by_digest = Verifier::new(&digest(KEY).0).unwrap();
    assert_eq!(by_digest.verify(PROOF, None), Err(unsupported()));
}

#[test]
fn malformed_keys_are_refused() {
    let cases: [(Vec<u8>, &str); 5] = [
        (vec![], "it has 0 bytes, expected 367, or 32 of its SHA-256"),
        (
            KEY[..366].to_vec(),
            "it has 366 bytes, expected 367, or 32 of its SHA-256",
        ),
        (
            [&[1], &KEY[1..]].concat(),
            "program commitment: element 0 is none",
        ),
        (
            [&KEY[..362], &[0xff; 4], &[0]].concat(),
            "circuit commitments: element 63 is none",
        ),
        (
            [&KEY[..366], &[1]].concat(),
            "it expects deferred computations",
        ),
    ];
    for (key, detail) in cases {
        let detail = detail.into();
        let expected = Refusal::ProgramKeyMalformed { detail };
        assert_eq!(Verifier::new(&key).unwrap_err(), expected);
    }
}

#[test]
fn other_public_values_are_refused() {
    for values in [&b""[..], b"others", &[0; 256], &PUBLIC_VALUES[..42]] {
        let expected = Refusal::PublicValuesMismatch {
            expected: digest(values),
            got: digest(PUBLIC_VALUES),
        };
        let outcome = verifier().verify(PROOF, Some(values));
        assert_eq!(outcome, Err(expected.into()));
    }
    let dirty = patched(END + 4 + 4 * 22, &[7]);
    let outcome = verifier().verify(&dirty, Some(&PUBLIC_VALUES[..43]));
    let expected = Refusal::PublicValuesPaddingNotZero { at: 44 };
    assert_eq!(outcome, Err(expected.into()));
}

#[test]
fn empty_and_truncated_are_undecodable() {
    assert_eq!(refusal(&[]), undecodable("it is empty"));
    for keep in [
        1,
        3,
        COMMITMENT,
        CIRCUITS + 1,
        FIRST_TRACE - 1,
        WITH_VALUES + 2,
    ] {
        let detail = format!("it ends inside a field, after {keep} bytes");
        assert_eq!(refusal(&PROOF[..keep]), undecodable(detail));
    }
    let cut = undecodable("it ends before its public values");
    assert_eq!(refusal(&PROOF[..0x3c2 + 100]), cut);
    for keep in [PROOF.len() / 2, PROOF.len() - 1] {
        assert!(matches!(
            refusal(&PROOF[..keep]),
            Refusal::ProofUndecodable { .. } | Refusal::FieldElementNotCanonical { .. }
        ));
    }
}

#[test]
fn extended_is_undecodable() {
    for extra in [1, 4, 1000] {
        let bytes = [PROOF, &vec![0; extra]].concat();
        assert!(matches!(refusal(&bytes), Refusal::ProofUndecodable { .. }));
    }
}

#[test]
fn oversize_is_refused_before_decoding() {
    let expected = Refusal::ProofTooLarge {
        got: MAX_PROOF_BYTES + 1,
        limit: MAX_PROOF_BYTES,
    };
    assert_eq!(refusal(&vec![3; MAX_PROOF_BYTES + 1]), expected);
}

#[test]
fn newer_versions_are_unsupported() {
    for version in [4, 15] {
        let outcome = verifier().verify(&patched(0, &[version]), None);
        let kind = format!("OpenVM proofs of codec {version}; codec 3 is decoded, none verified");
        assert_eq!(outcome, Err(CannotVerify::Unsupported { kind }.into()));
    }
}

#[test]
fn older_versions_and_no_versions_are_refused() {
    for version in [1, 2] {
        let expected = Refusal::ProofVersionMismatch {
            expected: "codec 3",
            got: format!("codec {version}"),
        };
        assert_eq!(refusal(&patched(0, &[version])), expected);
    }
    for version in [0, 16, 255] {
        let detail = format!("it begins with {version}, which is no version of OpenVM's encoding");
        assert_eq!(refusal(&patched(0, &[version])), undecodable(detail));
    }
}

#[test]
fn hostile_lengths_are_undecodable_and_allocate_nothing() {
    let started = std::time::Instant::now();
    for (at, value, detail) in [
        (CIRCUITS, 0, "it has 0 circuits"),
        (CIRCUITS, u32::MAX, "it has 4294967295 circuits"),
        (FIRST_TRACE, 33, "a trace has 2^33 rows"),
        (
            FIRST_TRACE + 4,
            u32::MAX,
            "a length of 4294967295 at byte 50 is out of bounds",
        ),
        (
            WITH_VALUES,
            41,
            "it has public values of 41 circuits, not 42",
        ),
        (
            WITH_VALUES + 4,
            1 << 30,
            "a length of 1073741824 at byte 418 is out of bounds",
        ),
        (END, 129, "it has 129 elements of public values, not 128"),
        (
            END + 4,
            1 << 16,
            "element 0 of its public values has more than 16 bits",
        ),
    ] {
        let bytes = patched(at, &u32::to_le_bytes(value));
        assert_eq!(refusal(&bytes), undecodable(detail));
    }
    let spilled = patched(FIRST_TRACE - 1, &[0x07]);
    let detail = "its bitmap has bits beyond its circuits";
    assert_eq!(refusal(&spilled), undecodable(detail));
    assert!(started.elapsed().as_secs() < 2);
}

#[test]
fn elements_at_or_above_the_modulus_are_not_canonical() {
    for (at, what) in [
        (COMMITMENT, "the element at byte 4"),
        (WITH_VALUES + 8, "the element at byte 422"),
        (PROOF.len() - 33, "the element at byte 516"),
    ] {
        for value in [MODULUS, u32::MAX] {
            let expected = Refusal::FieldElementNotCanonical { what: what.into() };
            assert_eq!(refusal(&patched(at, &value.to_le_bytes())), expected);
        }
    }
}

#[test]
fn proofs_of_other_systems_are_refused() {
    let proofs: [&[u8]; 4] = [
        fixture!("sp1-6.4-compressed/proof.bin"),
        fixture!("sp1-5-groth16/proof.bin"),
        fixture!("zisk-1.1-vadcop/proof.bin"),
        &[0xc2; 260],
    ];
    assert_eq!(
        proofs.map(|proof| refusal(proof).to_string()),
        [
            "proof is of another circuit: expected codec 3, got codec 1",
            "proof cannot be decoded: it has 808858929 circuits",
            "proof cannot be decoded: it begins with 31754, which is no version of OpenVM's \
             encoding",
            "proof cannot be decoded: it begins with 3267543746, which is no version of OpenVM's \
             encoding",
        ]
    );
}

#[test]
fn flipped_bits_never_verify() {
    for at in (0..PROOF.len()).step_by(97) {
        let flipped = patched(at, &[PROOF[at] ^ 1 << (at % 8)]);
        assert!(verifier().verify(&flipped, None).is_err(), "byte {at}");
    }
}
