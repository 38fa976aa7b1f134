//! Forgeries made for the random sum, and sources of randomness that fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::sec1::FromEncodedPoint;
use k256::{EncodedPoint, ProjectivePoint, Scalar};

use super::*;
use crate::signature::recover_all;
use crate::support::{Signed, Signer, coordinates};

/// Coefficients that are all one, as if the batch were a plain sum.
fn ones(bytes: &mut [u8]) -> bool {
    bytes.fill(0);
    bytes.iter_mut().step_by(16).for_each(|byte| *byte = 1);
    true
}

fn no_randomness(_: &mut [u8]) -> bool {
    false
}

fn honest(count: usize) -> (Vec<Signature>, Vec<Option<PublicKey>>) {
    let signer = |n: usize| Signer::new(n as u64 % 7 + 1);
    (0..count)
        .map(|n| {
            let signed = signer(n).sign([n as u8; 32], n as u64 + 1);
            (signed.signature(), Some(signer(n).key))
        })
        .unzip()
}

fn point(key: &PublicKey) -> ProjectivePoint {
    let encoded = EncodedPoint::from_untagged_bytes(&(*key.bytes()).into());
    ProjectivePoint::from_encoded_point(&encoded).unwrap()
}

/// Sign two hashes for a key whose secret is not used: the errors cancel in a plain sum.
///
/// R₁ = u₁·G + v₁·Q and R₂ likewise. Σ z/s = u₁ + u₂ and Σ r/s = v₁ + v₂ are two linear
/// equations for 1/s₁ and 1/s₂.
fn cancelling_pair(victim: &PublicKey) -> [Signed; 2] {
    let [u1, v1, u2, v2] = [3u64, 5, 11, 13].map(Scalar::from);
    let hashes = [[0x17; 32], [0x2b; 32]];
    let [z1, z2] = hashes.map(|hash| Scalar::from_repr(hash.into()).unwrap());
    let nonces = [(u1, v1), (u2, v2)].map(|(u, v)| {
        coordinates(&(ProjectivePoint::GENERATOR * u + point(victim) * v).to_affine())
    });
    let [r1, r2] = nonces.map(|nonce| Scalar::from_repr(halves(nonce).into()).unwrap());
    let determinant: Scalar = (z1 * r2 - z2 * r1).invert().unwrap();
    let inverses = [
        ((u1 + u2) * r2 - (v1 + v2) * z2) * determinant,
        ((v1 + v2) * z1 - (u1 + u2) * r1) * determinant,
    ];
    [0, 1].map(|n| Signed {
        hash: hashes[n],
        odd: nonces[n][63] & 1 == 1,
        r: halves(nonces[n]),
        s: inverses[n].invert().unwrap().to_repr().into(),
    })
}

fn halves(nonce: [u8; 64]) -> [u8; 32] {
    nonce[..32].try_into().unwrap()
}

fn with_forgeries() -> (Vec<Signature>, Vec<Option<PublicKey>>, PublicKey) {
    let (mut signatures, mut hints) = honest(SMALLEST_BATCH + 10);
    let victim = Signer::new(99).key;
    for (place, forged) in [10, 20].into_iter().zip(cancelling_pair(&victim)) {
        signatures[place] = forged.signature();
        hints[place] = Some(victim);
    }
    (signatures, hints, victim)
}

#[test]
fn cancelling_forgeries_pass_a_sum_with_fixed_coefficients() {
    let (signatures, hints, victim) = with_forgeries();
    let outcome = senders_with_source(&signatures, &hints, &ones);
    assert_eq!(outcome.batch_verified, signatures.len());
    assert_eq!(outcome.senders[10], Some(victim.address()));
}

#[test]
fn cancelling_forgeries_refused_with_random_coefficients() {
    let (signatures, hints, victim) = with_forgeries();
    let outcome = senders_with_keys(&signatures, &hints);
    assert_eq!(outcome.senders, recover_all(&signatures));
    assert_ne!(outcome.senders[10], Some(victim.address()));
    assert_ne!(outcome.senders[20], Some(victim.address()));
}

#[test]
fn everything_recovered_without_randomness() {
    let (signatures, hints) = honest(SMALLEST_BATCH + 10);
    let outcome = senders_with_source(&signatures, &hints, &no_randomness);
    assert_eq!(outcome.batch_verified, 0);
    assert_eq!(outcome.recovered, signatures.len());
    assert_eq!(outcome.senders, recover_all(&signatures));
}

#[test]
fn zero_coefficients_show_nothing_about_a_signature() {
    // Why a source must never be replaced by a constant.
    let (signatures, mut hints) = honest(SMALLEST_BATCH);
    hints.rotate_left(1);
    let zeros = |bytes: &mut [u8]| {
        bytes.fill(0);
        true
    };
    let outcome = senders_with_source(&signatures, &hints, &zeros);
    assert_eq!(outcome.batch_verified, signatures.len());
    assert_ne!(outcome.senders, recover_all(&signatures));
}

#[test]
fn batch_sizes_cover_everything_in_equal_shares() {
    for (signatures, threads) in [(128, 1), (1_000, 2), (171_000, 2), (171_000, 64), (129, 8)] {
        let size = batch_size(signatures, threads);
        assert!((SMALLEST_BATCH..=LARGEST_BATCH).contains(&size));
        assert!(size * threads * signatures.div_ceil(size * threads) >= signatures);
    }
    assert_eq!(batch_size(1_000, 2), 500);
    assert_eq!(batch_size(300, 16), SMALLEST_BATCH);
}

#[test]
fn search_ends_when_bad_parts_outnumber_good_ones() {
    // The first parts are bad throughout: the good ones behind them are recovered.
    let bad = (BAD_PARTS_FORGIVEN + 1) * PART;
    let (signatures, mut hints) = honest(bad + 4 * PART);
    hints[..bad].rotate_left(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let outcome = pool.install(|| senders_with_keys(&signatures, &hints));
    assert_eq!(outcome.batch_verified, 0);
    assert_eq!(outcome.senders, recover_all(&signatures));
}
