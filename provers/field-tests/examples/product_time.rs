//! Print what a product costs beside the schoolbook product, in nanoseconds.

use std::hint::black_box;
use std::time::Instant;

use zkattest_field_tests::{Extension, elements, schoolbook};

const ROUNDS: usize = 1_000;

fn main() {
    let elements = elements(4_096);
    let time = |product: fn(&Extension, &Extension) -> Extension| {
        let started = Instant::now();
        for round in 0..ROUNDS {
            for element in &elements {
                black_box(product(element, &elements[round]));
            }
        }
        started.elapsed().as_secs_f64() * 1e9 / (ROUNDS * elements.len()) as f64
    };
    let ours = time(|left, right| *left * *right);
    let definition = time(schoolbook);
    println!(
        "product {ours:.1} ns, schoolbook {definition:.1} ns, ratio {:.2}",
        ours / definition
    );
}
