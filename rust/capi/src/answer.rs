//! Three answers, never two, as a C program sees them.

use std::{
    ffi::{CString, c_char},
    ptr,
};

use ::zkattest_verifier::{CannotVerify, Error, Refusal, Verified};

/// The proof is valid.
pub const ZKATTEST_VALID: i32 = 0;
/// The proof, a key or the values are refused; `word` is the reason.
pub const ZKATTEST_INVALID: i32 = 1;
/// Nothing can be said; `word` is the cause. Never a verdict on the proof.
pub const ZKATTEST_CANNOT_CHECK: i32 = 2;

/// What a call found. Clear it with zkattest_result_clear before its memory is used again.
#[repr(C)]
#[derive(Debug)]
#[allow(non_camel_case_types, reason = "the name that C programs see")]
pub struct zkattest_result {
    /// ZKATTEST_VALID, ZKATTEST_INVALID or ZKATTEST_CANNOT_CHECK: what the call returned, too.
    pub answer: i32,
    /// One word for programs: a reason or a cause, "valid" else. Never null, never to be freed.
    pub word: *const c_char,
    /// One line for people, UTF-8; empty when there is nothing to say. Never null after a call.
    pub detail: *mut c_char,
    /// What the program put out, when a proof is valid; else null.
    pub public_values: *mut u8,
    /// How many bytes that is.
    pub public_values_length: usize,
    /// Nanoseconds spent on decoding a valid proof.
    pub decode_ns: u64,
    /// Nanoseconds spent on everything after decoding.
    pub verify_ns: u64,
}

/// Why a call itself was wrong, or could not be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// A pointer is null that must not be.
    NullPointer(&'static str),
    /// A length is longer than anything here may be.
    TooLong(&'static str),
    /// No proof system has the name.
    UnknownSystem,
    /// The process was forked from one whose threads it would need.
    Forked,
}

/// What a call answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Opened,
    Valid(Verified),
    Refused(Refusal),
    CannotVerify(CannotVerify),
    Misused(Misuse),
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => Self::Refused(refusal),
            Error::CannotVerify(failure) => Self::CannotVerify(failure),
        }
    }
}

impl From<Misuse> for Answer {
    fn from(misuse: Misuse) -> Self {
        Self::Misused(misuse)
    }
}

impl Answer {
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Opened | Self::Valid(_) => ZKATTEST_VALID,
            Self::Refused(_) => ZKATTEST_INVALID,
            Self::CannotVerify(_) | Self::Misused(_) => ZKATTEST_CANNOT_CHECK,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Opened | Self::Valid(_) => "valid",
            Self::Refused(refusal) => refusal.reason(),
            Self::CannotVerify(failure) => failure.cause(),
            Self::Misused(Misuse::UnknownSystem) => "unsupported_proof_system",
            Self::Misused(Misuse::Forked) => "backend_unavailable",
            Self::Misused(_) => "misuse",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Opened | Self::Valid(_) => String::new(),
            Self::Refused(refusal) => refusal.to_string(),
            Self::CannotVerify(failure) => failure.to_string(),
            Self::Misused(Misuse::NullPointer(name)) => format!("{name} is null"),
            Self::Misused(Misuse::TooLong(name)) => format!("{name} is too long"),
            Self::Misused(Misuse::UnknownSystem) => {
                "no proof system has this name; zkattest_system_name lists them".into()
            }
            Self::Misused(Misuse::Forked) => {
                "this process was forked from one that had verified, and lacks its threads; \
                 start it anew"
                    .into()
            }
        }
    }

    /// Lay the answer out for C; the strings and the values belong to the result.
    pub(crate) fn into_result(self) -> zkattest_result {
        let mut result = zkattest_result {
            answer: self.code(),
            word: word(self.word()),
            detail: line(&self.detail()).into_raw(),
            public_values: ptr::null_mut(),
            public_values_length: 0,
            decode_ns: 0,
            verify_ns: 0,
        };
        if let Self::Valid(verified) = self {
            result.decode_ns = u64::try_from(verified.decode.as_nanos()).unwrap_or(u64::MAX);
            result.verify_ns = u64::try_from(verified.verify.as_nanos()).unwrap_or(u64::MAX);
            let values = verified.public_values.into_boxed_slice();
            result.public_values_length = values.len();
            result.public_values = Box::into_raw(values).cast();
        }
        result
    }
}

/// Return a word as C reads it: kept for as long as the program runs, once for each word.
fn word(text: &'static str) -> *const c_char {
    use std::{
        collections::BTreeMap,
        sync::{Mutex, PoisonError},
    };
    static WORDS: Mutex<BTreeMap<&str, CString>> = Mutex::new(BTreeMap::new());
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    // A map moves its entries, and never what they point to.
    words.entry(text).or_insert_with(|| line(text)).as_ptr()
}

/// Make one line of a text; what would end a string or a line becomes a space.
pub(crate) fn line(text: &str) -> CString {
    let text: Vec<u8> = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect::<String>()
        .into_bytes();
    // No control character is left, and so no zero byte.
    CString::new(text).unwrap_or_default()
}
