//! Times a call for each line on standard input; examples of other verifiers share it.

use std::{
    error::Error,
    io::{BufRead, Write, stdin, stdout},
    thread::sleep,
    time::{Duration, Instant},
};

/// Answer each line with nanoseconds of wall time and of processor time that one call takes.
pub(crate) fn answer_lines(
    mut call: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        line?;
        let worked = processor_ns()?;
        let started = Instant::now();
        call()?;
        let wall_ns = started.elapsed().as_nanos();
        println!("{wall_ns} {}", processor_ns()? - worked);
        stdout().flush()?;
    }
    Ok(())
}

/// Read how long this thread has run on a processor; waiting for one does not count.
///
/// The kernel brings the number up to date when a thread leaves its processor, or at the next tick,
/// which may be four milliseconds away: so leave it for a moment.
fn processor_ns() -> Result<u64, Box<dyn Error>> {
    sleep(Duration::from_micros(1));
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(statistics
        .split_whitespace()
        .next()
        .ok_or("empty schedstat")?
        .parse()?)
}
