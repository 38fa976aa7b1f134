//! Whatever the signatures and the keys, the answer is that of recovery.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use k256::elliptic_curve::PrimeField;
use k256::{Scalar, U256};
use proptest::prelude::*;
use support::{Signed, Signer};
use zkattest_signatures::{PublicKey, Signature, recover_all, senders_with_keys};

/// A batch that falls into two parts when it is bad.
const COUNT: usize = 160;
const PART: usize = 128;
const SMALLEST_BATCH: usize = 64;

/// The order of the curve, and of the field.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const FIELD: &str = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";

fn number(value: U256) -> [u8; 32] {
    use k256::elliptic_curve::bigint::Encoding;
    value.to_be_bytes()
}

/// Numbers at which something changes.
fn edges() -> Vec<[u8; 32]> {
    let (order, field) = (U256::from_be_hex(ORDER), U256::from_be_hex(FIELD));
    let half = order.shr_vartime(1);
    let mut edges: Vec<U256> = (0..12u8).map(U256::from).collect();
    for edge in [order, field, half] {
        for distance in [0u8, 1, 2] {
            edges.push(edge.wrapping_sub(&U256::from(distance)));
            edges.push(edge.wrapping_add(&U256::from(distance)));
        }
    }
    // Where x = r + n would still lie in the field: Ethereum has no such signatures.
    let gap = field.wrapping_sub(&order);
    edges.extend([gap, gap.wrapping_sub(&U256::ONE), U256::MAX]);
    edges.into_iter().map(number).collect()
}

/// What is wrong, or unusual, with one signature or its key.
#[derive(Debug, Clone)]
enum Change {
    R([u8; 32]),
    S([u8; 32]),
    Hash([u8; 32]),
    Parity,
    NoParity,
    /// n - s with the other parity: as good as before.
    OtherHalf,
    /// n - s with the same parity: another key's.
    HighS,
    /// s·R = z·G, so that the key would be the identity.
    IdentityKey(u64),
    HintOf(usize),
    Stranger(u64),
    NoHint,
    CopyOf(usize),
    SameNonce,
}

fn any_change() -> impl Strategy<Value = Change> {
    let edge = || prop_oneof![any::<[u8; 32]>(), proptest::sample::select(edges())];
    prop_oneof![
        edge().prop_map(Change::R),
        edge().prop_map(Change::S),
        edge().prop_map(Change::Hash),
        Just(Change::Parity),
        Just(Change::NoParity),
        Just(Change::OtherHalf),
        Just(Change::HighS),
        (1..9u64).prop_map(Change::IdentityKey),
        (0..COUNT).prop_map(Change::HintOf),
        (1..9u64).prop_map(Change::Stranger),
        Just(Change::NoHint),
        (0..COUNT).prop_map(Change::CopyOf),
        Just(Change::SameNonce),
    ]
}

/// Signatures of which each may be changed.
#[derive(Clone)]
struct Case {
    signed: Vec<Signed>,
    parities: Vec<bool>,
    hints: Vec<Option<PublicKey>>,
}

impl Case {
    fn honest(count: usize, signers: u64) -> Self {
        let signer = |n: usize| Signer::new(n as u64 % signers + 1);
        let hash = |n: usize| [n as u8 ^ 0x35; 32];
        Self {
            signed: (0..count)
                .map(|n| signer(n).sign(hash(n), n as u64 + 1))
                .collect(),
            parities: vec![true; count],
            hints: (0..count).map(|n| Some(signer(n).key)).collect(),
        }
    }

    fn change(&mut self, place: usize, change: &Change) {
        let copies = self.signed.clone();
        let signed = &mut self.signed[place];
        match change {
            Change::R(r) => signed.r = *r,
            Change::S(s) => signed.s = *s,
            Change::Hash(hash) => signed.hash = *hash,
            Change::Parity => signed.odd = !signed.odd,
            Change::NoParity => self.parities[place] = false,
            Change::OtherHalf => {
                signed.odd = !signed.odd;
                signed.s = negated(&signed.s);
            }
            Change::HighS => signed.s = negated(&signed.s),
            Change::IdentityKey(nonce) => *signed = identity_key(*nonce, signed.hash),
            Change::HintOf(other) => self.hints[place] = self.hints[*other],
            Change::Stranger(secret) => self.hints[place] = Some(Signer::new(secret + 1_000).key),
            Change::NoHint => self.hints[place] = None,
            Change::CopyOf(other) => *signed = copies[*other],
            Change::SameNonce => *signed = Signer::new(1).sign(signed.hash, 77),
        }
    }

    /// How many the batch clears if one does not hold: those of the other part.
    ///
    /// Signatures stand in the order of their keys' addresses.
    fn cleared_without(&self, wrong: usize) -> usize {
        let named = self.hints.iter().flatten().map(PublicKey::address);
        let places: Vec<_> = named.zip(0..).collect();
        let rank = places.iter().filter(|one| *one < &places[wrong]).count();
        if rank < PART { COUNT - PART } else { PART }
    }

    fn signatures(&self) -> Vec<Signature> {
        let pairs = self.signed.iter().zip(&self.parities);
        pairs
            .map(|(signed, parity)| {
                let none = Signature::new(signed.hash, &[2], &signed.r, &signed.s);
                if *parity { signed.signature() } else { none }
            })
            .collect()
    }
}

/// Return n - s, or s where it is not below n.
fn negated(s: &[u8; 32]) -> [u8; 32] {
    let scalar: Option<Scalar> = Scalar::from_repr((*s).into()).into();
    scalar.map_or(*s, |scalar| (-scalar).to_repr().into())
}

/// Make s = z/k, so that s·R - z·G is the identity; with z = 0 also s is zero.
fn identity_key(nonce: u64, hash: [u8; 32]) -> Signed {
    let signed = Signer::new(1).sign(hash, nonce);
    let other = Signer::new(1).sign([0; 32], nonce);
    // s = (z + r·d)/k, and with z = 0 it is r·d/k: the difference is z/k.
    let parts = [signed.s, other.s].map(|s| Scalar::from_repr(s.into()).unwrap());
    Signed {
        s: (parts[0] - parts[1]).to_repr().into(),
        ..signed
    }
}

/// Compare with recovery; return how many a batch verified.
fn check(case: &Case) -> usize {
    let signatures = case.signatures();
    let outcome = senders_with_keys(&signatures, &case.hints);
    assert_eq!(outcome.senders, recover_all(&signatures));
    let addresses = outcome.keys.iter().map(|key| key.map(|key| key.address()));
    assert!(addresses.eq(outcome.senders.iter().copied()));
    assert_eq!(outcome.batch_verified + outcome.recovered, signatures.len());
    outcome.batch_verified
}

/// Run on one thread, so that there is one batch.
fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    pool.install(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_recovery_after_any_changes(
        signers in 1..40u64,
        changes in proptest::collection::vec((0..COUNT, any_change()), 0..12),
    ) {
        let mut case = Case::honest(COUNT, signers);
        for (place, change) in &changes {
            case.change(*place, change);
        }
        check(&case);
    }

    #[test]
    fn answers_are_those_of_recovery_for_random_numbers(
        numbers in proptest::collection::vec(any::<([u8; 32], [u8; 32], [u8; 32], bool)>(), COUNT),
    ) {
        let mut case = Case::honest(COUNT, 5);
        case.signed = numbers.iter().map(|(hash, r, s, odd)| Signed { hash: *hash, odd: *odd, r: *r, s: *s }).collect();
        prop_assert_eq!(check(&case), 0);
    }
}

#[test]
fn honest_signatures_are_all_verified_by_batch() {
    for signers in [1, 2, 7, COUNT as u64] {
        assert_eq!(check(&Case::honest(COUNT, signers)), COUNT);
    }
    let many = Case::honest(3_000, 900);
    assert_eq!(check(&many), 3_000);
}

#[test]
fn every_edge_is_answered_as_by_recovery() {
    // One edge at a time in r, in s and in the hash, and each place is another signature.
    let edges = edges();
    let mut case = Case::honest(COUNT, 3);
    for (n, edge) in edges.iter().enumerate() {
        case.change(3 * n, &Change::R(*edge));
        case.change(3 * n + 1, &Change::S(*edge));
        case.change(3 * n + 2, &Change::Hash(*edge));
    }
    assert!(3 * edges.len() <= COUNT);
    check(&case);
    for odd in [false, true] {
        case.signed.iter_mut().for_each(|signed| signed.odd = odd);
        check(&case);
    }
}

#[test]
fn hash_at_an_edge_is_verified_by_batch_when_signed_so() {
    let mut case = Case::honest(COUNT, 3);
    for (n, edge) in edges().into_iter().enumerate() {
        case.signed[n] = Signer::new(n as u64 % 3 + 1).sign(edge, n as u64 + 1);
    }
    assert_eq!(check(&case), COUNT);
}

#[test]
fn both_halves_of_s_are_verified_by_batch() {
    let mut case = Case::honest(COUNT, 4);
    for place in 0..COUNT {
        case.change(place, &Change::OtherHalf);
    }
    assert_eq!(check(&case), COUNT);
}

#[test]
fn one_wrong_key_is_found_at_each_place() {
    on_one_thread(|| {
        let honest = Case::honest(COUNT, 2);
        for place in 0..COUNT {
            let mut case = honest.clone();
            case.change(place, &Change::Stranger(1));
            assert_eq!(check(&case), case.cleared_without(place));
        }
    });
}

#[test]
fn one_wrong_signature_is_found_at_each_place() {
    on_one_thread(|| {
        let honest = Case::honest(COUNT, 2);
        for place in 0..COUNT {
            let mut case = honest.clone();
            case.change(place, &Change::Parity);
            assert_eq!(check(&case), case.cleared_without(place));
        }
    });
}

#[test]
fn key_that_would_be_the_identity_is_nobodys() {
    assert_eq!(identity_key(3, [9; 32]).signature().recover(), None);
    let mut case = Case::honest(COUNT, 4);
    case.change(11, &Change::IdentityKey(3));
    on_one_thread(|| assert_eq!(check(&case), COUNT - PART));
}

#[test]
fn two_swapped_keys_are_found() {
    let mut case = Case::honest(COUNT, COUNT as u64);
    case.hints.swap(3, 4);
    assert!(check(&case) < COUNT);
}

#[test]
fn nothing_is_verified_by_batch_when_all_keys_are_wrong() {
    let mut case = Case::honest(2_000, 2_000);
    case.hints.rotate_left(1);
    assert_eq!(check(&case), 0);
}

#[test]
fn nothing_is_verified_by_batch_when_all_parities_are_wrong() {
    let mut case = Case::honest(COUNT, 9);
    for place in 0..COUNT {
        case.change(place, &Change::Parity);
    }
    assert_eq!(check(&case), 0);
}

#[test]
fn signatures_without_a_point_leave_the_batch_and_the_rest_holds() {
    // r without a point, r = 0, no parity: the others are still one good batch.
    let no_point = (1..100u8).map(|r| number(U256::from(r))).find(|r| {
        let signature = Signature::new([1; 32], &[], r, &[1]);
        signature.recover().is_none()
    });
    let mut case = Case::honest(COUNT, 9);
    case.change(5, &Change::R(no_point.unwrap()));
    case.change(6, &Change::R([0; 32]));
    case.change(7, &Change::NoParity);
    case.change(8, &Change::S([0xff; 32]));
    assert_eq!(check(&case), COUNT - 4);
}

#[test]
fn a_few_signatures_are_recovered() {
    for count in [0, 1, 2, SMALLEST_BATCH - 1] {
        assert_eq!(check(&Case::honest(count, 3)), 0);
    }
    assert_eq!(check(&Case::honest(SMALLEST_BATCH, 3)), SMALLEST_BATCH);
}

#[test]
fn missing_hints_count_as_none() {
    let mut case = Case::honest(COUNT + 20, 3);
    case.hints.truncate(COUNT);
    assert_eq!(check(&case), COUNT);
    let without: Vec<Option<PublicKey>> = Vec::new();
    let outcome = senders_with_keys(&case.signatures(), &without);
    assert_eq!(outcome.recovered, COUNT + 20);
}

#[test]
fn copies_of_one_signature_are_verified_together() {
    // R and Q of all are the same points: additions meet their own operand.
    let mut case = Case::honest(COUNT, 1);
    for place in 0..COUNT {
        case.change(place, &Change::CopyOf(0));
    }
    assert_eq!(check(&case), COUNT);
    case.change(COUNT - 1, &Change::HighS);
    assert!(check(&case) < COUNT);
}
