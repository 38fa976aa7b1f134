use super::*;
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::BigInteger as _;
use ethrex_crypto::{Crypto as _, NativeCrypto};

fn be(value: &ark_bn254::Fq) -> Vec<u8> {
    value.into_bigint().to_bytes_be()
}

fn g1(scalar: u64) -> Vec<u8> {
    let p = (ark_bn254::G1Affine::generator() * ark_bn254::Fr::from(scalar)).into_affine();
    if p.infinity {
        vec![0; 64]
    } else {
        [be(&p.x), be(&p.y)].concat()
    }
}

fn negated_g1(scalar: u64) -> Vec<u8> {
    let p = (ark_bn254::G1Affine::generator() * -ark_bn254::Fr::from(scalar)).into_affine();
    [be(&p.x), be(&p.y)].concat()
}

fn g2_bytes(p: &ark_bn254::G2Affine) -> Vec<u8> {
    if p.infinity {
        vec![0; 128]
    } else {
        [be(&p.x.c1), be(&p.x.c0), be(&p.y.c1), be(&p.y.c0)].concat()
    }
}

fn g2(scalar: u64) -> Vec<u8> {
    g2_bytes(&(ark_bn254::G2Affine::generator() * ark_bn254::Fr::from(scalar)).into_affine())
}

/// A point of the twist outside of the subgroup.
fn g2_outside() -> Vec<u8> {
    let found = (1u64..).find_map(|x| {
        let x = ark_bn254::Fq2::new(ark_bn254::Fq::from(x), ark_bn254::Fq::from(1u64));
        ark_bn254::G2Affine::get_point_from_x_unchecked(x, true)
    });
    let point = found.unwrap();
    assert!(!point.is_in_correct_subgroup_assuming_on_curve());
    g2_bytes(&point)
}

fn modulus() -> Vec<u8> {
    ark_bn254::Fq::MODULUS.to_bytes_be()
}

#[test]
fn g1__agrees_with_native() {
    let mut points: Vec<Vec<u8>> = [0, 1, 2, 3, 5, 1 << 40].map(g1).to_vec();
    points.extend([
        negated_g1(1),
        negated_g1(2),
        vec![1; 64],
        [modulus(), modulus()].concat(),
        [modulus(), vec![0; 32]].concat(),
        vec![0xFF; 64],
    ]);
    for p in &points {
        for q in &points {
            assert_eq!(g1_add(p, q).ok(), NativeCrypto.bn254_g1_add(p, q).ok());
        }
        let order = ark_bn254::Fr::MODULUS.to_bytes_be();
        let mut above = order.clone();
        above[31] += 2;
        for scalar in [
            vec![0; 32],
            [vec![0; 31], vec![1]].concat(),
            [vec![0; 31], vec![77]].concat(),
            order,
            above,
            vec![0xFF; 32],
            modulus(),
        ] {
            assert_eq!(
                g1_mul(p, &scalar).ok(),
                NativeCrypto.bn254_g1_mul(p, &scalar).ok()
            );
        }
    }
    assert!(g1_add(&[0; 63], &g1(1)).is_err());
}

#[test]
fn pairing__agrees_with_native() {
    let too_large = [modulus(), vec![0; 96]].concat();
    let cases: Vec<Vec<(Vec<u8>, Vec<u8>)>> = vec![
        vec![],
        vec![(g1(0), g2(0))],
        vec![(g1(1), g2(1))],
        vec![(g1(0), g2(5)), (g1(7), g2(0))],
        vec![(g1(6), g2(1)), (negated_g1(2), g2(3))],
        vec![(g1(6), g2(1)), (negated_g1(2), g2(4))],
        vec![
            (g1(2), g2(3)),
            (g1(3), g2(5)),
            (negated_g1(21), g2(1)),
            (g1(0), g2(9)),
        ],
        vec![(g1(1), g2_outside())],
        vec![(g1(0), g2_outside())],
        vec![(g1(1), vec![1; 128])],
        vec![(vec![1; 64], g2(1))],
        vec![(g1(1), too_large)],
        vec![(g1(1), g2(1)[..100].to_vec())],
    ];
    for case in cases {
        let pairs: Vec<(&[u8], &[u8])> = case
            .iter()
            .map(|(p, q)| (p.as_slice(), q.as_slice()))
            .collect();
        assert_eq!(
            pairing_check(&pairs).ok(),
            NativeCrypto.bn254_pairing_check(&pairs).ok(),
            "{case:02x?}"
        );
    }
}

#[test]
fn inverse__is_proven() {
    crate::bad_hints::inverses__are_proven::<Fq>(4);
}
