//! Every number that decides how much memory and time a proof takes: one place, constants with an
//! override by environment (`ZKATTEST_SP1_<NAME>`), applied in code before the prover is built.
//!
//! What dominates on a CPU: a core proof needs memory in proportion to its shard's trace cells, and
//! every shard costs one recursion proof of constant size. So shards are as large as the memory
//! allows, and only one proof of any kind is computed at a time.

use std::{env, fmt::Display, str::FromStr};

use serde::Serialize;
use sp1_core_executor::SP1CoreOpts;
use sp1_prover::worker::SP1WorkerConfig;

/// Trace cells of one shard. Memory of a core proof grows with this number.
pub const ELEMENT_THRESHOLD: u64 = 1 << 27;
/// Rows of one table of a shard; the circuit's own limit.
pub const HEIGHT_THRESHOLD: u64 = 1 << 22;
/// Slots of the ring between the executor process and us; a slot holds one trace chunk.
pub const TRACE_CHUNK_SLOTS: usize = 2;
/// Memory entries (16 bytes) of one trace chunk: 256 MiB.
pub const TRACE_CHUNK_ENTRIES: u64 = 1 << 24;
/// Resident memory that the process running the guest may use.
pub const GUEST_MEMORY_BYTES: u64 = 2 << 30;
/// Workers of each stage: more of them compute more proofs at a time, and need memory for each.
pub const STAGE_WORKERS: usize = 1;
/// Tasks that may wait in front of a stage.
pub const STAGE_BUFFER: usize = 1;
/// Proofs, of whatever stage, that are computed at the same time. All cores work on each proof,
/// so on a machine of few cores more than one costs memory and saves no time.
pub const CONCURRENT_PROOFS: usize = 1;
/// Proofs that one reduction step joins. Four is what the baked-in recursion keys allow at most.
pub const REDUCE_ARITY: usize = 4;
/// Keep the program's committed tables between shards instead of committing to them each time.
pub const KEEP_PROGRAM_TABLES: bool = false;
/// Verify each intermediate proof. The finished one is verified in any case.
pub const VERIFY_INTERMEDIATES: bool = false;

/// The numbers in force: constants above unless the environment says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// See [`ELEMENT_THRESHOLD`].
    pub element_threshold: u64,
    /// See [`HEIGHT_THRESHOLD`].
    pub height_threshold: u64,
    /// See [`TRACE_CHUNK_SLOTS`].
    pub trace_chunk_slots: usize,
    /// See [`TRACE_CHUNK_ENTRIES`].
    pub trace_chunk_entries: u64,
    /// See [`GUEST_MEMORY_BYTES`].
    pub guest_memory_bytes: u64,
    /// See [`STAGE_WORKERS`].
    pub stage_workers: usize,
    /// See [`STAGE_BUFFER`].
    pub stage_buffer: usize,
    /// See [`CONCURRENT_PROOFS`].
    pub concurrent_proofs: usize,
    /// See [`REDUCE_ARITY`].
    pub reduce_arity: usize,
    /// See [`KEEP_PROGRAM_TABLES`].
    pub keep_program_tables: bool,
    /// See [`VERIFY_INTERMEDIATES`].
    pub verify_intermediates: bool,
}

impl Settings {
    /// Read the settings; a value that does not parse is an error, never silently the default.
    pub fn from_env() -> Result<Self, String> {
        Ok(Self {
            element_threshold: from_env("ELEMENT_THRESHOLD", ELEMENT_THRESHOLD)?,
            height_threshold: from_env("HEIGHT_THRESHOLD", HEIGHT_THRESHOLD)?,
            trace_chunk_slots: from_env("TRACE_CHUNK_SLOTS", TRACE_CHUNK_SLOTS)?,
            trace_chunk_entries: from_env("TRACE_CHUNK_ENTRIES", TRACE_CHUNK_ENTRIES)?,
            guest_memory_bytes: from_env("GUEST_MEMORY_BYTES", GUEST_MEMORY_BYTES)?,
            stage_workers: from_env("STAGE_WORKERS", STAGE_WORKERS)?,
            stage_buffer: from_env("STAGE_BUFFER", STAGE_BUFFER)?,
            concurrent_proofs: from_env("CONCURRENT_PROOFS", CONCURRENT_PROOFS)?,
            reduce_arity: from_env("REDUCE_ARITY", REDUCE_ARITY)?,
            keep_program_tables: from_env("KEEP_PROGRAM_TABLES", KEEP_PROGRAM_TABLES)?,
            verify_intermediates: from_env("VERIFY_INTERMEDIATES", VERIFY_INTERMEDIATES)?,
        })
    }

    /// Options of execution and sharding.
    pub fn core_options(&self) -> SP1CoreOpts {
        let mut options = SP1CoreOpts::default();
        options.sharding_threshold.element_threshold = self.element_threshold;
        options.sharding_threshold.height_threshold = self.height_threshold;
        options.trace_chunk_slots = self.trace_chunk_slots;
        options.minimal_trace_chunk_threshold = self.trace_chunk_entries;
        options.memory_limit = self.guest_memory_bytes;
        options
    }

    /// Set workers and buffers of every stage in the prover's configuration.
    pub fn apply(&self, config: &mut SP1WorkerConfig) {
        let controller = &mut config.controller_config;
        controller.opts = self.core_options();
        controller.num_splicing_workers = self.stage_workers;
        controller.splicing_buffer_size = self.stage_buffer;
        controller.number_of_send_splice_workers_per_splice = self.stage_workers;
        controller.send_splice_input_buffer_size_per_splice = self.stage_buffer;
        controller.global_memory_buffer_size = 2 * self.stage_workers;
        controller.max_reduce_arity = self.reduce_arity;
        controller.use_fixed_pk = self.keep_program_tables;

        let core = &mut config.prover_config.core_prover_config;
        core.num_core_workers = self.stage_workers;
        core.core_buffer_size = self.stage_buffer;
        core.num_setup_workers = self.stage_workers;
        core.setup_buffer_size = self.stage_buffer;
        core.use_fixed_pk = self.keep_program_tables;
        core.verify_intermediates = self.verify_intermediates;

        let recursion = &mut config.prover_config.recursion_prover_config;
        recursion.num_prepare_reduce_workers = self.stage_workers;
        recursion.prepare_reduce_buffer_size = self.stage_buffer;
        recursion.num_recursion_executor_workers = self.stage_workers;
        recursion.recursion_executor_buffer_size = self.stage_buffer;
        recursion.num_recursion_prover_workers = self.stage_workers;
        recursion.recursion_prover_buffer_size = self.stage_buffer;
        // The shape of a reduction stays that of the default arity: only its keys are in the
        // recursion key tree. A smaller arity leaves out programs, and so memory and start-up time.
        recursion.max_compose_arity = self.reduce_arity;
        recursion.verify_intermediates = self.verify_intermediates;

        let deferred = &mut config.prover_config.deferred_prover_config;
        deferred.num_deferred_workers = self.stage_workers;
        deferred.deferred_buffer_size = self.stage_buffer;
    }
}

fn from_env<T: FromStr + Display>(name: &str, default: T) -> Result<T, String> {
    let name = format!("ZKATTEST_SP1_{name}");
    match env::var(&name) {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{name}={text}: not a value like {default}")),
        Err(env::VarError::NotPresent) => Ok(default),
        Err(env::VarError::NotUnicode(_)) => Err(format!("{name}: not text")),
    }
}
