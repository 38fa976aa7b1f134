//! Malformed bundles: every refusal by its name, and no work for a hostile length.

use super::*;

#[test]
fn empty_is_undecodable() {
    assert_eq!(refusal(&[], None), undecodable("it is empty"));
}

#[test]
fn truncated_is_undecodable() {
    let cuts = [
        1,
        7,
        8,
        9,
        1000,
        PUBLICS_LENGTH,
        PUBLICS,
        MINIMAL,
        FAMILY_LENGTH,
    ];
    for keep in cuts.into_iter().chain([PROOF.len() / 2, PROOF.len() - 1]) {
        let detail = format!("it ends inside a field, after {keep} bytes");
        assert_eq!(refusal(&PROOF[..keep], None), undecodable(detail));
    }
}

#[test]
fn extended_has_trailing_bytes() {
    for extra in [1, 8, 1000] {
        let expected = Refusal::ProofTrailingBytes {
            expected: PROOF.len(),
            got: PROOF.len() + extra,
        };
        assert_eq!(refusal(&[PROOF, &vec![0; extra]].concat(), None), expected);
    }
}

#[test]
fn oversize_is_refused_before_decoding() {
    let expected = Refusal::ProofTooLarge {
        got: MAX_PROOF_BYTES + 1,
        limit: MAX_PROOF_BYTES,
    };
    assert_eq!(refusal(&vec![0; MAX_PROOF_BYTES + 1], None), expected);
}

#[test]
fn huge_length_prefixes_allocate_nothing() {
    for at in [0, PUBLICS_LENGTH, FAMILY_LENGTH] {
        for length in [u64::MAX, u64::MAX / 8, 1 << 40, 1 << 32, 1 << 20] {
            let started = Instant::now();
            let refusal = refusal(&patched(at, &length.to_le_bytes()), None);
            assert!(
                matches!(refusal, Refusal::ProofUndecodable { .. }),
                "{at}: {refusal}"
            );
            // A gigabyte of zeroed pages takes longer than this, even on a busy machine.
            assert!(started.elapsed().as_secs() < 2);
        }
    }
}

/// The bundle with other numbers of words, each consistent with its length prefix.
fn resized(words: usize, publics: usize) -> Vec<u8> {
    let section = |from: usize, have: usize, want: usize| {
        let mut bytes = (want as u64).to_le_bytes().to_vec();
        bytes.extend(&PROOF[from..from + 8 * have.min(want)]);
        bytes.resize(8 + 8 * want, 0);
        bytes
    };
    let mut bundle = section(FIRST_WORD, WORDS, words);
    bundle.extend(section(PUBLICS, 68, publics));
    bundle.extend(&PROOF[MINIMAL..]);
    bundle
}

#[test]
fn other_numbers_of_words_are_undecodable() {
    assert_eq!(resized(WORDS, 68), PROOF);
    for (words, publics, detail) in [
        (0, 68, "it has 0 words of proof, not 31754"),
        (WORDS - 1, 68, "it has 31753 words of proof, not 31754"),
        (WORDS + 1, 68, "it has 31755 words of proof, not 31754"),
        // As many words in all as there should be: no total may hide a wrong part.
        (WORDS + 1, 67, "it has 31755 words of proof, not 31754"),
        (WORDS, 0, "it has 0 public words, not 68"),
        (WORDS, 67, "it has 67 public words, not 68"),
        (WORDS, 69, "it has 69 public words, not 68"),
    ] {
        assert_eq!(refusal(&resized(words, publics), None), undecodable(detail));
    }
}

#[test]
fn words_at_or_above_the_modulus_are_not_canonical() {
    for (at, what) in [
        (FIRST_WORD, "proof word 0"),
        (FIRST_WORD + 8 * 12_345, "proof word 12345"),
        (FIRST_WORD + 8 * (WORDS - 1), "proof word 31753"),
        (PUBLICS, "public word 0"),
        (OUTPUT + 8 * 63, "public word 67"),
    ] {
        for word in [MODULUS, u64::MAX] {
            let expected = Refusal::FieldElementNotCanonical { what: what.into() };
            assert_eq!(refusal(&patched(at, &word.to_le_bytes()), None), expected);
        }
    }
}

#[test]
fn another_encoding_of_an_element_is_not_canonical() {
    // The library alone takes it for the same element.
    let mut zeros = (0..WORDS).filter(|word| {
        let at = FIRST_WORD + 8 * word;
        u64::from_le_bytes(PROOF[at..at + 8].try_into().unwrap()) < u64::from(u32::MAX)
    });
    let Some(word) = zeros.next() else {
        panic!("no small word in the fixture")
    };
    let at = FIRST_WORD + 8 * word;
    let value = u64::from_le_bytes(PROOF[at..at + 8].try_into().unwrap());
    let bytes = patched(at, &(value + MODULUS).to_le_bytes());
    let expected = Refusal::FieldElementNotCanonical {
        what: format!("proof word {word}"),
    };
    assert_eq!(refusal(&bytes, None), expected);
}

#[test]
fn output_words_above_32_bits_are_undecodable() {
    let bytes = patched(OUTPUT + 8 * 5 + 4, &[1]);
    let expected = undecodable("output word 5 has more than 32 bits");
    assert_eq!(refusal(&bytes, None), expected);
}

#[test]
fn proof_that_is_not_minimal_is_unsupported() {
    let outcome = verifier().verify(&patched(MINIMAL, &[0]), None);
    let kind = "ZisK final vadcop proofs, only minimal (compressed) ones are verified".into();
    assert_eq!(outcome, Err(CannotVerify::Unsupported { kind }.into()));
    assert!(matches!(
        refusal(&patched(MINIMAL, &[2]), None),
        Refusal::ProofUndecodable { .. }
    ));
}

#[test]
fn other_hash_family_is_named() {
    for (family, got) in [
        ("Poseidon2", "Poseidon2"),
        ("Poseidon\u{7f}", "Poseidon\u{7f}"),
    ] {
        let expected = Refusal::ProofVersionMismatch {
            expected: HASH_FAMILY,
            got: got.into(),
        };
        let bytes = patched(FAMILY_LENGTH + 8, family.as_bytes());
        assert_eq!(refusal(&bytes, None), expected);
    }
    let not_text = patched(FAMILY_LENGTH + 8, &[0xff]);
    assert!(matches!(
        refusal(&not_text, None),
        Refusal::ProofUndecodable { .. }
    ));
}

/// Every word of a proof, and what a flipped bit in it must be answered with.
fn flips(step: usize) -> impl Iterator<Item = usize> {
    (0..PROOF.len()).step_by(step)
}

fn assert_flip_is_refused(at: usize, bit: u32) {
    let flipped = patched(at, &[PROOF[at] ^ 1 << bit]);
    let outcome = verifier().verify(&flipped, None);
    assert!(
        matches!(outcome, Err(Error::Refused(_))) || at == MINIMAL,
        "byte {at}, bit {bit}: {outcome:?}"
    );
}

#[test]
fn flipped_bits_at_hundreds_of_offsets_are_refused() {
    for at in flips(673) {
        assert_flip_is_refused(at, (at % 8) as u32);
    }
    for at in (PUBLICS_LENGTH..PROOF.len()).step_by(29) {
        assert_flip_is_refused(at, 0);
    }
}

/// No mutation may leave the proof valid, crash or hang; and most must reach the cryptography.
#[test]
#[ignore = "minutes: cargo test --release -p zkattest-verifier-zisk -- --ignored"]
fn ten_thousand_mutations_are_refused() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        // xorshift64: the same mutations on every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let verifier = verifier();
    let (mut undecodable, mut invalid, mut other) = (0, 0, 0);
    for round in 0..12_000 {
        let mut bytes = PROOF.to_vec();
        for _ in 0..=next(3) {
            let at = next(bytes.len() - 8);
            match next(5) {
                0 => bytes[at] ^= 1 << next(8),
                1 => bytes[at] = next(256) as u8,
                2 => bytes[at..at + 8].fill(0),
                3 => bytes.swap(at, at + 7),
                _ => {
                    let from = next(bytes.len() - 8);
                    bytes.copy_within(from..from + 8, at);
                }
            }
        }
        if bytes == PROOF {
            continue;
        }
        match verifier.verify(&bytes, None) {
            Err(Error::Refused(Refusal::ProofInvalid { .. })) => invalid += 1,
            Err(Error::Refused(
                Refusal::ProofUndecodable { .. } | Refusal::FieldElementNotCanonical { .. },
            )) => undecodable += 1,
            Err(Error::Refused(_)) => other += 1,
            outcome => panic!("round {round}: {outcome:?}"),
        }
    }
    println!("{invalid} invalid, {undecodable} undecodable, {other} others");
    assert!(invalid > 5_000);
}
