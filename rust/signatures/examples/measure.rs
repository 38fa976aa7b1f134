//! Measure recovery against batches: one JSON object a line, medians of several runs.
//!
//! `cargo run --release -p zkattest-signatures --example measure -- [runs] [n ...]`

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::Instant;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use serde_json::{Value, json};
use support::Signer;
use zkattest_signatures::{PublicKey, Signature, recover_all, senders_with_keys};

/// Keys as somebody names them, one for each signature.
type Hints = Vec<Option<PublicKey>>;

/// Make signatures of some signers in turn.
fn signed(count: usize, signers: usize) -> (Vec<Signature>, Hints) {
    let numbers = (0..signers as u64).into_par_iter();
    let signers: Vec<Signer> = numbers.map(|n| Signer::new(n + 1)).collect();
    (0..count)
        .into_par_iter()
        .map(|n| {
            let signer = signers[n % signers.len()];
            let mut hash = [0x5a; 32];
            let spread = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash[..8].copy_from_slice(&spread.to_le_bytes());
            let signature = signer.sign(hash, n as u64 + 1).signature();
            (signature, Some(signer.key))
        })
        .unzip()
}

/// Wrong keys: everybody's neighbour, those of every other 128, and one in a thousand.
fn wrong(hints: &Hints) -> [Hints; 3] {
    let mut all = hints.clone();
    all.rotate_left(1);
    let mut alternating = hints.clone();
    for (n, part) in alternating.chunks_mut(128).enumerate() {
        part[..1 - n % 2].fill(all[0]);
    }
    let mut few = hints.clone();
    let stranger = Some(Signer::new(u64::MAX).key);
    few.iter_mut()
        .step_by(1_000)
        .for_each(|key| *key = stranger);
    [all, alternating, few]
}

/// Return microseconds a signature.
fn micros(count: usize, work: &dyn Fn()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6 / count as f64
}

/// Run every work in turn, several times, and return the medians.
///
/// In turn, so that whatever else the machine does falls on all alike.
fn medians(runs: usize, count: usize, works: &[&dyn Fn()]) -> Vec<f64> {
    let mut times = vec![Vec::new(); works.len()];
    for _ in 0..runs {
        for (times, work) in times.iter_mut().zip(works) {
            times.push(micros(count, work));
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    times.into_iter().map(median).collect()
}

fn measure(runs: usize, signatures: &[Signature], hints: &Hints) -> Value {
    let batch = |hints: &Hints| {
        black_box(senders_with_keys(signatures, hints));
    };
    let bytes: Vec<[u8; 64]> = hints.iter().flatten().map(|key| *key.bytes()).collect();
    let [all, alternating, few] = wrong(hints);
    let outcome = senders_with_keys(signatures, hints);
    assert_eq!(outcome.senders, recover_all(signatures));
    let works: [&dyn Fn(); 6] = [
        &|| drop(black_box(recover_all(signatures))),
        &|| batch(hints),
        &|| batch(&all),
        &|| batch(&alternating),
        &|| batch(&few),
        &|| {
            let read: Vec<_> = bytes.par_iter().map(PublicKey::from_bytes).collect();
            black_box(read);
        },
    ];
    let medians = medians(runs, signatures.len(), &works);
    let micros = |n: usize| (medians[n] * 100.0).round() / 100.0;
    let share = |n: usize| (medians[n] / medians[0] * 100.0).round() / 100.0;
    json!({
        "signatures": signatures.len(),
        "threads": rayon::current_num_threads(),
        "batch_verified": outcome.batch_verified,
        "recovery_us": micros(0),
        "batch_us": micros(1),
        "times_faster": (medians[0] / medians[1] * 100.0).round() / 100.0,
        "all_wrong_us": micros(2),
        "all_wrong_to_recovery": share(2),
        "every_other_part_wrong_us": micros(3),
        "one_in_1000_wrong_us": micros(4),
        "reading_keys_us": micros(5),
    })
}

fn main() {
    let words = std::env::args().skip(1);
    let mut numbers = words.map(|word| word.parse::<usize>().unwrap());
    let runs = numbers.next().unwrap_or(5);
    let mut counts: Vec<usize> = numbers.collect();
    if counts.is_empty() {
        counts = vec![1_000, 10_000, 171_000];
    }
    for count in counts {
        for signers in [count, 100] {
            let (signatures, hints) = signed(count, signers);
            for threads in [1, 2] {
                let pool = ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                let mut line = pool.install(|| measure(runs, &signatures, &hints));
                line["keys"] = json!(signers);
                println!("{line}");
            }
        }
    }
}
