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

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::json;
use support::Signer;
use zkattest_signatures::{PublicKey, Signature, recover_all, senders_with_keys};

/// Signatures and, for each, the key that made it.
struct Case {
    signatures: Vec<Signature>,
    keys: Vec<Option<PublicKey>>,
}

fn case(count: usize, signers: usize) -> Case {
    use rayon::prelude::*;
    let signers: Vec<Signer> = (0..signers)
        .into_par_iter()
        .map(|n| Signer::new(n as u64 + 1))
        .collect();
    let signed: Vec<(Signature, Option<PublicKey>)> = (0..count)
        .into_par_iter()
        .map(|n| {
            let signer = signers[n % signers.len()];
            let mut hash = [0x5a; 32];
            hash[..8]
                .copy_from_slice(&(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
            (
                signer.sign(hash, n as u64 + 1).signature(),
                Some(signer.key),
            )
        })
        .collect();
    let (signatures, keys) = signed.into_iter().unzip();
    Case { signatures, keys }
}

/// Median of the microseconds a signature.
fn micros(runs: usize, count: usize, mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6 / count as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[runs / 2] * 100.0).round() / 100.0
}

fn measure(pool: &ThreadPool, runs: usize, case: &Case, hints: &[Option<PublicKey>]) -> f64 {
    let count = case.signatures.len();
    pool.install(|| {
        micros(runs, count, || {
            black_box(senders_with_keys(&case.signatures, hints));
        })
    })
}

fn report(runs: usize, count: usize, signers: usize) {
    let case = case(count, signers);
    let bytes: Vec<[u8; 64]> = case.keys.iter().flatten().map(|key| *key.bytes()).collect();
    // The worst an adversary can do: every key is somebody else's.
    let mut swapped = case.keys.clone();
    swapped.rotate_left(1);
    // A single wrong key in each thousand.
    let mut some_wrong = case.keys.clone();
    some_wrong
        .iter_mut()
        .step_by(1000)
        .for_each(|key| *key = Some(Signer::new(u64::MAX).key));
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let outcome = pool.install(|| senders_with_keys(&case.signatures, &case.keys));
        assert_eq!(outcome.batch_verified + outcome.recovered, count);
        let recovery = pool.install(|| {
            micros(runs, count, || {
                black_box(recover_all(&case.signatures));
            })
        });
        let batch = measure(&pool, runs, &case, &case.keys);
        let worst = measure(&pool, runs, &case, &swapped);
        let thousandth = measure(&pool, runs, &case, &some_wrong);
        let parse = pool.install(|| {
            micros(runs, count, || {
                bytes.iter().for_each(|key| {
                    black_box(PublicKey::from_bytes(key));
                });
            })
        });
        let line = json!({
            "signatures": count, "keys": signers, "threads": threads,
            "batch_verified": outcome.batch_verified,
            "recovery_us": recovery, "batch_us": batch, "ratio": recovery / batch,
            "all_keys_wrong_us": worst, "all_keys_wrong_factor": worst / recovery,
            "one_in_1000_wrong_us": thousandth,
            "key_check_us_one_thread": parse,
        });
        println!("{line}");
    }
}

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|word| word.parse::<usize>().unwrap());
    let runs = numbers.next().unwrap_or(5);
    let mut counts: Vec<usize> = numbers.collect();
    if counts.is_empty() {
        counts = vec![1_000, 10_000, 171_000];
    }
    for count in counts {
        report(runs, count, count);
        report(runs, count, 100);
    }
}
