//! What a C program may do wrong, and what it is answered. The golden proofs of every system are
//! verified through the library as it is linked, by tests/interop/test_embedding.py.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the functions under test are for C"
)]
#![allow(non_snake_case, reason = "a test names its subject and its verdict")]

use std::{
    ffi::{CStr, c_char},
    mem::MaybeUninit,
    ptr,
};

use ::zkattest_verifier::{Error, ProofVerifier, Verified};

use super::*;

const PROOF: &[u8] = include_bytes!("../../../tests/fixtures/zisk-1.1-vadcop/proof.bin");
const KEY: &[u8] = include_bytes!("../../../tests/fixtures/zisk-1.1-vadcop/program_vk.bin");
const PUBLIC_VALUES: &[u8] =
    include_bytes!("../../../tests/fixtures/zisk-1.1-vadcop/public_values.bin");

/// An answer, copied out of a result that is cleared.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    answer: i32,
    word: String,
    detail: String,
    public_values: Option<Vec<u8>>,
}

fn told(answer: i32, word: &str, detail: &str) -> Told {
    Told {
        answer,
        word: word.into(),
        detail: detail.into(),
        public_values: None,
    }
}

/// Call `function` with a place for the result, and take the result apart.
fn ask(function: impl FnOnce(*mut zkattest_result) -> i32) -> Told {
    let mut place = MaybeUninit::uninit();
    let answer = function(place.as_mut_ptr());
    unsafe {
        let mut result: zkattest_result = place.assume_init();
        assert_eq!(result.answer, answer);
        let told = Told {
            answer,
            word: CStr::from_ptr(result.word).to_str().unwrap().into(),
            detail: CStr::from_ptr(result.detail).to_str().unwrap().into(),
            public_values: (!result.public_values.is_null()).then(|| {
                std::slice::from_raw_parts(result.public_values, result.public_values_length)
                    .to_vec()
            }),
        };
        zkattest_result_clear(&raw mut result);
        assert!(result.detail.is_null() && result.public_values.is_null());
        // A second time there is nothing left to free.
        zkattest_result_clear(&raw mut result);
        told
    }
}

fn open_as(
    system: *const c_char,
    key: &[u8],
    verifier_key: Option<&[u8]>,
) -> (*mut zkattest_verifier, Told) {
    let mut verifier = ptr::dangling_mut();
    let verifier_key_start = verifier_key.map_or(ptr::null(), <[u8]>::as_ptr);
    let told = ask(|result| unsafe {
        zkattest_verifier_open(
            system,
            key.as_ptr(),
            key.len(),
            verifier_key_start,
            verifier_key.map_or(0, <[u8]>::len),
            &raw mut verifier,
            result,
        )
    });
    (verifier, told)
}

fn zisk() -> *mut zkattest_verifier {
    let (verifier, told) = open_as(c"zisk".as_ptr(), KEY, None);
    assert_eq!(told, self::told(ZKATTEST_VALID, "valid", ""));
    verifier
}

fn verify(verifier: *const zkattest_verifier, proof: &[u8], values: Option<&[u8]>) -> Told {
    ask(|result| unsafe {
        zkattest_verifier_verify(
            verifier,
            proof.as_ptr(),
            proof.len(),
            values.map_or(ptr::null(), <[u8]>::as_ptr),
            values.map_or(0, <[u8]>::len),
            result,
        )
    })
}

#[test]
fn proof__valid_invalid_or_not_checked() {
    let verifier = zisk();
    let valid = Told {
        public_values: Some(PUBLIC_VALUES.to_vec()),
        ..told(ZKATTEST_VALID, "valid", "")
    };
    assert_eq!(verify(verifier, PROOF, None), valid);
    assert_eq!(verify(verifier, PROOF, Some(PUBLIC_VALUES)), valid);

    let mut flipped = PROOF.to_vec();
    flipped[1000] ^= 1;
    let detail = "proof is invalid: the vadcop proof does not verify under the aggregation key";
    let invalid = told(ZKATTEST_INVALID, "proof_invalid", detail);
    assert_eq!(verify(verifier, &flipped, None), invalid);

    // Given, and empty: other values than the proof's.
    let told = verify(verifier, PROOF, Some(&[]));
    assert_eq!(
        (told.answer, told.word.as_str()),
        (ZKATTEST_INVALID, "public_values_mismatch")
    );
    unsafe { zkattest_verifier_free(verifier) };
}

#[test]
fn seal_without_its_journal__not_checked_public_values_missing() {
    let (verifier, _) = open_as(c"risc0-groth16".as_ptr(), &[7; 32], None);
    let detail = "the proof does not carry its public values; give them";
    let expected = told(ZKATTEST_CANNOT_CHECK, "public_values_missing", detail);
    assert_eq!(verify(verifier, &[0xc2; 260], None), expected);
    unsafe { zkattest_verifier_free(verifier) };
}

#[test]
fn null_pointers__not_checked_misuse() {
    let misuse = |detail| told(ZKATTEST_CANNOT_CHECK, "misuse", detail);
    assert_eq!(open_as(ptr::null(), KEY, None).1, misuse("system is null"));
    assert_eq!(verify(ptr::null(), PROOF, None), misuse("verifier is null"));
    let mut opened = ptr::dangling_mut();
    let no_key = ask(|result| unsafe {
        let (system, key) = (c"zisk".as_ptr(), ptr::null());
        zkattest_verifier_open(system, key, 32, key, 0, &raw mut opened, result)
    });
    assert_eq!(no_key, misuse("program_key is null"));
    assert!(opened.is_null());
    let nowhere = ask(|result| unsafe {
        let (system, none) = (c"zisk".as_ptr(), ptr::null());
        zkattest_verifier_open(system, KEY.as_ptr(), 32, none, 0, ptr::null_mut(), result)
    });
    assert_eq!(nowhere, misuse("verifier is null"));

    let verifier = zisk();
    for (start, length, values, values_length, detail) in [
        (ptr::null(), 0, ptr::null(), 0, "proof is null"),
        (ptr::null(), 9, ptr::null(), 0, "proof is null"),
        (
            PROOF.as_ptr(),
            PROOF.len(),
            ptr::null(),
            3,
            "public_values is null",
        ),
    ] {
        let told = ask(|result| unsafe {
            zkattest_verifier_verify(verifier, start, length, values, values_length, result)
        });
        assert_eq!(told, misuse(detail));
    }
    unsafe {
        zkattest_verifier_free(verifier);
        zkattest_verifier_free(ptr::null_mut());
        zkattest_result_clear(ptr::null_mut());
        assert_eq!(zkattest_verifier_max_proof_bytes(ptr::null()), 0);
        assert!(zkattest_verifier_circuit_version(ptr::null()).is_null());
    }
}

#[test]
fn lengths_beyond_any_limit__answered_without_a_look_at_the_memory() {
    let verifier = zisk();
    // One byte of memory, and the length of an address space.
    let byte = [0];
    for length in [usize::MAX, isize::MAX as usize, MAX_ZISK_BYTES + 1] {
        let too_large = ask(|result| unsafe {
            let none = ptr::null();
            zkattest_verifier_verify(verifier, byte.as_ptr(), length, none, 0, result)
        });
        let detail = format!("proof is too large: got {length} bytes, limit {MAX_ZISK_BYTES}");
        assert_eq!(
            too_large,
            told(ZKATTEST_INVALID, "proof_too_large", &detail)
        );
    }
    let values = ask(|result| unsafe {
        let (start, length) = (PROOF.as_ptr(), PROOF.len());
        zkattest_verifier_verify(verifier, start, length, byte.as_ptr(), usize::MAX, result)
    });
    let expected = told(ZKATTEST_CANNOT_CHECK, "misuse", "public_values is too long");
    assert_eq!(values, expected);
    unsafe { zkattest_verifier_free(verifier) };
}

#[test]
fn keys_beyond_any_limit__answered_without_a_look_at_the_memory() {
    let byte = [0];
    for (key_length, verifier_key_length, detail) in [
        (usize::MAX, 0, "program_key is too long"),
        (KEY.len(), usize::MAX, "verifier_key is too long"),
    ] {
        let mut opened = ptr::dangling_mut();
        let key = if key_length == KEY.len() {
            KEY.as_ptr()
        } else {
            byte.as_ptr()
        };
        let told = ask(|result| unsafe {
            zkattest_verifier_open(
                c"zisk".as_ptr(),
                key,
                key_length,
                byte.as_ptr(),
                verifier_key_length,
                &raw mut opened,
                result,
            )
        });
        assert_eq!(told, self::told(ZKATTEST_CANNOT_CHECK, "misuse", detail));
        assert!(opened.is_null());
    }
}

#[test]
fn lengths_of_zero__are_empty_and_not_missing() {
    let (none, no_key) = open_as(c"zisk".as_ptr(), &[], None);
    assert!(none.is_null());
    assert_eq!(
        (no_key.answer, no_key.word.as_str()),
        (ZKATTEST_INVALID, "program_key_malformed")
    );
    let (none, empty_key) = open_as(c"groth16-bn254".as_ptr(), KEY, Some(&[]));
    assert!(none.is_null());
    assert_eq!(
        (empty_key.answer, empty_key.word.as_str()),
        (ZKATTEST_INVALID, "program_key_mismatch")
    );
    let verifier = zisk();
    let empty = verify(verifier, &[], None);
    assert_eq!(
        (empty.answer, empty.word.as_str()),
        (ZKATTEST_INVALID, "proof_undecodable")
    );
    unsafe { zkattest_verifier_free(verifier) };
}

/// A handle is a pointer, and may go wherever C takes it.
#[derive(Clone, Copy)]
struct Shared(*const zkattest_verifier);
unsafe impl Sync for Shared {}

#[test]
fn threads_at_once__each_is_answered_what_it_asked() {
    let shared = Shared(zisk());
    let mut flipped = PROOF.to_vec();
    flipped[1000] ^= 1;
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (shared, flipped) = (&shared, &flipped);
            scope.spawn(move || {
                // What is opened, asked and freed beside it changes nothing.
                let own = zisk();
                for _ in 0..2 {
                    let (proof, values, answer) = match number % 3 {
                        0 => (PROOF, Some(PUBLIC_VALUES), ZKATTEST_VALID),
                        1 => (flipped.as_slice(), None, ZKATTEST_INVALID),
                        _ => (PROOF, Some(&[][..]), ZKATTEST_INVALID),
                    };
                    assert_eq!(verify(shared.0, proof, values).answer, answer);
                    assert_eq!(verify(ptr::null(), proof, values).word, "misuse");
                }
                unsafe { zkattest_verifier_free(own) };
            });
        }
    });
    unsafe { zkattest_verifier_free(shared.0.cast_mut()) };
}

/// What a proof of ZisK may have.
const MAX_ZISK_BYTES: usize = 1 << 20;

#[test]
fn name_of_no_system__not_checked_unsupported_proof_system() {
    let long = [b'z'; 200];
    for name in [
        c"".as_ptr(),
        c"ZISK".as_ptr(),
        c"zisk ".as_ptr(),
        long.as_ptr().cast(),
    ] {
        let (verifier, told) = open_as(name, KEY, None);
        assert!(verifier.is_null());
        assert_eq!(told.word, "unsupported_proof_system");
        assert_eq!(told.answer, ZKATTEST_CANNOT_CHECK);
    }
}

#[test]
fn unusable_keys__invalid_or_not_checked() {
    for (system, key, verifier_key, answer, word) in [
        (
            c"zisk",
            &KEY[..31],
            None,
            ZKATTEST_INVALID,
            "program_key_malformed",
        ),
        (
            c"zisk",
            KEY,
            Some(&[1_u8][..]),
            ZKATTEST_INVALID,
            "verifier_key_malformed",
        ),
        (
            c"groth16-bn254",
            KEY,
            None,
            ZKATTEST_CANNOT_CHECK,
            "verifier_key_missing",
        ),
        (
            c"sp1",
            &[0xff; 32],
            None,
            ZKATTEST_INVALID,
            "program_key_not_canonical",
        ),
    ] {
        let (verifier, told) = open_as(system.as_ptr(), key, verifier_key);
        assert!(verifier.is_null());
        assert_eq!((told.answer, told.word.as_str()), (answer, word));
        assert!(!told.detail.is_empty());
    }
}

#[test]
fn result_that_nobody_wants__is_not_written() {
    let verifier = zisk();
    let answer = unsafe {
        let (start, length, none) = (PROOF.as_ptr(), PROOF.len(), ptr::null());
        zkattest_verifier_verify(verifier, start, length, none, 0, ptr::null_mut())
    };
    assert_eq!(answer, ZKATTEST_VALID);
    unsafe {
        assert_eq!(zkattest_verifier_max_proof_bytes(verifier), MAX_ZISK_BYTES);
        let version = CStr::from_ptr(zkattest_verifier_circuit_version(verifier));
        assert_eq!(version, c"1.1.0-alpha");
        zkattest_verifier_free(verifier);
    }
}

#[test]
fn names_and_versions__are_listed() {
    let names = (0_usize..)
        .map(|index| zkattest_system_name(index))
        .take_while(|name| !name.is_null());
    let names: Vec<_> = names.map(|name| unsafe { CStr::from_ptr(name) }).collect();
    assert_eq!(names.len(), 7);
    assert_eq!(names[0], c"sp1");
    assert!(zkattest_system_name(usize::MAX).is_null());
    assert_eq!(zkattest_abi_version(), ZKATTEST_ABI_VERSION);
    let version = unsafe { CStr::from_ptr(zkattest_version()) };
    assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
}

#[test]
fn panic__not_checked_backend_panic() {
    let outcome = ffi::contain::<()>(|| panic!("a defect"));
    let told = ask(|result| {
        let result_of = outcome.unwrap_err().into_result();
        let code = result_of.answer;
        unsafe { result.write(result_of) };
        code
    });
    let expected = self::told(ZKATTEST_CANNOT_CHECK, "backend_panic", "verifier panicked");
    assert_eq!(told, expected);
}

#[test]
fn process_that_was_forked__not_checked_backend_unavailable() {
    let owner = std::sync::atomic::AtomicU32::new(0);
    assert_eq!(ffi::require_owner(&owner, 7), Ok(()));
    assert_eq!(ffi::require_owner(&owner, 7), Ok(()));
    assert_eq!(ffi::require_owner(&owner, 8), Err(answer::Misuse::Forked));
}

/// A verifier with a defect: it panics, whatever it is given.
#[derive(Debug)]
struct Panics;

impl ProofVerifier for Panics {
    fn max_proof_bytes(&self) -> usize {
        MAX_ZISK_BYTES
    }

    fn circuit_version(&self) -> &str {
        "none"
    }

    fn verify(&self, proof: &[u8], _: Option<&[u8]>) -> Result<Verified, Error> {
        unreachable!("a defect, at {} bytes", proof.len())
    }
}

#[test]
fn panic__ends_at_the_border_and_the_handle_still_answers() {
    let verifier = Box::into_raw(Box::new(zkattest_verifier::new(Box::new(Panics), false)));
    let expected = told(ZKATTEST_CANNOT_CHECK, "backend_panic", "verifier panicked");
    assert_eq!(verify(verifier, PROOF, None), expected);
    assert_eq!(verify(verifier, PROOF, None), expected);
    unsafe {
        let version = CStr::from_ptr(zkattest_verifier_circuit_version(verifier));
        assert_eq!(version, c"none");
        zkattest_verifier_free(verifier);
    }
}

#[test]
fn detail__is_one_line() {
    let text = answer::line("a\nb\0c\td");
    assert_eq!(text.as_c_str(), c"a b c d");
}
