#![doc = include_str!("../README.md")]

mod cleanup;
mod faults;
mod jobs;
mod memory;
mod output;
mod progress;
mod protocol;
mod settings;

use std::{
    io::{self, BufRead},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use tracing_subscriber::{
    EnvFilter, Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::{
    faults::{FaultLayer, Waited, faults, one_line},
    jobs::Jobs,
    progress::ProgressLayer,
    protocol::{Emitter, Event, Failure, FailureKind, Outcome, PROTOCOL, Request},
    settings::Settings,
};

/// Exit codes: asked to end, bad settings, a panic inside the prover, ended by a signal.
const EXIT_DONE: i32 = 0;
const EXIT_SETTINGS: i32 = 2;
const EXIT_PANIC: i32 = 70;
const EXIT_SIGNAL: i32 = 130;

/// How long a job may take to return by itself after something in it panicked.
const GRACE_AFTER_PANIC: Duration = Duration::from_secs(3);

fn main() {
    memory::limit_heaps();
    let emitter = Emitter::claim_stdout().expect("standard output is open");
    start_logging();
    faults().install_panic_hook();
    leave_on_signals();
    cleanup::sweep_shared_memory();
    let settings = Settings::from_env().unwrap_or_else(|message| {
        let failure = Failure::new(FailureKind::Request, message);
        emitter.emit(&Event::Error {
            id: None,
            failure: &failure,
        });
        cleanup::leave(EXIT_SETTINGS)
    });
    emitter.emit(&Event::Ready {
        protocol: PROTOCOL,
        worker: env!("CARGO_PKG_VERSION"),
        sp1: sp1_sdk::SP1_CIRCUIT_VERSION,
        pid: std::process::id(),
        settings: &settings,
    });
    serve(&read_requests(), &emitter, settings);
}

/// Log to standard error; watch the prover's spans and errors whatever the log shows.
fn start_logging() {
    let shown = EnvFilter::try_from_env("ZKATTEST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let watched = Targets::new()
        .with_target("sp1_prover", tracing::Level::DEBUG)
        .with_target("sp1_hypercube", tracing::Level::DEBUG);
    tracing_subscriber::registry()
        .with(FaultLayer.with_filter(Targets::new().with_default(tracing::Level::ERROR)))
        .with(ProgressLayer.with_filter(watched))
        .with(
            fmt::layer()
                .with_writer(io::stderr)
                .with_ansi(false)
                .with_filter(shown),
        )
        .init();
}

fn leave_on_signals() {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).expect("signals can be handled");
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            cleanup::leave(EXIT_SIGNAL);
        }
    });
}

/// Read requests on a thread, so that the end of standard input is noticed during a job: whoever
/// started us is gone then, and nobody wants the proof.
fn read_requests() -> Receiver<String> {
    let (sender, receiver): (Sender<String>, _) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if !line.trim().is_empty() && sender.send(line).is_err() {
                break;
            }
        }
        cleanup::leave(EXIT_DONE);
    });
    receiver
}

fn serve(requests: &Receiver<String>, emitter: &Emitter, settings: Settings) {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let (to_worker, from_main) = mpsc::channel::<Request>();
    let (to_main, answers) = mpsc::channel::<Result<Outcome, Failure>>();
    let mut jobs = Jobs::new(settings, emitter.clone());
    // Jobs run on a thread of their own: this one stays able to end the process when a job hangs.
    thread::spawn(move || {
        for request in from_main {
            let answer = runtime.block_on(jobs.run(&request));
            let _ = to_main.send(answer);
            faults().finish();
        }
    });
    for line in requests {
        let request: Request = match serde_json::from_str(&line) {
            Ok(request) => request,
            Err(error) => {
                let message = format!("request not understood: {}", one_line(&error.to_string()));
                let failure = Failure::new(FailureKind::Request, message);
                emitter.emit(&Event::Error {
                    id: None,
                    failure: &failure,
                });
                continue;
            }
        };
        let id = request.id().to_owned();
        faults().begin();
        let _ = to_worker.send(request);
        report(&id, wait_for(&answers), emitter);
    }
}

/// Wait for the answer, or for a panic that keeps it from ever coming.
fn wait_for(answers: &Receiver<Result<Outcome, Failure>>) -> Result<Outcome, Failure> {
    match faults().wait(GRACE_AFTER_PANIC) {
        Waited::Finished => answers
            .recv()
            .unwrap_or_else(|_| Err(panicked("job ended early"))),
        Waited::Stuck(panic) => Err(panicked(&panic)),
    }
}

fn panicked(message: &str) -> Failure {
    let mut failure = Failure::new(
        FailureKind::Panic,
        format!("the prover panicked: {message}"),
    );
    failure.cause = faults().first_cause();
    failure
}

/// Answer one request. A panic may have taken a stage of the prover with it, so the process ends
/// after one, and whoever needs more starts a new one.
fn report(id: &str, answer: Result<Outcome, Failure>, emitter: &Emitter) {
    match &answer {
        Ok(outcome) => emitter.emit(&Event::Result { id, outcome }),
        Err(failure) => emitter.emit(&Event::Error {
            id: Some(id),
            failure,
        }),
    }
    if matches!(answer, Ok(Outcome::Shutdown)) {
        cleanup::leave(EXIT_DONE);
    }
    if faults().first_panic().is_some() {
        cleanup::leave(EXIT_PANIC);
    }
}
