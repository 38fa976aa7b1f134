//! Points of the pairing curves; the ordinary libraries make the multiples.

use ethrex_crypto::{Crypto as _, NativeCrypto};
use hex_literal::hex;
use zkattest_sp1_crypto_tests::Operation;

use crate::{Cases, random};

const BN_P: [u8; 32] = hex!("30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47");
const BN_R: [u8; 32] = hex!("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001");
const BN_G2: [u8; 128] = hex!(
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
);
const BLS_P: [u8; 48] = hex!(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"
);
const BLS_R: [u8; 32] = hex!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
const BLS_G1_COMPRESSED: [u8; 48] = hex!(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
);
/// τ·G1 of the trusted setup: the commitment to the polynomial X.
const TAU_G1: [u8; 48] = hex!(
    "ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81"
);

fn scalar(value: u64) -> [u8; 32] {
    let mut out = [0; 32];
    out[24..].copy_from_slice(&value.to_be_bytes());
    out
}

/// `order - value`
fn minus<const N: usize>(order: &[u8; N], value: u8) -> [u8; N] {
    let mut out = *order;
    for byte in out.iter_mut().rev() {
        let (difference, borrow) = byte.overflowing_sub(value);
        *byte = difference;
        assert!(!borrow, "small values only");
        break;
    }
    out
}

pub fn bn254() -> Cases {
    let generator = [scalar(1), scalar(2)].concat();
    let g1 = |factor: [u8; 32]| {
        NativeCrypto
            .bn254_g1_mul(&generator, &factor)
            .unwrap()
            .to_vec()
    };
    let negative = |value: u64| {
        let mut factor = BN_R;
        factor[31] = factor[31].wrapping_sub(value as u8);
        // The order ends in 0x…f0000001: take the borrow from the byte above.
        let mut at = 30;
        let mut borrow = u64::from(BN_R[31]) < value;
        while borrow {
            let (byte, next) = factor[at].overflowing_sub(1);
            factor[at] = byte;
            borrow = next;
            at -= 1;
        }
        g1(factor)
    };
    let zero = vec![0; 64];
    let too_large = [BN_P, BN_P].concat();
    let points = [
        zero.clone(),
        g1(scalar(1)),
        g1(scalar(2)),
        negative(2),
        g1(scalar(77)),
        g1(random(1)),
        vec![1; 64],
        too_large,
        [BN_P.to_vec(), vec![0; 32]].concat(),
    ];
    let mut cases = Cases::new();
    for p in &points {
        for q in &points {
            cases.push((Operation::Bn254G1Add, [p.as_slice(), q].concat()));
        }
        for factor in [
            scalar(0),
            scalar(1),
            scalar(9),
            BN_R,
            BN_P,
            [0xFF; 32],
            random(2),
        ] {
            cases.push((Operation::Bn254G1Mul, [p.as_slice(), &factor].concat()));
        }
        cases.push((Operation::Bn254Pairing, [p.as_slice(), &BN_G2].concat()));
        cases.push((Operation::Bn254Pairing, [p.as_slice(), &[0; 128]].concat()));
    }
    let (g2, none) = (BN_G2.to_vec(), vec![0; 128]);
    let mut outside = g2.clone();
    outside[127] ^= 1;
    for pairs in [
        vec![],
        vec![(g1(scalar(3)), &g2), (negative(3), &g2)],
        vec![(g1(scalar(3)), &g2), (negative(4), &g2)],
        vec![
            (g1(scalar(1)), &g2),
            (g1(scalar(2)), &g2),
            (zero.clone(), &g2),
            (negative(3), &g2),
            (g1(scalar(5)), &none),
        ],
        vec![(g1(scalar(1)), &outside)],
        vec![(zero, &outside)],
    ] {
        cases.push((
            Operation::Bn254Pairing,
            pairs
                .into_iter()
                .flat_map(|(p, q)| [p, q.clone()].concat())
                .collect(),
        ));
    }
    cases
}

type G1 = ([u8; 48], [u8; 48]);
type G2 = ([u8; 48], [u8; 48], [u8; 48], [u8; 48]);

fn join1(p: &[u8]) -> G1 {
    (p[..48].try_into().unwrap(), p[48..].try_into().unwrap())
}

fn join2(p: &[u8]) -> G2 {
    let part = |at: usize| p[48 * at..48 * at + 48].try_into().unwrap();
    (part(0), part(1), part(2), part(3))
}

fn g1(base: &[u8], factor: [u8; 32]) -> Vec<u8> {
    NativeCrypto
        .bls12_381_g1_msm(&[(join1(base), factor)])
        .unwrap()
        .to_vec()
}

fn g2(base: &[u8], factor: [u8; 32]) -> Vec<u8> {
    NativeCrypto
        .bls12_381_g2_msm(&[(join2(base), factor)])
        .unwrap()
        .to_vec()
}

fn small_element(value: u8) -> [u8; 48] {
    let mut out = [0; 48];
    out[47] = value;
    out
}

pub fn bls12_381() -> Cases {
    let mut cases = Cases::new();
    let mut elements = vec![
        [0; 48],
        small_element(1),
        minus(&BLS_P, 1),
        BLS_P,
        [0xFF; 48],
    ];
    elements.extend((0..6).map(|seed| {
        let mut element: [u8; 48] = random(seed);
        element[0] &= 0x0F;
        element
    }));
    for (i, element) in elements.iter().enumerate() {
        cases.push((Operation::BlsMapFpToG1, element.to_vec()));
        cases.push((
            Operation::BlsMapFp2ToG2,
            [element.as_slice(), &elements[(i * 3 + 1) % elements.len()]].concat(),
        ));
    }
    let base1 = NativeCrypto.bls12_381_fp_to_g1(&elements[6]).unwrap();
    let base2 = NativeCrypto
        .bls12_381_fp2_to_g2((elements[6], elements[7]))
        .unwrap();
    let minus_one = minus(&BLS_R, 1);
    // Of order three: (0, 2) lies on the curve.
    let order_three = [[0; 48], small_element(2)].concat();
    let ones = [
        g1(&base1, scalar(0)),
        g1(&base1, scalar(1)),
        g1(&base1, scalar(2)),
        g1(&base1, minus_one),
        order_three,
        vec![3; 96],
        [BLS_P, [0; 48]].concat(),
    ];
    let twos = [
        g2(&base2, scalar(0)),
        g2(&base2, scalar(1)),
        g2(&base2, scalar(2)),
        g2(&base2, minus_one),
        vec![3; 192],
        [BLS_P, [0; 48], [0; 48], [0; 48]].concat(),
    ];
    cases.extend(sums(&ones, &twos));
    for pairs in [
        vec![],
        vec![
            (g1(&base1, scalar(2)), g2(&base2, scalar(3))),
            (g1(&base1, minus(&BLS_R, 1)), g2(&base2, scalar(6))),
        ],
        vec![
            (g1(&base1, scalar(2)), g2(&base2, scalar(3))),
            (g1(&base1, minus(&BLS_R, 1)), g2(&base2, scalar(7))),
        ],
        vec![
            (g1(&base1, scalar(1)), g2(&base2, scalar(5))),
            (ones[0].clone(), twos[1].clone()),
            (ones[1].clone(), twos[0].clone()),
            (g1(&base1, scalar(5)), g2(&base2, minus_one)),
        ],
    ] {
        cases.push((
            Operation::BlsPairing,
            pairs
                .into_iter()
                .flat_map(|(p, q)| [p, q].concat())
                .collect(),
        ));
    }
    for p in &ones {
        cases.push((Operation::BlsPairing, [p.as_slice(), &twos[0]].concat()));
        cases.push((Operation::BlsPairing, [p.as_slice(), &twos[1]].concat()));
    }
    for q in &twos {
        cases.push((Operation::BlsPairing, [ones[0].as_slice(), q].concat()));
    }
    cases
}

fn sums(ones: &[Vec<u8>], twos: &[Vec<u8>]) -> Cases {
    let mut cases = Cases::new();
    let factors = [scalar(0), scalar(1), BLS_R, [0xFF; 32], random(3)];
    for p in ones {
        cases.extend(
            ones.iter()
                .map(|q| (Operation::BlsG1Add, [p.as_slice(), q].concat())),
        );
        for factor in factors {
            cases.push((Operation::BlsG1Msm, [p.as_slice(), &factor].concat()));
            cases.push((
                Operation::BlsG1Msm,
                [
                    p.as_slice(),
                    &factor,
                    &ones[2],
                    &random::<32>(4),
                    p,
                    &factor,
                ]
                .concat(),
            ));
        }
    }
    for p in twos {
        cases.extend(
            twos.iter()
                .map(|q| (Operation::BlsG2Add, [p.as_slice(), q].concat())),
        );
        for factor in factors {
            cases.push((Operation::BlsG2Msm, [p.as_slice(), &factor].concat()));
        }
        cases.push((
            Operation::BlsG2Msm,
            [
                p.as_slice(),
                &factors[3],
                &twos[2],
                &random::<32>(4),
                p,
                &factors[4],
            ]
            .concat(),
        ));
    }
    cases
}

/// Proofs for the polynomials 1 and X: commitments G1 and τ·G1, quotients 0 and 1.
pub fn kzg() -> Cases {
    let mut infinity = [0; 48];
    infinity[0] = 0xC0;
    let mut negated = BLS_G1_COMPRESSED;
    negated[0] ^= 0x20;
    let mut cases = Cases::new();
    let mut push = |z: [u8; 32], y: [u8; 32], commitment: [u8; 48], proof: [u8; 48]| {
        cases.push((
            Operation::KzgProof,
            [&z[..], &y, &commitment, &proof].concat(),
        ));
    };
    for z in [scalar(0), scalar(5), minus(&BLS_R, 1)] {
        push(z, z, TAU_G1, BLS_G1_COMPRESSED);
        push(z, scalar(7), TAU_G1, BLS_G1_COMPRESSED);
        push(z, scalar(1), BLS_G1_COMPRESSED, infinity);
        push(z, scalar(2), BLS_G1_COMPRESSED, infinity);
        push(z, z, TAU_G1, negated);
        push(z, scalar(0), infinity, infinity);
    }
    push(BLS_R, scalar(1), BLS_G1_COMPRESSED, infinity);
    push(scalar(1), BLS_R, BLS_G1_COMPRESSED, infinity);
    let mut flags = Vec::new();
    for flag in [0x00u8, 0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xE0] {
        for last in [0, 1, 2, 3, 5] {
            let mut point = [0; 48];
            point[0] = flag;
            point[47] = last;
            flags.push(point);
        }
    }
    flags.extend([[0xFF; 48], [0x9F; 48]]);
    for point in flags {
        push(scalar(1), scalar(1), point, infinity);
        push(scalar(1), scalar(1), BLS_G1_COMPRESSED, point);
    }
    cases
}
