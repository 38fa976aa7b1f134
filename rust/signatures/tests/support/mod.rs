//! Signers whose secrets are small numbers, and signatures made with chosen nonces.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use k256::{AffinePoint, ProjectivePoint, Scalar, U256};
use zkattest_signatures::{PublicKey, Signature};

/// Somebody who signs.
#[derive(Debug, Clone, Copy)]
pub struct Signer {
    secret: Scalar,
    pub key: PublicKey,
}

/// The numbers of a signature, to be changed.
#[derive(Debug, Clone, Copy)]
pub struct Signed {
    pub hash: [u8; 32],
    pub odd: bool,
    pub r: [u8; 32],
    pub s: [u8; 32],
}

impl Signer {
    pub fn new(secret: u64) -> Self {
        let secret = Scalar::from(secret) * Scalar::from(0x9e37_79b9_7f4a_7c15_u64);
        let point = (ProjectivePoint::GENERATOR * secret).to_affine();
        let key = PublicKey::from_bytes(&coordinates(&point)).unwrap();
        Self { secret, key }
    }

    /// Sign a hash with a nonce; both parities of R occur, and high values of s.
    pub fn sign(&self, hash: [u8; 32], nonce: u64) -> Signed {
        let nonce = Scalar::from(nonce) * Scalar::from(0xd134_2543_de82_ef95_u64);
        let place = coordinates(&(ProjectivePoint::GENERATOR * nonce).to_affine());
        let r_bytes: [u8; 32] = place[..32].try_into().unwrap();
        let r = Scalar::from_repr(r_bytes.into()).unwrap();
        let z = <Scalar as Reduce<U256>>::reduce_bytes(&hash.into());
        let s = nonce.invert().unwrap() * (z + r * self.secret);
        Signed {
            hash,
            odd: place[63] & 1 == 1,
            r: r_bytes,
            s: s.to_repr().into(),
        }
    }
}

impl Signed {
    pub fn signature(&self) -> Signature {
        let parity: &[u8] = if self.odd { &[1] } else { &[] };
        Signature::new(self.hash, parity, &self.r, &self.s)
    }
}

/// Return x and y, big-endian.
pub fn coordinates(point: &AffinePoint) -> [u8; 64] {
    let encoded = point.to_encoded_point(false);
    encoded.as_bytes()[1..].try_into().unwrap()
}
