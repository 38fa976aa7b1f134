use super::*;
use ark_bls12_381 as ark;
use ark_ff::BigInteger as _;
use ethrex_crypto::{Crypto as _, NativeCrypto};

fn be(value: &ark::Fq) -> [u8; 48] {
    value.into_bigint().to_bytes_be().try_into().unwrap()
}

fn g1_bytes(p: ark::G1Affine) -> G1Bytes {
    if p.infinity {
        ([0; 48], [0; 48])
    } else {
        (be(&p.x), be(&p.y))
    }
}

fn g2_bytes(p: ark::G2Affine) -> G2Bytes {
    if p.infinity {
        ([0; 48], [0; 48], [0; 48], [0; 48])
    } else {
        (be(&p.x.c0), be(&p.x.c1), be(&p.y.c0), be(&p.y.c1))
    }
}

fn g1(scalar: i64) -> G1Bytes {
    g1_bytes((ark::G1Affine::generator() * ark::Fr::from(scalar)).into_affine())
}

fn g2(scalar: i64) -> G2Bytes {
    g2_bytes((ark::G2Affine::generator() * ark::Fr::from(scalar)).into_affine())
}

fn g1_outside() -> G1Bytes {
    let found =
        (1u64..).find_map(|x| ark::G1Affine::get_point_from_x_unchecked(ark::Fq::from(x), true));
    let point = found.unwrap();
    assert!(!point.is_in_correct_subgroup_assuming_on_curve());
    g1_bytes(point)
}

/// A point of order three, which meets equal and opposite points at once: x = 0 gives y = ±2.
fn g1_small_order() -> G1Bytes {
    g1_bytes(ark::G1Affine::new_unchecked(
        ark::Fq::from(0),
        ark::Fq::from(2),
    ))
}

fn g2_outside() -> G2Bytes {
    let found = (1u64..).find_map(|x| {
        ark::G2Affine::get_point_from_x_unchecked(
            ark::Fq2::new(ark::Fq::from(x), ark::Fq::from(1)),
            true,
        )
    });
    g2_bytes(found.unwrap())
}

fn modulus() -> [u8; 48] {
    ark::Fq::MODULUS.to_bytes_be().try_into().unwrap()
}

fn scalars() -> Vec<[u8; 32]> {
    let order: [u8; 32] = ark::Fr::MODULUS.to_bytes_be().try_into().unwrap();
    let mut above = order;
    above[0] += 1;
    let mut one = [0; 32];
    one[31] = 1;
    vec![[0; 32], one, order, above, [0xFF; 32], [0x5A; 32]]
}

fn first_points() -> Vec<G1Bytes> {
    let zero = [0; 48];
    vec![
        g1(0),
        g1(1),
        g1(2),
        g1(-2),
        g1(77),
        g1_outside(),
        g1_small_order(),
        ([1; 48], [2; 48]),
        (modulus(), modulus()),
        (zero, modulus()),
        ([0xFF; 48], zero),
    ]
}

fn second_points() -> Vec<G2Bytes> {
    let zero = [0; 48];
    vec![
        g2(0),
        g2(1),
        g2(2),
        g2(-2),
        g2(77),
        g2_outside(),
        ([1; 48], [2; 48], [3; 48], [4; 48]),
        (modulus(), zero, zero, zero),
        (zero, zero, zero, modulus()),
    ]
}

#[test]
fn g1__agrees_with_native() {
    for p in first_points() {
        for q in first_points() {
            assert_eq!(
                g1_add(&p, &q).ok(),
                NativeCrypto.bls12_381_g1_add(p, q).ok(),
                "{p:02x?} {q:02x?}"
            );
        }
        for scalar in scalars() {
            for pairs in [
                vec![(p, scalar)],
                vec![(p, scalar), (g1(5), [0x33; 32])],
                vec![(p, scalar), (p, [0x33; 32]), (g1(-5), scalar)],
            ] {
                assert_eq!(
                    g1_msm(&pairs).ok(),
                    NativeCrypto.bls12_381_g1_msm(&pairs).ok(),
                    "{pairs:02x?}"
                );
            }
        }
    }
}

#[test]
fn g2__agrees_with_native() {
    for p in second_points() {
        for q in second_points() {
            assert_eq!(
                g2_add(&p, &q).ok(),
                NativeCrypto.bls12_381_g2_add(p, q).ok(),
                "{p:02x?} {q:02x?}"
            );
        }
        for scalar in scalars() {
            for pairs in [
                vec![(p, scalar)],
                vec![(p, scalar), (p, [0x33; 32]), (g2(-5), scalar)],
            ] {
                assert_eq!(
                    g2_msm(&pairs).ok(),
                    NativeCrypto.bls12_381_g2_msm(&pairs).ok(),
                    "{pairs:02x?}"
                );
            }
        }
    }
}

#[test]
fn pairing__agrees_with_native() {
    let mut cases = vec![
        vec![],
        vec![(g1(6), g2(1)), (g1(-2), g2(3))],
        vec![(g1(6), g2(1)), (g1(-2), g2(4))],
        vec![
            (g1(2), g2(3)),
            (g1(3), g2(5)),
            (g1(0), g2(9)),
            (g1(-21), g2(1)),
        ],
    ];
    cases.extend(
        first_points()
            .into_iter()
            .flat_map(|p| second_points().into_iter().map(move |q| vec![(p, q)])),
    );
    for case in cases {
        assert_eq!(
            pairing_check(&case).ok(),
            NativeCrypto.bls12_381_pairing_check(&case).ok(),
            "{case:02x?}"
        );
    }
}

#[test]
fn map__agrees_with_native() {
    let mut below = modulus();
    below[47] -= 1;
    let mut elements = vec![[0; 48], below, modulus(), [0xFF; 48]];
    elements.extend((0..40u8).map(|i| {
        let mut element = [i; 48];
        element[0] = 0;
        element
    }));
    for element in &elements {
        assert_eq!(
            map_fp_to_g1(element).ok(),
            NativeCrypto.bls12_381_fp_to_g1(element).ok(),
            "{element:02x?}"
        );
        for other in &elements[..8] {
            let native = NativeCrypto.bls12_381_fp2_to_g2((*element, *other)).ok();
            assert_eq!(
                map_fp2_to_g2(element, other).ok(),
                native,
                "{element:02x?} {other:02x?}"
            );
        }
    }
}
