//! Well-formed bundles whose parts do not fit together: lists emptied, doubled, with absurd sizes.
//!
//! The library checks shapes before it allocates or indexes; this notices when it stops doing so.

use std::{
    borrow::BorrowMut,
    time::{Duration, Instant},
};

use slop_algebra::AbstractField;
use sp1_primitives::{SP1Field, io::SP1PublicValues};
use sp1_recursion_executor::RecursionPublicValues;
use sp1_verifier::{ProofFromNetwork, SP1Proof};

use super::*;
use crate::bundle::CompressedProof;

type Change = fn(&mut CompressedProof);

/// Empty a list, double it, or drop its last element.
macro_rules! list_changes {
    ($($name:literal => |$proof:ident| $list:expr),+ $(,)?) => {
        [$(
            (concat!($name, " emptied"), (|$proof| $list.clear()) as Change),
            (concat!($name, " doubled"), |$proof| {
                let copy = $list.clone();
                $list.extend(copy);
            }),
            (concat!($name, " cut"), |$proof| { $list.pop(); }),
        )+]
    };
}

/// The folding argument; a macro, for its type belongs to a crate that this one does not name.
macro_rules! folding {
    ($proof:expr) => {
        $proof.proof.evaluation_proof.pcs_proof.basefold_proof
    };
}

const BIG: usize = usize::MAX;

fn changes() -> Vec<(&'static str, Change)> {
    let mut changes = list_changes! {
        "public elements" => |p| p.proof.public_values,
        "key path" => |p| p.vk_merkle_proof.path,
        "rounds of the lookup argument" => |p| p.proof.logup_gkr_proof.round_proofs,
        "zerocheck polynomials" => |p| p.proof.zerocheck_proof.univariate_polys,
        "jagged polynomials" => |p| p.proof.evaluation_proof.sumcheck_proof.univariate_polys,
        "jagged evaluation polynomials" => |p|
            p.proof.evaluation_proof.jagged_eval_proof.partial_sumcheck_proof.univariate_polys,
        "commitments" => |p| p.proof.evaluation_proof.merkle_tree_commitments.rounds,
        "counts" => |p| p.proof.evaluation_proof.row_counts_and_column_counts.rounds,
        "batch evaluations" => |p| p.proof.evaluation_proof.pcs_proof.batch_evaluations.rounds,
        "folding messages" => |p| folding!(p).univariate_messages,
        "folding commitments" => |p| folding!(p).fri_commitments,
        "component openings" => |p| folding!(p).component_polynomials_query_openings_and_proofs,
        "query openings" => |p| folding!(p).query_phase_openings_and_proofs,
    }
    .to_vec();
    changes.extend::<[(&str, Change); 13]>([
        ("key index", |p| p.vk_merkle_proof.index = BIG),
        ("chips", |p| p.proof.opened_values.chips.clear()),
        ("one chip", |p| {
            drop(p.proof.opened_values.chips.pop_first())
        }),
        ("chip openings", |p| {
            p.proof
                .logup_gkr_proof
                .logup_evaluations
                .chip_openings
                .clear()
        }),
        ("rows", |p| p.proof.evaluation_proof.max_log_row_count = BIG),
        ("area", |p| p.proof.evaluation_proof.log_m = BIG),
        ("area 63", |p| p.proof.evaluation_proof.log_m = 63),
        ("first count", |p| first_counts(p)[0] = (BIG, BIG)),
        ("last count", |p| {
            *first_counts(p).last_mut().unwrap() = (1 << 30, 1 << 30)
        }),
        ("no counts", |p| first_counts(p).clear()),
        ("many counts", |p| {
            first_counts(p).resize(100_000, (1 << 20, 1 << 10))
        }),
        ("tree height", |p| {
            folding!(p).query_phase_openings_and_proofs[0]
                .proof
                .log_tensor_height = BIG
        }),
        ("tree width", |p| {
            folding!(p).query_phase_openings_and_proofs[0].proof.width = BIG
        }),
    ]);
    changes
}

fn first_counts(proof: &mut CompressedProof) -> &mut Vec<(usize, usize)> {
    &mut proof
        .proof
        .evaluation_proof
        .row_counts_and_column_counts
        .rounds[0]
}

/// The verifier would say so, too, after all its cryptography.
#[test]
fn program_that_failed_is_named_before_any_cryptography() {
    let verifier = verifier();
    let mut proof = verifier.decode(PROOF).unwrap().proof;
    let claims: &mut RecursionPublicValues<SP1Field> =
        proof.proof.public_values.as_mut_slice().borrow_mut();
    claims.exit_code = SP1Field::from_canonical_u32(3);
    let bytes = bincode::serialize(&ProofFromNetwork {
        proof: SP1Proof::Compressed(proof),
        public_values: SP1PublicValues::from(PUBLIC_VALUES),
        sp1_version: CIRCUIT_VERSION.into(),
    })
    .unwrap();
    let detail = "the program failed, exit code 3".into();
    assert_eq!(refusal(&bytes, None), Refusal::ProofInvalid { detail });
}

#[test]
fn shapes_that_do_not_fit_are_invalid() {
    let verifier = verifier();
    for (name, change) in changes() {
        let mut proof = verifier.decode(PROOF).unwrap().proof;
        change(&mut proof);
        let bytes = bincode::serialize(&ProofFromNetwork {
            proof: SP1Proof::Compressed(proof),
            public_values: SP1PublicValues::from(PUBLIC_VALUES),
            sp1_version: CIRCUIT_VERSION.into(),
        })
        .unwrap();
        let started = Instant::now();
        let outcome = verifier.verify(&bytes, None);
        assert!(
            matches!(outcome, Err(Error::Refused(Refusal::ProofInvalid { .. }))),
            "{name}: {outcome:?}"
        );
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{name} took too long"
        );
    }
}
