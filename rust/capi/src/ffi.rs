//! The functions that C programs call, and every `unsafe` of this library.
//!
//! Each one answers null pointers, holds lengths against a limit before it looks at the memory, and
//! lets no panic out. What it must trust is what every C function must: that a pointer which is not
//! null points to as many bytes as the length says, and a handle to what `zkattest_verifier_open`
//! gave and `zkattest_verifier_free` has not taken.
#![allow(unsafe_code, reason = "C has no other")]

use std::{
    ffi::{CStr, CString, c_char},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr, slice,
    sync::{
        Once, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use ::zkattest_verifier::{CannotVerify, ProofVerifier, Refusal};
use zkattest_verifiers::{System, open};

use crate::answer::{Answer, Misuse, line, zkattest_result};

/// Number of this interface; it changes when a program has to be compiled again.
pub const ZKATTEST_ABI_VERSION: u32 = 1;

/// No system's program key is longer.
const MAX_PROGRAM_KEY_BYTES: usize = 4096;
/// No system's verifier key is longer.
const MAX_VERIFIER_KEY_BYTES: usize = 1 << 20;
/// No program puts more out.
const MAX_PUBLIC_VALUES_BYTES: usize = 1 << 24;
/// No name of a system is longer.
const MAX_NAME_BYTES: usize = 64;

/// Verifies proofs of one program.
///
/// Threads: any number may use one handle at once, for nothing in it changes.
/// Owner: whoever opened it; zkattest_verifier_free takes it back.
#[derive(Debug)]
#[allow(non_camel_case_types, reason = "the name that C programs see")]
pub struct zkattest_verifier {
    verifier: Box<dyn ProofVerifier>,
    circuit_version: CString,
    /// Whether the library behind it verifies in a pool of threads, one for a process.
    has_threads: bool,
}

impl zkattest_verifier {
    pub(crate) fn new(verifier: Box<dyn ProofVerifier>, has_threads: bool) -> Self {
        let circuit_version = line(verifier.circuit_version());
        Self {
            verifier,
            circuit_version,
            has_threads,
        }
    }
}

const _: fn() = || {
    fn shared_between_threads<T: Send + Sync>() {}
    shared_between_threads::<zkattest_verifier>();
};

/// Return the version of this library, like "0.1.0".
///
/// Threads: from any, at once. Owner: the library, for as long as the program runs; never freed.
/// Returns: never null.
#[unsafe(no_mangle)]
pub extern "C" fn zkattest_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// Return ZKATTEST_ABI_VERSION of the library that is linked; compare it with the header's.
///
/// Threads: from any, at once. Returns: a number from 1.
#[unsafe(no_mangle)]
pub extern "C" fn zkattest_abi_version() -> u32 {
    ZKATTEST_ABI_VERSION
}

/// Return the name of the proof system with this index.
///
/// Threads: from any, at once. Owner: the library, for as long as the program runs; never freed.
/// Returns: a string, or null for any index behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn zkattest_system_name(index: usize) -> *const c_char {
    static NAMES: OnceLock<Vec<CString>> = OnceLock::new();
    let name = || {
        let names = NAMES.get_or_init(|| {
            let names = System::ALL.iter().map(|system| line(system.name()));
            names.collect()
        });
        names.get(index).map_or(ptr::null(), |name| name.as_ptr())
    };
    catch_unwind(name).unwrap_or(ptr::null())
}

/// Open a verifier for proofs of one program, and prepare its keys.
///
/// `system` is one of the names that zkattest_system_name lists. `verifier_key` may be null: most
/// systems bring theirs. What the pointers show is copied where it is kept.
///
/// Threads: from any, at once, each with places of its own for `verifier` and `result`.
/// Owner: the caller owns `*verifier` (zkattest_verifier_free) and what is written to `result`
/// (zkattest_result_clear); `result` may be null. A result that is there is overwritten, not cleared.
/// Returns: ZKATTEST_VALID, and `*verifier` is a handle; else `*verifier` is null:
/// ZKATTEST_INVALID, a key is refused (`program_key_malformed`, ...); ZKATTEST_CANNOT_CHECK, the
/// system is not known (`unsupported_proof_system`), a key is missing or of a version that is not
/// known, or a pointer or a length is wrong (`misuse`).
///
/// # Safety
/// `system` ends with a zero byte; each other pointer is null or points to as many bytes as its
/// length says; `verifier` and `result` are null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zkattest_verifier_open(
    system: *const c_char,
    program_key: *const u8,
    program_key_length: usize,
    verifier_key: *const u8,
    verifier_key_length: usize,
    verifier: *mut *mut zkattest_verifier,
    result: *mut zkattest_result,
) -> i32 {
    keep_panics_quiet();
    let opened = contain(|| {
        if verifier.is_null() {
            return Err(Misuse::NullPointer("verifier").into());
        }
        // SAFETY: not null, and the caller may have it written to.
        unsafe { verifier.write(ptr::null_mut()) };
        // SAFETY: the caller's string and byte strings, as promised above.
        let (system, program_key, verifier_key) = unsafe {
            (
                name(system)?,
                given(
                    program_key,
                    program_key_length,
                    MAX_PROGRAM_KEY_BYTES,
                    "program_key",
                )?,
                bytes(
                    verifier_key,
                    verifier_key_length,
                    MAX_VERIFIER_KEY_BYTES,
                    "verifier_key",
                )?,
            )
        };
        let opened = open(system, program_key, verifier_key)?;
        let has_threads = matches!(system, System::Sp1);
        Ok(Box::new(zkattest_verifier::new(opened, has_threads)))
    });
    let answer = match opened {
        Ok(opened) => {
            // SAFETY: checked above, or `opened` would be an error.
            unsafe { verifier.write(Box::into_raw(opened)) };
            Answer::Opened
        }
        Err(answer) => answer,
    };
    // SAFETY: the caller's result, as promised above.
    unsafe { answered(answer, result) }
}

/// Verify a proof.
///
/// `public_values` may be null where a proof carries its own; else the proof must commit to exactly
/// these bytes. Null with length zero is "none given", a pointer with length zero "none put out".
/// A proof longer than zkattest_verifier_max_proof_bytes is refused before a byte of it is read.
///
/// Threads: from any, with one handle at once, each with a place of its own for `result`.
/// Owner: inputs stay the caller's, and are not kept. The caller owns what is written to `result`
/// (zkattest_result_clear); `result` may be null. A result that is there is overwritten, not cleared.
/// Returns: ZKATTEST_VALID; ZKATTEST_INVALID, the proof or the values are refused; or
/// ZKATTEST_CANNOT_CHECK, which says nothing about the proof: public values are missing, a version
/// is not known, the verifier panicked (`backend_panic`), the process was forked from one that had
/// verified proofs of `sp1` (`backend_unavailable`), a pointer or a length is wrong (`misuse`).
///
/// # Safety
/// `verifier` is null or an open handle; each other pointer is null or points to as many bytes as
/// its length says; `result` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zkattest_verifier_verify(
    verifier: *const zkattest_verifier,
    proof: *const u8,
    proof_length: usize,
    public_values: *const u8,
    public_values_length: usize,
    result: *mut zkattest_result,
) -> i32 {
    let verified = contain(|| {
        // SAFETY: null, or a handle that is open for as long as this call.
        let opened = unsafe { verifier.as_ref() }.ok_or(Misuse::NullPointer("verifier"))?;
        let limit = opened.verifier.max_proof_bytes();
        if !proof.is_null() && proof_length > limit {
            return Err(Answer::Refused(Refusal::ProofTooLarge {
                got: proof_length,
                limit,
            }));
        }
        // SAFETY: the caller's byte strings, as promised above.
        let (proof, public_values) = unsafe {
            (
                given(proof, proof_length, limit, "proof")?,
                bytes(
                    public_values,
                    public_values_length,
                    MAX_PUBLIC_VALUES_BYTES,
                    "public_values",
                )?,
            )
        };
        if opened.has_threads {
            static OWNER: AtomicU32 = AtomicU32::new(0);
            require_owner(&OWNER, std::process::id())?;
        }
        Ok(opened.verifier.verify(proof, public_values)?)
    });
    let answer = verified.map_or_else(|answer| answer, Answer::Valid);
    // SAFETY: the caller's result, as promised above.
    unsafe { answered(answer, result) }
}

/// Return how many bytes a proof may have.
///
/// Threads: from any, with one handle at once. Returns: a number from 1; zero for null.
///
/// # Safety
/// `verifier` is null or an open handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zkattest_verifier_max_proof_bytes(
    verifier: *const zkattest_verifier,
) -> usize {
    // SAFETY: null, or a handle that is open for as long as this call.
    let opened = unsafe { verifier.as_ref() };
    contain(|| Ok(opened.map_or(0, |opened| opened.verifier.max_proof_bytes()))).unwrap_or(0)
}

/// Return the version of the circuit that proofs are checked against.
///
/// Threads: from any, with one handle at once. Owner: the handle, for as long as it is open.
/// Returns: a string; null where `verifier` is null.
///
/// # Safety
/// `verifier` is null or an open handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zkattest_verifier_circuit_version(
    verifier: *const zkattest_verifier,
) -> *const c_char {
    // SAFETY: null, or a handle that is open for as long as this call.
    let opened = unsafe { verifier.as_ref() };
    opened.map_or(ptr::null(), |opened| opened.circuit_version.as_ptr())
}

/// Free a handle; null is no handle, and nothing happens.
///
/// Threads: from any, once, and when no thread uses the handle any more. Owner: takes the handle.
///
/// # Safety
/// `verifier` is null or a handle that no thread uses any more, and not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zkattest_verifier_free(verifier: *mut zkattest_verifier) {
    if verifier.is_null() {
        return;
    }
    // SAFETY: made by `Box::into_raw`, and given back once.
    let opened = unsafe { Box::from_raw(verifier) };
    // A panic while dropping must not cross into C; there is nothing to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(opened)));
}

/// Free what a result owns, and make it empty; null and an empty result are left alone.
///
/// Threads: from any, at once for different results. Owner: `detail` and `public_values` are taken
/// and become null; `answer` and `word` stay as they are.
///
/// # Safety
/// `result` is null, zeroed, or one that a call here has written and nobody has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zkattest_result_clear(result: *mut zkattest_result) {
    // SAFETY: null, or the caller's own.
    let Some(result) = (unsafe { result.as_mut() }) else {
        return;
    };
    if !result.detail.is_null() {
        // SAFETY: made by `CString::into_raw`, and freed once: it is null afterwards.
        drop(unsafe { CString::from_raw(result.detail) });
        result.detail = ptr::null_mut();
    }
    if !result.public_values.is_null() {
        let values =
            ptr::slice_from_raw_parts_mut(result.public_values, result.public_values_length);
        // SAFETY: made by `Box::into_raw` of as many bytes, and freed once.
        drop(unsafe { Box::from_raw(values) });
        result.public_values = ptr::null_mut();
    }
    result.public_values_length = 0;
}

/// Note which process verifies first; a process that was forked from it has none of its threads, and
/// would wait for them for ever.
pub(crate) fn require_owner(owner: &AtomicU32, process: u32) -> Result<(), Misuse> {
    match owner.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != process => Err(Misuse::Forked),
        _ => Ok(()),
    }
}

/// Run `work`; a panic in it becomes "could not check".
pub(crate) fn contain<T>(work: impl FnOnce() -> Result<T, Answer>) -> Result<T, Answer> {
    // Unwind safety: what `work` made is dropped, and what it borrows is immutable.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or(Err(Answer::CannotVerify(CannotVerify::VerifierPanicked)))
}

/// Keep contained panics off standard error, which belongs to the program around us.
///
/// The hook is this library's alone: the standard library is linked into it.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    if cfg!(not(test)) {
        ONCE.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    }
}

/// Write an answer where the caller wants it, and return its code.
///
/// # Safety
/// `result` is null or may be written to.
unsafe fn answered(answer: Answer, result: *mut zkattest_result) -> i32 {
    let code = answer.code();
    if !result.is_null() {
        // SAFETY: not null, and the caller may have it written to.
        unsafe { result.write(answer.into_result()) };
    }
    code
}

/// Find the system of a name; no more of a string is read than the longest name has.
///
/// # Safety
/// `name` is null or ends with a zero byte.
unsafe fn name(name: *const c_char) -> Result<System, Misuse> {
    if name.is_null() {
        return Err(Misuse::NullPointer("system"));
    }
    let mut text = Vec::with_capacity(MAX_NAME_BYTES);
    for at in 0..MAX_NAME_BYTES {
        // SAFETY: no byte before this one was the last.
        let byte = unsafe { name.add(at).read() }.cast_unsigned();
        if byte == 0 {
            break;
        }
        text.push(byte);
    }
    System::ALL
        .iter()
        .copied()
        .find(|system| system.name().as_bytes() == text)
        .ok_or(Misuse::UnknownSystem)
}

/// Look at a byte string that may be missing.
///
/// # Safety
/// `start` is null or points to `length` bytes that live as long as the result.
unsafe fn bytes<'a>(
    start: *const u8,
    length: usize,
    limit: usize,
    name: &'static str,
) -> Result<Option<&'a [u8]>, Misuse> {
    if start.is_null() {
        // A length without bytes is a mistake, and not "none given".
        return match length {
            0 => Ok(None),
            _ => Err(Misuse::NullPointer(name)),
        };
    }
    if length > limit {
        return Err(Misuse::TooLong(name));
    }
    // SAFETY: not null, and as long as the caller says; no limit is above `isize::MAX`.
    Ok(Some(unsafe { slice::from_raw_parts(start, length) }))
}

/// Look at a byte string that must be there.
///
/// # Safety
/// As for [`bytes`].
unsafe fn given<'a>(
    start: *const u8,
    length: usize,
    limit: usize,
    name: &'static str,
) -> Result<&'a [u8], Misuse> {
    // SAFETY: the same promise.
    unsafe { bytes(start, length, limit, name) }?.ok_or(Misuse::NullPointer(name))
}
