//! Public keys that are points of the curve, and their addresses.

use ethrex_crypto::keccak::keccak_hash;
use k256::elliptic_curve::PrimeField;
use k256::{FieldBytes, FieldElement, Scalar};

use crate::curve::{self, Point};

/// The 20 bytes that name an account.
pub type Address = [u8; 20];

/// A point of secp256k1 and the address that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    bytes: [u8; 64],
    address: Address,
}

impl PublicKey {
    /// Take x ‖ y, 32 bytes each, big-endian; None where that is no point of the curve.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Option<Self> {
        let point = decode(bytes)?;
        curve::contains(&point).then(|| Self::of_point(*bytes))
    }

    /// Take what is known to be a point, because it was recovered.
    pub(crate) fn of_point(bytes: [u8; 64]) -> Self {
        let mut address = [0; 20];
        let hash = keccak_hash(bytes);
        address
            .iter_mut()
            .rev()
            .zip(hash.iter().rev())
            .for_each(|(to, from)| *to = *from);
        Self { bytes, address }
    }

    /// Return x ‖ y, 32 bytes each, big-endian.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 64] {
        &self.bytes
    }

    /// Return the address: the last 20 bytes of the key's Keccak-256.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Return the point; None never happens, for the bytes were checked.
    pub(crate) fn point(&self) -> Option<Point> {
        decode(&self.bytes)
    }
}

/// Read two coordinates below the field's order.
fn decode(bytes: &[u8; 64]) -> Option<Point> {
    let (x, y) = halves(bytes);
    Some(Point {
        x: field_element(&x)?,
        y: field_element(&y)?,
    })
}

/// Cut 64 bytes in two.
pub(crate) fn halves(bytes: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut left, mut right) = ([0; 32], [0; 32]);
    let (first, second) = bytes.split_at(32);
    left.copy_from_slice(first);
    right.copy_from_slice(second);
    (left, right)
}

/// Read a big-endian number below the field's order.
pub(crate) fn field_element(bytes: &[u8; 32]) -> Option<FieldElement> {
    FieldElement::from_bytes(&FieldBytes::from(*bytes)).into()
}

/// Read a big-endian number below the curve's order.
pub(crate) fn scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    Scalar::from_repr(FieldBytes::from(*bytes)).into()
}
