use super::*;
use ethrex_crypto::{Crypto as _, NativeCrypto};
use k256::elliptic_curve::sec1::ToEncodedPoint as _;
use k256::{ProjectivePoint, Scalar};

fn point(p: &ProjectivePoint) -> Point {
    let encoded = p.to_affine().to_encoded_point(false);
    let bytes = encoded.as_bytes();
    join(
        &limbs::from_be(bytes[1..33].try_into().unwrap()),
        &limbs::from_be(bytes[33..].try_into().unwrap()),
    )
}

fn generator_table() -> Vec<u8> {
    let mut out = Vec::new();
    let mut base = ProjectivePoint::GENERATOR;
    for _ in 0..2 {
        out.extend([0u8; 64]);
        let mut entry = base;
        for _ in 1..256 {
            out.extend(sys::words_as_bytes(&point(&entry)));
            entry += base;
        }
        for _ in 0..128 {
            base = base.double();
        }
    }
    out
}

#[test]
fn generator__table_is_recomputed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/secp256k1/generator.bin");
    if std::env::var_os("ZKATTEST_WRITE_TABLES").is_some() {
        std::fs::write(path, generator_table()).unwrap();
    }
    assert!(std::fs::read(path).unwrap() == generator_table());
}

fn bytes(scalar: &Scalar) -> [u8; 32] {
    scalar.to_bytes().into()
}

fn check(r: [u8; 32], s: [u8; 32], message: [u8; 32]) -> bool {
    let mut signature = [0u8; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    let mut accepted = false;
    for recovery_id in 0..2 {
        let native = NativeCrypto
            .secp256k1_ecrecover(&signature, recovery_id, &message)
            .ok();
        assert_eq!(
            recover(&signature, recovery_id, &message).ok(),
            native,
            "{signature:02x?} {message:02x?}"
        );
        accepted |= native.is_some();
    }
    accepted
}

/// Deterministic bytes: a failure repeats.
fn random(seed: &mut u64) -> [u8; 32] {
    *seed += 1;
    crate::sha256::sha256(&seed.to_le_bytes())
}

#[test]
fn recover__agrees_on_random_signatures() {
    let mut seed = 1;
    let accepted = (0..200)
        .filter(|_| check(random(&mut seed), random(&mut seed), random(&mut seed)))
        .count();
    // Half of all x are on the curve.
    assert!((60..140).contains(&accepted), "{accepted}");
}

/// Signatures whose R is a chosen multiple of G, so that sums meet equal and opposite points.
#[test]
fn recover__agrees_where_points_coincide() {
    let lambda = Scalar::from_repr_limbs(&LAMBDA);
    let mut multiples: Vec<Scalar> = (1u64..=20).map(Scalar::from).collect();
    multiples.extend((1u64..=4).map(|k| lambda * Scalar::from(k)));
    multiples.extend([2u64, 16, 1 << 32].map(|k| Scalar::from(k).invert().unwrap()));
    multiples.push(Scalar::from_repr_limbs(&[0, 0, 1, 0]));
    let mut seed = 1000;
    for multiple in multiples {
        let r = limbs::to_be(
            &point(&(ProjectivePoint::GENERATOR * multiple))[..4]
                .try_into()
                .unwrap(),
        );
        let r_scalar = Scalar::from_repr_limbs(&limbs::from_be(&r));
        // Scalars of all shapes: tiny, near the order, multiples of the table's steps.
        for u1 in [0u64, 1, 2, 3, 255, 256, 257, 1 << 40] {
            for u2 in [1u64, 2, 3, 4, 5, 16, 255, 256, 1 << 40] {
                for (a, b) in [
                    (Scalar::from(u1), Scalar::from(u2)),
                    (-Scalar::from(u1), Scalar::from(u2)),
                    (Scalar::from(u1) * multiple, -Scalar::from(u2)),
                    (multiple, lambda * Scalar::from(u2)),
                ] {
                    check(r, bytes(&(b * r_scalar)), bytes(&-(a * r_scalar)));
                }
            }
        }
        // The key is infinity: u1·G = -u2·R.
        let u2 = Scalar::from_repr_limbs(&limbs::from_be(&random(&mut seed)));
        let cancelled = bytes(&(u2 * multiple * r_scalar));
        let mut signature = [0u8; 64];
        signature[..32].copy_from_slice(&r);
        signature[32..].copy_from_slice(&bytes(&(u2 * r_scalar)));
        let failures = (0..2)
            .filter(|id| recover(&signature, *id, &cancelled).is_err())
            .count();
        assert_eq!(failures, 1);
        check(r, bytes(&(u2 * r_scalar)), cancelled);
    }
}

#[test]
fn recover__refuses_values_out_of_range() {
    let (n, one, mut seed) = (limbs::to_be(&N), limbs::to_be(&limbs::ONE), 2000);
    let below = limbs::to_be(&limbs::sub(&N, &limbs::ONE));
    let above = limbs::to_be(&limbs::add(&N, &limbs::ONE).0);
    let values = [
        [0u8; 32],
        one,
        below,
        n,
        above,
        limbs::to_be(&P),
        [0xFF; 32],
        random(&mut seed),
    ];
    for r in values {
        for s in values {
            for message in values {
                check(r, s, message);
            }
        }
    }
    let mut signature = [0u8; 64];
    signature[31] = 1;
    signature[63] = 1;
    assert!(matches!(
        recover(&signature, 2, &one),
        Err(CryptoError::InvalidRecoveryId)
    ));
    assert!(matches!(
        recover(&signature, 255, &one),
        Err(CryptoError::InvalidRecoveryId)
    ));
}

#[test]
fn split__is_short_and_exact_at_the_edges() {
    let mut seed = 3000;
    let mut scalars = vec![
        limbs::ZERO,
        limbs::ONE,
        LAMBDA,
        limbs::sub(&N, &LAMBDA),
        limbs::sub(&N, &limbs::ONE),
    ];
    scalars.extend((0..500).map(|_| {
        limbs::from_be(&bytes(&Scalar::from_repr_limbs(&limbs::from_be(&random(
            &mut seed,
        )))))
    }));
    let r = limbs::ONE;
    for s in scalars {
        // With r = 1 the scalar that gets split is s itself; a wrong split would stop the guest.
        let hint = split::Hint(split::solve(&r, &s, &limbs::from_be(&[1; 32])));
        hint.split(&s);
    }
}

trait FromLimbs {
    fn from_repr_limbs(limbs: &Limbs) -> Scalar;
}

impl FromLimbs for Scalar {
    fn from_repr_limbs(value: &Limbs) -> Scalar {
        <Scalar as k256::elliptic_curve::ops::Reduce<k256::U256>>::reduce_bytes(
            &limbs::to_be(value).into(),
        )
    }
}
