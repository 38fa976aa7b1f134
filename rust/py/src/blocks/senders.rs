//! Recovery of signers with libsecp256k1, over all cores.

use std::collections::HashMap;
use std::sync::LazyLock;

use rayon::prelude::*;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, Secp256k1, VerifyOnly};

use super::transaction::keccak;

static SECP: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// Half of the order of secp256k1, the largest `s` of EIP-2.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// A signature and what it signs; `parity` is None where it is neither 0 nor 1.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    hash: [u8; 32],
    compact: [u8; 64],
    parity: Option<bool>,
}

impl Signature {
    /// Take the numbers of a signature, big-endian, at most 32 bytes each.
    pub(crate) fn new(hash: [u8; 32], y_parity: &[u8], r: &[u8], s: &[u8]) -> Self {
        let mut compact = [0; 64];
        let (left, right) = compact.split_at_mut(32);
        for (half, number) in [(left, r), (right, s)] {
            half.iter_mut()
                .rev()
                .zip(number.iter().rev())
                .for_each(|(to, from)| *to = *from);
        }
        let parity = match y_parity {
            [] => Some(false),
            [1] => Some(true),
            _ => None,
        };
        Self {
            hash,
            compact,
            parity,
        }
    }

    /// Recover the address of the signer; None where nobody can have signed.
    fn recover(&self) -> Option<[u8; 20]> {
        let id = if self.parity? {
            RecoveryId::One
        } else {
            RecoveryId::Zero
        };
        let signature = RecoverableSignature::from_compact(&self.compact, id).ok()?;
        let key = SECP
            .recover_ecdsa(&Message::from_digest(self.hash), &signature)
            .ok()?;
        let hash = keccak(key.serialize_uncompressed().get(1..)?);
        hash.get(12..)?.try_into().ok()
    }

    /// Recover the signer of an authorization, which has to have a low `s`.
    fn recover_low(&self) -> Option<[u8; 20]> {
        if self.compact.get(32..)? > HALF_ORDER.as_slice() {
            return None;
        }
        self.recover()
    }
}

/// Recover every signer, in order.
pub(crate) fn recover_all(signatures: &[Signature]) -> Vec<Option<[u8; 20]>> {
    signatures
        .par_iter()
        .with_min_len(8)
        .map(Signature::recover)
        .collect()
}

/// Recover every authority, in order.
pub(crate) fn recover_authorities(lists: &[Vec<Signature>]) -> Vec<Vec<Option<[u8; 20]>>> {
    lists
        .par_iter()
        .map(|list| list.iter().map(Signature::recover_low).collect())
        .collect()
}

/// Transactions by their senders.
pub(super) struct Grouped {
    /// For each transaction the number of its sender (u32), all ones for nobody.
    pub(super) slots: Vec<u8>,
    /// For each transaction how many of the same sender stand before it (u32).
    pub(super) ranks: Vec<u8>,
    /// The senders as they first appear.
    pub(super) addresses: Vec<[u8; 20]>,
}

/// Number the senders and count along.
pub(super) fn group(senders: &[Option<[u8; 20]>]) -> Grouped {
    let mut known: HashMap<[u8; 20], (u32, u32)> = HashMap::with_capacity(senders.len());
    let mut grouped = Grouped {
        slots: Vec::with_capacity(4 * senders.len()),
        ranks: Vec::with_capacity(4 * senders.len()),
        addresses: Vec::new(),
    };
    for sender in senders {
        let (slot, rank) = sender.map_or((u32::MAX, 0), |address| {
            let next = (known.len() as u32, 0);
            let entry = known.entry(address).or_insert_with(|| {
                grouped.addresses.push(address);
                next
            });
            let place = *entry;
            entry.1 += 1;
            place
        });
        grouped.slots.extend(slot.to_le_bytes());
        grouped.ranks.extend(rank.to_le_bytes());
    }
    grouped
}
