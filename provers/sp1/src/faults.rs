//! Remembers the first things that went wrong during a job: errors that the prover logs and panics
//! on any thread. The prover itself answers "artifact not found" for all of them, or, after a panic
//! of one of its tasks, nothing at all.

use std::{
    panic,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tracing::{Event, Level, Subscriber, field};
use tracing_subscriber::{Layer, layer::Context};

#[derive(Default)]
struct State {
    first_cause: Option<String>,
    first_panic: Option<String>,
    finished: bool,
}

/// Shared record of one job at a time.
#[derive(Default)]
pub struct Faults {
    state: Mutex<State>,
    changed: Condvar,
}

/// How a wait for a job ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Waited {
    /// The job returned.
    Finished,
    /// Something panicked and the job did not return in the time left to it.
    Stuck(String),
}

/// The process's record.
pub fn faults() -> &'static Faults {
    static FAULTS: OnceLock<Faults> = OnceLock::new();
    FAULTS.get_or_init(Faults::default)
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forget the last job.
    pub fn begin(&self) {
        *self.lock() = State::default();
    }

    /// Note that the job returned.
    pub fn finish(&self) {
        self.lock().finished = true;
        self.changed.notify_all();
    }

    /// First logged error or panic of this job.
    pub fn first_cause(&self) -> Option<String> {
        self.lock().first_cause.clone()
    }

    /// First panic of this job.
    pub fn first_panic(&self) -> Option<String> {
        self.lock().first_panic.clone()
    }

    fn record_error(&self, message: String) {
        self.lock().first_cause.get_or_insert(message);
    }

    fn record_panic(&self, message: String) {
        let mut state = self.lock();
        state.first_cause.get_or_insert_with(|| message.clone());
        state.first_panic.get_or_insert(message);
        drop(state);
        self.changed.notify_all();
    }

    /// Wait until the job returned, or for `grace` after a panic.
    pub fn wait(&self, grace: Duration) -> Waited {
        let state = self.lock();
        let mut state = self
            .changed
            .wait_while(state, |state| {
                !state.finished && state.first_panic.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        if !state.finished {
            state = self
                .changed
                .wait_timeout_while(state, grace, |state| !state.finished)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        match &state.first_panic {
            Some(panic) if !state.finished => Waited::Stuck(panic.clone()),
            _ => Waited::Finished,
        }
    }

    /// Record panics of every thread from now on, beside what the standard hook prints.
    pub fn install_panic_hook(&'static self) {
        let standard = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            standard(info);
            let text = info
                .payload()
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| info.payload().downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "panic without a message".to_owned());
            let place = info
                .location()
                .map(|at| format!(" ({}:{})", file_name(at.file()), at.line()));
            self.record_panic(one_line(&text) + &place.unwrap_or_default());
        }));
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Keep what a person needs of a message that may be pages long.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Feeds error events of the log into the record.
pub struct FaultLayer;

impl<S: Subscriber> Layer<S> for FaultLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            let mut message = Message::default();
            event.record(&mut message);
            faults().record_error(one_line(&message.0));
        }
    }
}

/// Collects the text of an event.
#[derive(Default)]
pub struct Message(pub String);

impl field::Visit for Message {
    fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
