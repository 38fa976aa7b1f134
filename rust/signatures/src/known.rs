//! Senders of signatures whose keys somebody claims to know.
//!
//! Signatures with a key are checked in batches. A batch that does not hold is searched for
//! the wrong ones, as long as that costs less than recovering them all; what the search does
//! not clear is recovered.

use rayon::prelude::*;

use crate::equation::{self, Equation, Hinted};
use crate::key::{Address, PublicKey};
use crate::signature::Signature;

/// Fewer known keys are recovered: from here on a batch takes about half the time.
const SMALLEST_BATCH: usize = 64;

/// Signatures of a batch at most: larger ones are no faster.
const LARGEST_BATCH: usize = 1 << 13;

/// Signatures of a part of a bad batch.
const PART: usize = 128;

/// By how much bad parts may outnumber good ones before the search ends.
const BAD_PARTS_FORGIVEN: usize = 1;

/// Who signed, and how that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The sender of each signature; None where nobody can have signed.
    pub senders: Vec<Option<Address>>,
    /// The key of each signature, for a cache.
    pub keys: Vec<Option<PublicKey>>,
    /// Signatures whose known key was checked in a batch.
    pub batch_verified: usize,
    /// Signatures whose key was recovered, or found not to exist.
    pub recovered: usize,
}

/// Find every sender, with one known key or none for each signature.
///
/// The answer is that of recovery for any keys. A missing hint counts as None.
#[must_use]
pub fn senders_with_keys(signatures: &[Signature], hints: &[Option<PublicKey>]) -> Outcome {
    senders_with_source(signatures, hints, &system_random)
}

/// Fills bytes with randomness, or says that there is none.
type Source<'a> = &'a (dyn Fn(&mut [u8]) -> bool + Sync);

/// Fill bytes from the operating system.
fn system_random(bytes: &mut [u8]) -> bool {
    getrandom::getrandom(bytes).is_ok()
}

fn senders_with_source(
    signatures: &[Signature],
    hints: &[Option<PublicKey>],
    source: Source<'_>,
) -> Outcome {
    let mut keys = vec![None; signatures.len()];
    for (place, key) in cleared(signatures, hints, source) {
        if let Some(slot) = keys.get_mut(place) {
            *slot = Some(key);
        }
    }
    let batch_verified = keys.iter().flatten().count();
    keys.par_iter_mut()
        .zip(signatures)
        .with_min_len(8)
        .for_each(|(key, signature)| *key = key.or_else(|| signature.recover()));
    Outcome {
        senders: keys
            .iter()
            .map(|key| key.map(|key| key.address()))
            .collect(),
        keys,
        batch_verified,
        recovered: signatures.len() - batch_verified,
    }
}

/// Return the places of signatures whose known key is the right one, with the key.
fn cleared(
    signatures: &[Signature],
    hints: &[Option<PublicKey>],
    source: Source<'_>,
) -> Vec<(usize, PublicKey)> {
    let hinted = signatures.iter().zip(hints).enumerate();
    let mut hinted: Vec<Hinted<'_>> = hinted
        .filter_map(|(place, (signature, hint))| hint.map(|key| (place, signature, key)))
        .collect();
    if hinted.len() < SMALLEST_BATCH {
        return Vec::new();
    }
    let threads = rayon::current_num_threads();
    // Equations of one key share a term within a batch. Larger batches hold the same keys anyway,
    // and there signatures out of their order cost more than what is shared.
    if hinted.len() <= threads * LARGEST_BATCH {
        hinted.sort_unstable_by_key(|(place, _, key)| (key.address(), *place));
    }
    hinted
        .par_chunks(batch_size(hinted.len(), threads))
        .flat_map_iter(|batch| check(batch, source))
        .collect()
}

/// Share signatures out evenly, in batches that are neither too large nor too small.
fn batch_size(signatures: usize, threads: usize) -> usize {
    let share = signatures.div_ceil(threads.max(1));
    let batches = share.div_ceil(LARGEST_BATCH);
    share.div_ceil(batches.max(1)).max(SMALLEST_BATCH)
}

/// Check one batch; without randomness nothing is cleared.
fn check(batch: &[Hinted<'_>], source: Source<'_>) -> Vec<(usize, PublicKey)> {
    let mut bytes = vec![0; 16 * batch.len()];
    if !source(&mut bytes) {
        return Vec::new();
    }
    let coefficients: Vec<u128> = bytes
        .as_chunks::<16>()
        .0
        .iter()
        .map(|bytes| u128::from_le_bytes(*bytes))
        .collect();
    let equations = equation::prepare(batch, &coefficients);
    if equation::all_hold(&equations) {
        equations.iter().map(Equation::answer).collect()
    } else {
        search(&equations)
    }
}

/// Collect the signatures that hold among some of which one does not.
///
/// Small parts are tried one after another: the same work whether one or many are bad. When
/// bad parts outnumber the good ones the rest is not tried, so that wrong keys throughout
/// cost little more than the batch. The coefficients stay the same: nobody learns them, and
/// the chance of 2^-128 is that of each part.
fn search(equations: &[Equation]) -> Vec<(usize, PublicKey)> {
    if equations.len() <= PART {
        return Vec::new();
    }
    let mut good = Vec::new();
    let mut bad_parts = 0;
    let mut good_parts = 0;
    for part in equations.chunks(PART) {
        if equation::all_hold(part) {
            good_parts += 1;
            good.extend(part.iter().map(Equation::answer));
        } else {
            bad_parts += 1;
        }
        if bad_parts > good_parts + BAD_PARTS_FORGIVEN {
            break;
        }
    }
    good
}

#[cfg(test)]
mod tests;
