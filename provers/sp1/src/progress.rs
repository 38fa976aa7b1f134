//! Turns the spans of `sp1-prover` into stages that a person can follow:
//! execute → core shards → normalise → reduce → verify.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use tracing::{Event, Metadata, Subscriber, span};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::{
    faults::Message,
    memory,
    protocol::{self, Emitter},
};

/// Text before the number of shards, logged once all of them are known.
const ALL_SHARDS_KNOWN: &str = "All core proofs received: number of core proofs: ";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Execute,
    Core,
    Normalise,
    Reduce,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Core => "core",
            Self::Normalise => "normalise",
            Self::Reduce => "reduce",
        }
    }

    /// The stage that a span of the prover stands for.
    fn of(metadata: &Metadata<'_>) -> Option<Self> {
        match metadata.name() {
            "CoreExecute" => Some(Self::Execute),
            "core setup and prove" | "core prove with pk" => Some(Self::Core),
            "normalize prove shard" => Some(Self::Normalise),
            "RecursionReduce" => Some(Self::Reduce),
            _ => None,
        }
    }
}

/// What the prover does inside one proof, in words.
fn step(name: &str) -> Option<&'static str> {
    match name {
        "commit traces" => Some("committing to the traces"),
        "logup gkr proof" => Some("lookup argument"),
        "zerocheck" => Some("constraints"),
        "prove evaluation claims" => Some("openings"),
        _ => None,
    }
}

struct Job {
    id: String,
    emitter: Emitter,
    started: Instant,
    shards: Option<u64>,
    done: BTreeMap<Stage, u64>,
    spent_ms: BTreeMap<&'static str, u64>,
    current: Stage,
}

/// Progress of the job that runs now, if one does.
#[derive(Default)]
pub struct Progress(Mutex<Option<Job>>);

/// The process's progress.
pub fn progress() -> &'static Progress {
    static PROGRESS: OnceLock<Progress> = OnceLock::new();
    PROGRESS.get_or_init(Progress::default)
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Option<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Report on the job `id` from now on.
    pub fn begin(&self, id: &str, emitter: Emitter) {
        *self.lock() = Some(Job {
            id: id.to_owned(),
            emitter,
            started: Instant::now(),
            shards: None,
            done: BTreeMap::new(),
            spent_ms: BTreeMap::new(),
            current: Stage::Execute,
        });
    }

    /// Stop reporting; give the number of shards and the time of each stage.
    pub fn end(&self) -> (u64, BTreeMap<&'static str, u64>) {
        match self.lock().take() {
            Some(job) => {
                let shards = job.done.get(&Stage::Core).copied().unwrap_or(0);
                (job.shards.unwrap_or(shards), job.spent_ms)
            }
            None => (0, BTreeMap::new()),
        }
    }

    /// Count stages from here on: what came before was preparation.
    pub fn begin_proof(&self) {
        if let Some(job) = self.lock().as_mut() {
            job.shards = None;
            job.done.clear();
            job.spent_ms.clear();
        }
    }

    /// Report a stage of our own that is not a span of the prover.
    pub fn report(&self, stage: &str, done: u64, total: u64) {
        if let Some(job) = self.lock().as_ref() {
            job.emit(stage, done, Some(total), None);
        }
    }

    fn span_begins(&self, stage: Stage) {
        if let Some(job) = self.lock().as_mut() {
            job.current = stage;
            job.report(stage, None);
        }
    }

    fn span_ends(&self, stage: Stage, spent_ms: u64) {
        if let Some(job) = self.lock().as_mut() {
            *job.done.entry(stage).or_default() += 1;
            *job.spent_ms.entry(stage.name()).or_default() += spent_ms;
            job.report(stage, None);
        }
    }

    fn step_begins(&self, step: &'static str) {
        if let Some(job) = self.lock().as_ref() {
            job.report(job.current, Some(step));
        }
    }

    fn shards_known(&self, shards: u64) {
        if let Some(job) = self.lock().as_mut() {
            job.shards = Some(shards);
        }
    }
}

impl Job {
    fn emit(&self, stage: &str, done: u64, total: Option<u64>, detail: Option<&str>) {
        self.emitter.emit(&protocol::Event::Progress {
            id: &self.id,
            stage,
            done,
            total,
            detail,
            elapsed_ms: elapsed_ms(self.started),
        });
    }

    fn report(&self, stage: Stage, detail: Option<&str>) {
        let total = match stage {
            Stage::Execute => Some(1),
            Stage::Core | Stage::Normalise => self.shards,
            Stage::Reduce => self.shards.map(reductions),
        };
        self.emit(
            stage.name(),
            self.done.get(&stage).copied().unwrap_or(0),
            total,
            detail,
        );
    }
}

/// Reduction steps that `shards` proofs need when each joins as many as it may.
fn reductions(shards: u64) -> u64 {
    let joined_by_each = crate::settings::REDUCE_ARITY as u64 - 1;
    shards.saturating_sub(1).div_ceil(joined_by_each).max(1)
}

/// Milliseconds since `started`.
pub fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Feeds the prover's spans into the progress of the running job.
pub struct ProgressLayer;

struct Begun(Instant);

impl<S> Layer<S> for ProgressLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        if let Some(stage) = Stage::of(attributes.metadata()) {
            if let Some(span) = context.span(id) {
                span.extensions_mut().insert(Begun(Instant::now()));
            }
            progress().span_begins(stage);
        } else if let Some(step) = step(attributes.metadata().name()) {
            progress().step_begins(step);
        }
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        if let Some(stage) = Stage::of(span.metadata()) {
            let spent_ms = span
                .extensions()
                .get::<Begun>()
                .map_or(0, |begun| elapsed_ms(begun.0));
            progress().span_ends(stage, spent_ms);
            memory::give_back();
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() != "sp1_prover::worker::controller::compress" {
            return;
        }
        let mut message = Message::default();
        event.record(&mut message);
        if let Some(count) = message.0.strip_prefix(ALL_SHARDS_KNOWN)
            && let Ok(shards) = count.parse()
        {
            progress().shards_known(shards);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reductions;

    #[test]
    fn reductions_of_few_shards() {
        assert_eq!([1, 2, 4, 5, 7, 8].map(reductions), [1, 1, 1, 2, 2, 3]);
    }
}
