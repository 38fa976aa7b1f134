//! KZG proofs of a polynomial's value at a point (EIP-4844).

use ark_ec::short_weierstrass::{Affine, SWCurveConfig as _};
use ark_ff::fields::Fp;
use ark_ff::{BigInt, PrimeField as _};
use core::marker::PhantomData;
use ethrex_crypto::CryptoError;

use crate::bls12_381::{
    Base, Calls, Fq, Fq2, G1, G2, Point, curve_equation, decode_fq, in_g1, join, product_is_one,
};
use crate::field;
use crate::limbs::{self, Limbs};
use crate::points::Sum;

/// The order of the groups.
const R: Limbs = ark_bls12_381::Fr::MODULUS.0;

const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const LARGER_Y: u8 = 0x20;

/// τ·G2 of the ceremony's trusted setup; a test takes it from the setup file.
const TAU_G2: Affine<G2> = Affine::new_unchecked(
    Fq2::new(number(TAU_X0), number(TAU_X1)),
    Fq2::new(number(TAU_Y0), number(TAU_Y1)),
);

const TAU_X0: [u64; 6] = [
    0xC98EDADA20C1DEF2,
    0x087041DE621000ED,
    0xA36851477BA4C60B,
    0x3926C911CCECEAC9,
    0x734429B7B38608E2,
    0x185CBFEE53492714,
];
const TAU_X1: [u64; 6] = [
    0xAFAAAB24F3499F72,
    0x2914E5870CB452D2,
    0x1009A2CE615AC53D,
    0x26187075CBFBEFA8,
    0x843BC287230AF389,
    0x15BFD7DD8CDEB128,
];
const TAU_Y0: [u64; 6] = [
    0xEE689BFBBB832A99,
    0x4CE26D105941F383,
    0xE82451A496A9C979,
    0x131569490E28DE18,
    0xD7D5EE8599D1FCA2,
    0x014353BDB96B626D,
];
const TAU_Y1: [u64; 6] = [
    0x23048EF30D0A154F,
    0x9495346F3D7AC9CD,
    0xDA5ED1BA9BFA0789,
    0xEF79DE09FC63671F,
    0x03432FCAE0181B4B,
    0x1666C54B0A325295,
];

const fn number(words: [u64; 6]) -> Fq {
    Fp(BigInt(words), PhantomData)
}

/// Whether the polynomial behind `commitment` has the value `y` at `z`.
///
/// e(C - y·G1, G2) = e(π, (τ - z)·G2), brought to e(C - y·G1 + z·π, -G2)·e(π, τ·G2) = 1.
pub fn verify_proof(
    z: &[u8; 32],
    y: &[u8; 32],
    commitment: &[u8; 48],
    proof: &[u8; 48],
) -> Result<(), CryptoError> {
    let (z, y) = (scalar(z)?, scalar(y)?);
    let (commitment, proof) = (decompress(commitment)?, decompress(proof)?);
    let generator = G1::GENERATOR;
    let mut terms = vec![(
        join(&generator.x, &generator.y),
        limbs::to_be(&limbs::neg_mod(&y, &R)),
    )];
    terms.extend(proof.map(|proof| (proof, limbs::to_be(&z))));
    let mut left = Sum::<Calls, 12>::multiply(&terms);
    left.add(&commitment);
    let mut pairs = Vec::with_capacity(2);
    pairs.extend(left.point().map(|left| (left, -G2::GENERATOR)));
    pairs.extend(proof.map(|proof| (proof, TAU_G2)));
    if product_is_one(&pairs) {
        Ok(())
    } else {
        Err(CryptoError::VerificationFailed)
    }
}

/// A reduced scalar.
fn scalar(bytes: &[u8; 32]) -> Result<Limbs, CryptoError> {
    let value = limbs::from_be(bytes);
    if limbs::less(&value, &R) {
        Ok(value)
    } else {
        Err(CryptoError::InvalidInput("scalar exceeds group order"))
    }
}

/// A compressed point of the subgroup, or nothing for infinity.
fn decompress(bytes: &[u8; 48]) -> Result<Option<Point>, CryptoError> {
    let flags = bytes[0];
    let mut coordinate = *bytes;
    coordinate[0] &= !(COMPRESSED | INFINITY | LARGER_Y);
    if flags & COMPRESSED == 0 {
        return Err(CryptoError::InvalidPoint("point is not compressed"));
    }
    if flags & INFINITY != 0 {
        let canonical = flags & LARGER_Y == 0 && coordinate == [0; 48];
        return if canonical {
            Ok(None)
        } else {
            Err(CryptoError::InvalidPoint("infinity is not canonical"))
        };
    }
    let x = decode_fq(&coordinate)?;
    let root = field::square_root::<Base, 6>(&curve_equation(&x))
        .ok_or(CryptoError::InvalidPoint("G1 point not on curve"))?;
    let larger = root.into_bigint() > Fq::MODULUS_MINUS_ONE_DIV_TWO;
    let point = join(
        &x,
        &if larger == (flags & LARGER_Y != 0) {
            root
        } else {
            -root
        },
    );
    if in_g1(&point) {
        Ok(Some(point))
    } else {
        Err(CryptoError::InvalidPoint("G1 point not in subgroup"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::{AffineRepr as _, CurveGroup as _};
    use ark_ff::{AdditiveGroup as _, BigInteger as _, Field as _};
    use ethrex_crypto::{Crypto as _, NativeCrypto};

    type Fr = ark_bls12_381::Fr;

    fn compress(point: ark_bls12_381::G1Affine) -> [u8; 48] {
        if point.infinity {
            let mut out = [0; 48];
            out[0] = COMPRESSED | INFINITY;
            return out;
        }
        let mut out: [u8; 48] = point.x.into_bigint().to_bytes_be().try_into().unwrap();
        out[0] |= COMPRESSED;
        if point.y.into_bigint() > ark_bls12_381::Fq::MODULUS_MINUS_ONE_DIV_TWO {
            out[0] |= LARGER_Y;
        }
        out
    }

    fn be(scalar: Fr) -> [u8; 32] {
        scalar.into_bigint().to_bytes_be().try_into().unwrap()
    }

    fn g1(scalar: Fr) -> [u8; 48] {
        compress((ark_bls12_381::G1Affine::generator() * scalar).into_affine())
    }

    fn check(z: [u8; 32], y: [u8; 32], commitment: [u8; 48], proof: [u8; 48]) -> bool {
        let native = NativeCrypto
            .verify_kzg_proof(&z, &y, &commitment, &proof)
            .is_ok();
        assert_eq!(
            verify_proof(&z, &y, &commitment, &proof).is_ok(),
            native,
            "{z:02x?} {y:02x?} {commitment:02x?} {proof:02x?}"
        );
        native
    }

    #[test]
    fn kzg__constant_polynomials_agree_with_native() {
        // A constant polynomial c has the commitment c·G1 and the proof infinity everywhere.
        let infinity = g1(Fr::ZERO);
        for constant in [Fr::ZERO, Fr::ONE, Fr::from(77), -Fr::ONE] {
            for z in [Fr::ZERO, Fr::from(5)] {
                assert!(check(be(z), be(constant), g1(constant), infinity));
                assert!(!check(
                    be(z),
                    be(constant + Fr::ONE),
                    g1(constant),
                    infinity
                ));
            }
        }
    }

    #[test]
    fn kzg__proofs_of_blobs_agree_with_native() {
        let settings = c_kzg::ethereum_kzg_settings(0);
        let mut bytes = [0u8; 131072];
        for (i, chunk) in bytes.chunks_exact_mut(32).enumerate() {
            chunk[24..].copy_from_slice(&(i as u64 * 0x9E37_79B9 + 1).to_be_bytes());
        }
        let blob = c_kzg::Blob::new(bytes);
        let commitment: [u8; 48] = settings
            .blob_to_kzg_commitment(&blob)
            .unwrap()
            .to_bytes()
            .into_inner();
        for z in [Fr::from(3), -Fr::from(9)] {
            let (proof, y) = settings.compute_kzg_proof(&blob, &be(z).into()).unwrap();
            let (proof, y): ([u8; 48], [u8; 32]) = (proof.to_bytes().into_inner(), *y);
            assert!(check(be(z), y, commitment, proof));
            assert!(!check(be(z + Fr::ONE), y, commitment, proof));
            assert!(!check(be(z), y, proof, commitment));
            let mut negated = proof;
            negated[0] ^= LARGER_Y;
            assert!(!check(be(z), y, commitment, negated));
        }
    }

    #[test]
    fn kzg__malformed_inputs_agree_with_native() {
        let (one, order) = (be(Fr::ONE), limbs::to_be(&R));
        let mut outside = [0u8; 48];
        outside[0] = COMPRESSED;
        let mut infinity_with_sign = g1(Fr::ZERO);
        infinity_with_sign[0] |= LARGER_Y;
        let mut infinity_with_tail = g1(Fr::ZERO);
        infinity_with_tail[47] = 1;
        let mut uncompressed = g1(Fr::ONE);
        uncompressed[0] &= !COMPRESSED;
        let mut points = vec![
            outside,
            infinity_with_sign,
            infinity_with_tail,
            uncompressed,
            [0; 48],
            [0xFF; 48],
            [0x9F; 48],
        ];
        points.extend((1..12u8).map(|i| {
            let mut point = outside;
            point[47] = i;
            point
        }));
        for point in points {
            assert!(!check(one, one, point, g1(Fr::ZERO)));
            check(one, one, g1(Fr::ONE), point);
        }
        assert!(!check(order, one, g1(Fr::ONE), g1(Fr::ZERO)));
        assert!(!check(one, order, g1(Fr::ONE), g1(Fr::ZERO)));
        assert!(!check(one, [0xFF; 32], g1(Fr::ONE), g1(Fr::ZERO)));
    }
}
