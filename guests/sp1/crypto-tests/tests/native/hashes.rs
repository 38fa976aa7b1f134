//! Hashes, modular arithmetic and BLAKE2.

use zkattest_sp1_crypto_tests::Operation;

use crate::{Cases, random};

pub fn cases() -> Cases {
    let data: Vec<u8> = (0..700u32).map(|i| (i * 37 + 11) as u8).collect();
    let mut cases = Cases::new();
    for length in 0..=300 {
        cases.push((
            Operation::Keccak256,
            data[length % 8..length % 8 + length].to_vec(),
        ));
        cases.push((Operation::Sha256, data[..length].to_vec()));
    }
    for length in [407, 408, 409, 532, 600] {
        cases.push((Operation::Keccak256, data[..length].to_vec()));
    }
    for length in [0, 1, 55, 56, 64, 119, 200] {
        cases.push((Operation::Ripemd160, data[..length].to_vec()));
    }
    for rounds in [0u32, 1, 12, 40] {
        for last in [0u8, 1] {
            let body: [u8; 64 + 128 + 16] = random(rounds);
            cases.push((
                Operation::Blake2Compress,
                [&rounds.to_be_bytes()[..], &body, &[last]].concat(),
            ));
        }
    }
    cases.extend(products());
    cases.extend(powers());
    cases
}

fn products() -> Cases {
    let one = [vec![0; 31], vec![1]].concat();
    let values = [
        vec![0; 32],
        one,
        vec![0xFF; 32],
        [vec![0x80], vec![0; 31]].concat(),
        random::<32>(7).to_vec(),
        random::<32>(8).to_vec(),
    ];
    let mut cases = Cases::new();
    for a in &values {
        for b in &values {
            for m in &values {
                cases.push((Operation::Mulmod256, [a.as_slice(), b, m].concat()));
            }
        }
    }
    cases
}

fn powers() -> Cases {
    let bases = [
        vec![],
        vec![0],
        vec![2],
        vec![0xFF; 32],
        vec![0xFE; 33],
        vec![0, 0, 3],
        random::<96>(9).to_vec(),
    ];
    let exponents = [
        vec![],
        vec![0],
        vec![1],
        vec![3],
        vec![0xFF; 4],
        vec![0, 0, 5],
        random::<33>(10).to_vec(),
    ];
    let moduli = [
        vec![],
        vec![0],
        vec![1],
        vec![2],
        vec![0; 40],
        vec![0xFF; 16],
        vec![0xFF; 32],
        vec![0x80; 48],
        vec![0, 0, 7],
        [vec![0; 40], vec![9]].concat(),
        random::<64>(11).to_vec(),
    ];
    let mut cases = Cases::new();
    for base in &bases {
        for exponent in &exponents {
            for modulus in &moduli {
                let mut input = Vec::new();
                for part in [base, exponent, modulus] {
                    input.extend((part.len() as u32).to_le_bytes());
                }
                input.extend([base.as_slice(), exponent, modulus].concat());
                cases.push((Operation::Modexp, input));
            }
        }
    }
    cases
}
