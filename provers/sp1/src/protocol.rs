//! The JSON lines that the worker reads and writes. One request a line, answered by any number of
//! `progress` events and exactly one `result` or `error` with the request's id.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    os::fd::FromRawFd,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// Version of this protocol; the other side refuses a worker that speaks another.
pub const PROTOCOL: u32 = 1;

/// What the other side may ask for.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Compute the program's key and, when a proof will follow, build the prover.
    Setup {
        id: String,
        elf: PathBuf,
        #[serde(default)]
        for_proving: bool,
    },
    /// Run the program without proving.
    Execute {
        id: String,
        elf: PathBuf,
        input: PathBuf,
    },
    /// Write a verified compressed proof of the run to `output`.
    Prove {
        id: String,
        elf: PathBuf,
        input: PathBuf,
        output: PathBuf,
    },
    /// End the process.
    Shutdown { id: String },
}

impl Request {
    /// The id that every event about this request carries.
    pub fn id(&self) -> &str {
        match self {
            Self::Setup { id, .. }
            | Self::Execute { id, .. }
            | Self::Prove { id, .. }
            | Self::Shutdown { id } => id,
        }
    }
}

/// What kind of failure ended a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The request or a file that it names cannot be used.
    Request,
    /// The program did not run to a successful end.
    Execution,
    /// The prover failed, or its proof does not verify.
    Proving,
    /// The proof could not be written.
    Output,
    /// A panic inside the prover; the process ends after reporting it.
    Panic,
}

/// Why a request failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// One line for a person.
    pub message: String,
    /// First error that the prover logged, when it says more than `message`.
    pub cause: Option<String>,
}

impl Failure {
    /// Build a failure without a logged cause.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            cause: None,
        }
    }
}

/// Answer to a request that succeeded.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Outcome {
    /// Answer to [`Request::Setup`].
    Setup { program_vk: String, elapsed_ms: u64 },
    /// Answer to [`Request::Execute`].
    Execute(Execution),
    /// Answer to [`Request::Prove`].
    Prove(Proof),
    /// Answer to [`Request::Shutdown`].
    Shutdown,
}

/// What a run of the program cost and committed to.
#[derive(Debug, Clone, Serialize)]
pub struct Execution {
    /// Instructions executed.
    pub cycles: u64,
    /// SP1's estimate of proving cost.
    pub prover_gas: Option<u64>,
    /// Bytes the program committed to, in hex.
    pub public_values: String,
    /// Calls of each system call that was used.
    pub system_calls: BTreeMap<String, u64>,
    /// Memory words the program touched.
    pub touched_memory_addresses: u64,
    /// Wall time.
    pub elapsed_ms: u64,
}

/// What proving gave and cost.
#[derive(Debug, Serialize)]
pub struct Proof {
    /// Key of the program, `bytes32()` of the SDK.
    pub program_vk: String,
    /// Bytes the program committed to, in hex.
    pub public_values: String,
    /// Instructions executed.
    pub cycles: u64,
    /// Size of the file written.
    pub proof_bytes: u64,
    /// Core shards.
    pub shards: u64,
    /// Wall time of the job without starting the prover.
    pub elapsed_ms: u64,
    /// Wall time of starting the prover, zero when it was warm.
    pub start_ms: u64,
    /// Wall time of verifying the finished file.
    pub verify_ms: u64,
    /// Time spent in each stage.
    pub stage_ms: BTreeMap<&'static str, u64>,
    /// Peak resident memory of this process during the job.
    pub peak_memory_bytes: u64,
    /// Largest resident memory of a child process (the one that runs the guest).
    pub peak_child_memory_bytes: u64,
}

/// One line from the worker.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// First line: who speaks.
    Ready {
        protocol: u32,
        worker: &'a str,
        sp1: &'a str,
        pid: u32,
        settings: &'a Settings,
    },
    /// Where a job is.
    Progress {
        id: &'a str,
        stage: &'a str,
        done: u64,
        total: Option<u64>,
        detail: Option<&'a str>,
        elapsed_ms: u64,
    },
    /// A job succeeded.
    Result {
        id: &'a str,
        #[serde(flatten)]
        outcome: &'a Outcome,
    },
    /// A job failed.
    Error {
        id: Option<&'a str>,
        #[serde(flatten)]
        failure: &'a Failure,
    },
}

/// The one writer of protocol lines.
#[derive(Clone)]
pub struct Emitter(Arc<Mutex<File>>);

impl Emitter {
    /// Take standard output for the protocol and point descriptor 1 at standard error, so that
    /// nothing a library prints can break a line.
    pub fn claim_stdout() -> io::Result<Self> {
        // SAFETY: both calls only handle descriptor numbers; the duplicate is ours alone.
        let file = unsafe {
            let duplicate = libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 3);
            if duplicate < 0 || libc::dup2(2, 1) < 0 {
                return Err(io::Error::last_os_error());
            }
            File::from_raw_fd(duplicate)
        };
        Ok(Self(Arc::new(Mutex::new(file))))
    }

    /// Write one line. A reader that went away is noticed as end of standard input.
    pub fn emit(&self, event: &Event<'_>) {
        let mut line = serde_json::to_vec(event).expect("events are plain data");
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            tracing::warn!("protocol line lost: {error}");
        }
    }
}
