//! Join network namespaces by a bad line.
//!
//! `zkattest-shaper DELAY_MS JITTER_MS LOSS_PERCENT bursts|packets|in-order SEED MTU PID…` makes a TUN
//! device in the network namespace of each process and forwards their IP packets with delay, jitter
//! and loss until standard input ends; then it prints what it did, as one JSON object. TCP in the
//! namespaces is the kernel's own: it retransmits and slows down for real.

mod burst;
mod line;
mod tun;

use std::os::fd::AsFd;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use burst::{Burst, HEAD_BYTES};
use line::{Line, Order, Shape};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use tun::{Tun, target};

const USAGE: &str =
    "usage: zkattest-shaper DELAY_MS JITTER_MS LOSS_PERCENT bursts|packets|in-order SEED MTU PID…";
const LIMIT_BYTES: usize = 1 << 30;
const LONGEST_FRAME: usize = HEAD_BYTES + 65_535;
// Packets read from one node before the others and the clock get their turn.
const BURST: usize = 64;
// Waking up once for several packets costs a delay of 50 ms nothing that matters.
const REST: Duration = Duration::from_micros(200);
const IDLE: Duration = Duration::from_millis(100);

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("zkattest-shaper: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [delay, jitter, loss, order, seed, mtu, processes @ ..] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let shape = Shape {
        delay_us: microseconds(delay)?,
        jitter_us: microseconds(jitter)?,
        loss: number::<f64>(loss)? / 100.0,
        order: match order.as_str() {
            "bursts" => Order::Bursts,
            "packets" => Order::Packets,
            "in-order" => Order::Kept,
            _ => return Err(USAGE.into()),
        },
        limit_bytes: LIMIT_BYTES,
    };
    let mtu: libc::c_int = number(mtu)?;
    let mut tuns = Vec::new();
    for (node, process) in processes.iter().enumerate() {
        tuns.push(Tun::open(number(process)?, node, mtu)?);
    }
    let line = Line::new(shape, tuns.len(), number(seed)?);
    println!("ready");
    forward(line, &mut tuns)
}

fn number<T: FromStr>(text: &str) -> Result<T, Failure> {
    text.parse()
        .map_err(|_| format!("{text:?} is no number; {USAGE}").into())
}

fn microseconds(text: &str) -> Result<u64, Failure> {
    Ok((number::<f64>(text)? * 1_000.0) as u64)
}

/// Hold how much later than intended packets were handed over.
#[derive(Default)]
struct Lateness {
    packets: u64,
    sum_us: u64,
    most_us: u64,
    above_5_ms: u64,
    refused: u64,
}

fn forward(mut line: Line, tuns: &mut [Tun]) -> Result<(), Failure> {
    let start = Instant::now();
    let clock = || u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    let mut late = Lateness::default();
    let mut buffer = vec![0; LONGEST_FRAME];
    while !input_ended(tuns, rest_until(line.next_us(), clock()))? {
        read_all(&mut line, tuns, &mut buffer, &clock)?;
        write_due(&mut line, tuns, &clock, &mut late);
    }
    let counts = line.counts;
    println!(
        "{{\"bursts\": {}, \"packets\": {}, \"bytes\": {}, \"delivered_bytes\": {}, \"lost\": {}, \"overflowed\": {}, \"refused\": {}, \
         \"late_mean_us\": {}, \"late_max_us\": {}, \"late_above_5_ms\": {}}}",
        counts.bursts,
        counts.taken,
        counts.taken_bytes,
        counts.delivered_bytes,
        counts.lost,
        counts.overflowed,
        late.refused,
        late.sum_us / late.packets.max(1),
        late.most_us,
        late.above_5_ms,
    );
    Ok(())
}

fn rest_until(next_us: Option<u64>, now_us: u64) -> Duration {
    let wait = next_us.map_or(IDLE, |due_us| {
        Duration::from_micros(due_us.saturating_sub(now_us))
    });
    wait.clamp(REST, IDLE)
}

/// Wait for packets, at most `wait`; true when the caller closed our standard input.
fn input_ended(tuns: &[Tun], wait: Duration) -> Result<bool, Failure> {
    std::thread::sleep(REST);
    let stdin = std::io::stdin();
    let mut watched: Vec<PollFd<'_>> = vec![PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    watched.extend(
        tuns.iter()
            .map(|tun| PollFd::new(tun.file.as_fd(), PollFlags::POLLIN)),
    );
    match ppoll(&mut watched, Some(TimeSpec::from_duration(wait)), None) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(watched
        .first()
        .is_some_and(|stdin| stdin.any().unwrap_or(true)))
}

fn read_all(
    line: &mut Line,
    tuns: &mut [Tun],
    buffer: &mut [u8],
    clock: &impl Fn() -> u64,
) -> Result<(), Failure> {
    let nodes = tuns.len();
    for (source, tun) in tuns.iter_mut().enumerate() {
        for _ in 0..BURST {
            let Some(size) = tun.read(buffer)? else {
                break;
            };
            if let Some(burst) = Burst::read(buffer.get(..size).unwrap_or_default())
                && let Some(node) = target(burst.packet(), nodes)
            {
                line.take(source, node, &burst, clock());
            }
        }
    }
    Ok(())
}

fn write_due(line: &mut Line, tuns: &mut [Tun], clock: &impl Fn() -> u64, late: &mut Lateness) {
    while let Some(packet) = line.due(clock()) {
        let behind_us = clock().saturating_sub(packet.due_us);
        late.packets += 1;
        late.sum_us += behind_us;
        late.most_us = late.most_us.max(behind_us);
        late.above_5_ms += u64::from(behind_us > 5_000);
        if let Some(tun) = tuns.get_mut(packet.target)
            && tun.write(&packet.data).is_err()
        {
            // A node that is gone takes no packets; its peers find out as they would.
            late.refused += 1;
        }
    }
}
