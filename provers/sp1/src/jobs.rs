//! The jobs: compute a program's key, run a program, prove a run. What takes long to build is built
//! once and kept: the light client, the prover, the key of each program.

use std::{collections::HashMap, fs, path::Path, sync::Arc, time::Instant};

use sp1_core_executor::{ExecutionReport, SP1ContextBuilder};
use sp1_core_machine::{io::SP1Stdin, riscv::RiscvAir};
use sp1_hypercube::prover::{CpuShardProver, ProverSemaphore};
use sp1_prover::{
    CpuSP1ProverComponents, CpuWrapProverBuilder, SP1ProverComponents,
    worker::{SP1LightNode, SP1LocalNode, SP1LocalNodeBuilder, SP1WorkerBuilder},
};
use sp1_sdk::{HashableKey, SP1VerifyingKey};

use crate::{
    faults::{faults, one_line},
    memory, output,
    progress::{elapsed_ms, progress},
    protocol::{Emitter, Execution, Failure, FailureKind, Outcome, Proof, Request},
    settings::Settings,
};

/// A program as read from its file.
type Elf = Arc<Vec<u8>>;

/// Runs jobs one after another.
pub struct Jobs {
    settings: Settings,
    emitter: Emitter,
    light: Option<SP1LightNode>,
    prover: Option<Prover>,
    keys: HashMap<Elf, SP1VerifyingKey>,
}

struct Prover {
    node: SP1LocalNode,
    /// The one program that the prover may prove when it keeps the program's tables.
    program: Elf,
}

impl Jobs {
    /// Prepare to run jobs; builds nothing yet.
    pub fn new(settings: Settings, emitter: Emitter) -> Self {
        Self {
            settings,
            emitter,
            light: None,
            prover: None,
            keys: HashMap::new(),
        }
    }

    /// Do what the request asks for.
    pub async fn run(&mut self, request: &Request) -> Result<Outcome, Failure> {
        progress().begin(request.id(), self.emitter.clone());
        let outcome = match request {
            Request::Setup {
                elf, for_proving, ..
            } => self.setup(elf, *for_proving).await,
            Request::Execute { elf, input, .. } => self.execute(elf, input).await,
            Request::Prove {
                elf, input, output, ..
            } => self.prove(elf, input, output).await,
            Request::Shutdown { .. } => Ok(Outcome::Shutdown),
        };
        progress().end();
        outcome
    }

    async fn setup(&mut self, elf: &Path, for_proving: bool) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let elf = read_program(elf)?;
        let key = self.key(&elf).await?;
        if for_proving {
            self.warm_prover(&elf).await?;
        }
        Ok(Outcome::Setup {
            program_vk: key.bytes32(),
            elapsed_ms: elapsed_ms(started),
        })
    }

    async fn execute(&mut self, elf: &Path, input: &Path) -> Result<Outcome, Failure> {
        let (elf, stdin) = (read_program(elf)?, read_input(input)?);
        self.run_program(&elf, stdin).await.map(Outcome::Execute)
    }

    async fn run_program(&mut self, elf: &Elf, stdin: SP1Stdin) -> Result<Execution, Failure> {
        let node = self.light().await;
        let started = Instant::now();
        progress().report("execute", 0, 1);
        let context = SP1ContextBuilder::default().calculate_gas(true).build();
        let (public_values, _, report) = node
            .execute(elf, stdin, context)
            .await
            .map_err(|error| failed(FailureKind::Execution, "the program failed", &error))?;
        if report.exit_code != 0 {
            let message = format!("the program ended with exit code {}", report.exit_code);
            return Err(Failure::new(FailureKind::Execution, message));
        }
        progress().report("execute", 1, 1);
        Ok(describe(
            &report,
            public_values.as_slice(),
            elapsed_ms(started),
        ))
    }

    async fn prove(&mut self, elf: &Path, input: &Path, output: &Path) -> Result<Outcome, Failure> {
        output::check_target(output)?;
        let (elf, stdin) = (read_program(elf)?, read_input(input)?);
        // A run costs milliseconds and says plainly what the prover would only hint at.
        let execution = self.run_program(&elf, stdin.clone()).await?;
        let starting = Instant::now();
        let key = self.key(&elf).await?;
        let node = self.warm_prover(&elf).await?;
        let start_ms = elapsed_ms(starting);

        memory::give_back();
        memory::reset_peak();
        let started = Instant::now();
        progress().begin_proof();
        let proof = node
            .prove(&elf, stdin, SP1ContextBuilder::default().build())
            .await
            .map_err(|error| failed(FailureKind::Proving, "proving failed", &error))?;
        let public_values = hex::encode(proof.public_values.as_slice());
        if public_values != execution.public_values {
            let message = "the proof commits to other public values than the run";
            return Err(Failure::new(FailureKind::Proving, message));
        }
        progress().report("verify", 0, 1);
        let written = output::write_verified(output, &proof, &key)?;
        progress().report("verify", 1, 1);
        let (shards, stage_ms) = progress().end();
        Ok(Outcome::Prove(Proof {
            program_vk: key.bytes32(),
            public_values,
            cycles: execution.cycles,
            proof_bytes: written.bytes,
            shards,
            elapsed_ms: elapsed_ms(started),
            start_ms,
            verify_ms: written.verify_ms,
            stage_ms,
            peak_memory_bytes: memory::peak_bytes(),
            peak_child_memory_bytes: memory::peak_child_bytes(),
        }))
    }

    async fn light(&mut self) -> SP1LightNode {
        if self.light.is_none() {
            self.light = Some(SP1LightNode::with_opts(self.settings.core_options()).await);
        }
        self.light.clone().expect("set above")
    }

    async fn key(&mut self, elf: &Elf) -> Result<SP1VerifyingKey, Failure> {
        if let Some(key) = self.keys.get(elf) {
            return Ok(key.clone());
        }
        progress().report("setup", 0, 1);
        let node = self.light().await;
        let key = node
            .setup(elf)
            .await
            .map_err(|error| failed(FailureKind::Request, "not a program for SP1", &error))?;
        progress().report("setup", 1, 1);
        self.keys.insert(elf.clone(), key.clone());
        Ok(key)
    }

    async fn warm_prover(&mut self, elf: &Elf) -> Result<SP1LocalNode, Failure> {
        // Tables that are kept belong to one program: another needs a prover of its own.
        if self.settings.keep_program_tables
            && self
                .prover
                .as_ref()
                .is_some_and(|prover| prover.program != *elf)
        {
            self.prover = None;
        }
        if self.prover.is_none() {
            progress().report("start", 0, 1);
            let node = build_prover(&self.settings)
                .await
                .map_err(|error| failed(FailureKind::Proving, "prover does not start", &error))?;
            self.prover = Some(Prover {
                node,
                program: elf.clone(),
            });
            progress().report("start", 1, 1);
        }
        Ok(self.prover.as_ref().expect("set above").node.clone())
    }
}

/// Build the prover as `sp1-sdk`'s CPU client does, but with our settings and with one semaphore
/// that lets a single proof be computed at a time (the client's lets four).
async fn build_prover(settings: &Settings) -> anyhow::Result<SP1LocalNode> {
    type Components = CpuSP1ProverComponents;
    let machine = RiscvAir::machine();
    let permits = ProverSemaphore::new(settings.concurrent_proofs);
    let core = Components::core_verifier(machine.clone());
    let compress = Components::compress_verifier();
    let shrink = Components::shrink_verifier();
    let builder = SP1WorkerBuilder::<Components>::new_with_machine(machine)
        .with_config(|config| settings.apply(config))
        .with_core_air_prover(
            Arc::new(CpuShardProver::new(core.shard_verifier().clone())),
            permits.clone(),
        )
        .with_compress_air_prover(
            Arc::new(CpuShardProver::new(compress.shard_verifier().clone())),
            permits.clone(),
        )
        .with_shrink_air_prover(
            Arc::new(CpuShardProver::new(shrink.shard_verifier().clone())),
            permits.clone(),
        )
        .with_wrap_air_prover(CpuWrapProverBuilder, permits);
    SP1LocalNodeBuilder::from_worker_client_builder(builder)
        .build()
        .await
}

fn read_program(path: &Path) -> Result<Elf, Failure> {
    read(path).map(Arc::new)
}

fn read_input(path: &Path) -> Result<SP1Stdin, Failure> {
    let mut stdin = SP1Stdin::new();
    stdin.write_vec(read(path)?);
    Ok(stdin)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path)
        .map_err(|error| Failure::new(FailureKind::Request, format!("{}: {error}", path.display())))
}

/// Name a failure of the prover by the first thing that it logged.
fn failed(kind: FailureKind, what: &str, error: &anyhow::Error) -> Failure {
    let message = format!("{what}: {}", one_line(&format!("{error:#}")));
    Failure {
        kind,
        message,
        cause: faults().first_cause(),
    }
}

fn describe(report: &ExecutionReport, public_values: &[u8], elapsed_ms: u64) -> Execution {
    let calls = report
        .syscall_counts
        .iter()
        .filter(|(_, count)| **count > 0);
    Execution {
        cycles: report.total_instruction_count(),
        prover_gas: report.gas(),
        public_values: hex::encode(public_values),
        system_calls: calls
            .map(|(code, count)| (code.to_string().to_lowercase(), *count))
            .collect(),
        touched_memory_addresses: report.touched_memory_addresses,
        elapsed_ms,
    }
}
