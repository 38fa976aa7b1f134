//! Signatures, and recovery of their signers with libsecp256k1 over all cores.

use std::sync::LazyLock;

use rayon::prelude::*;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, Secp256k1, VerifyOnly};

use crate::key::{Address, PublicKey};

static SECP: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// Half of the order of secp256k1, the largest `s` of EIP-2.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// A signature and what it signs; `parity` is None where nobody can have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    pub(crate) hash: [u8; 32],
    pub(crate) compact: [u8; 64],
    pub(crate) parity: Option<bool>,
}

impl Signature {
    /// Take the numbers of a signature, big-endian, at most 32 bytes each.
    #[must_use]
    pub fn new(hash: [u8; 32], y_parity: &[u8], r: &[u8], s: &[u8]) -> Self {
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

    /// Take the signature of an EIP-7702 authorization: with a high `s` it is nobody's.
    #[must_use]
    pub fn of_authority(hash: [u8; 32], y_parity: &[u8], r: &[u8], s: &[u8]) -> Self {
        let mut signature = Self::new(hash, y_parity, r, s);
        if signature.compact.get(32..) > Some(HALF_ORDER.as_slice()) {
            signature.parity = None;
        }
        signature
    }

    /// Recover the public key; None where nobody can have signed.
    #[must_use]
    pub fn recover(&self) -> Option<PublicKey> {
        let id = if self.parity? {
            RecoveryId::One
        } else {
            RecoveryId::Zero
        };
        let signature = RecoverableSignature::from_compact(&self.compact, id).ok()?;
        let key = SECP
            .recover_ecdsa(&Message::from_digest(self.hash), &signature)
            .ok()?;
        let bytes = key.serialize_uncompressed();
        Some(PublicKey::of_point(bytes.get(1..)?.try_into().ok()?))
    }
}

/// Recover every signer, in order.
#[must_use]
pub fn recover_all(signatures: &[Signature]) -> Vec<Option<Address>> {
    signatures
        .par_iter()
        .with_min_len(8)
        .map(|signature| signature.recover().map(|key| key.address()))
        .collect()
}
