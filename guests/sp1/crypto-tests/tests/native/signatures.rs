//! Signatures on secp256k1 and P-256.

use ethrex_crypto::{Crypto as _, NativeCrypto};
use hex_literal::hex;
use zkattest_sp1_crypto_tests::Operation;

use crate::{Cases, random};

const N: [u8; 32] = hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
const P: [u8; 32] = hex!("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");
const BETA: [u8; 32] = hex!("7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501ee");
const LAMBDA: [u8; 32] = hex!("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");
const G_X: [u8; 32] = hex!("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
/// x of 2·G.
const G2_X: [u8; 32] = hex!("c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5");

pub fn cases() -> Cases {
    [random_signatures(), ranges(), coincidences(), p256()].concat()
}

fn push(cases: &mut Cases, r: &[u8; 32], s: &[u8; 32], message: &[u8; 32]) {
    for id in [0u8, 1] {
        cases.push((
            Operation::Secp256k1Recover,
            [&r[..], s, &[id], message].concat(),
        ));
    }
}

fn small(value: u32) -> [u8; 32] {
    let mut out = [0; 32];
    out[28..].copy_from_slice(&value.to_be_bytes());
    out
}

fn random_signatures() -> Cases {
    let mut cases = Cases::new();
    for seed in 0..40 {
        push(
            &mut cases,
            &random(3 * seed),
            &random(3 * seed + 1),
            &random(3 * seed + 2),
        );
    }
    cases
}

fn ranges() -> Cases {
    let below = NativeCrypto.mulmod256(&[0xFF; 32], &[0xFF; 32], &N);
    let mut last = N;
    last[31] -= 1;
    let values = [[0; 32], small(1), last, N, P, [0xFF; 32], below, G_X];
    let mut cases = Cases::new();
    for r in &values {
        for s in &values {
            push(
                &mut cases,
                r,
                s,
                &values[(usize::from(r[31]) + usize::from(s[31])) % values.len()],
            );
        }
    }
    cases
}

/// R is a small multiple of G or of LAMBDA·G and the scalars are small multiples of r, so that sums meet equal and
/// opposite points, and infinity.
fn coincidences() -> Cases {
    let mut cases = Cases::new();
    let times = |a: &[u8; 32], b: &[u8; 32]| NativeCrypto.mulmod256(a, b, &N);
    let lambda_g = NativeCrypto.mulmod256(&BETA, &G_X, &P);
    let mut last = N;
    last[31] -= 1;
    for r in [G_X, G2_X, lambda_g] {
        for u1 in [0, 1, 2, 255, 256] {
            for u2 in [1, 2, 3, 255] {
                let (z, s) = (times(&r, &small(u1)), times(&r, &small(u2)));
                // The message stands for -u1.
                push(&mut cases, &r, &s, &z);
                push(&mut cases, &r, &s, &times(&z, &last));
                push(&mut cases, &r, &times(&s, &last), &z);
                push(&mut cases, &r, &s, &times(&z, &LAMBDA));
                push(&mut cases, &r, &times(&s, &LAMBDA), &z);
            }
        }
    }
    cases
}

fn p256() -> Cases {
    let valid = hex!(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
        "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
        "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
        "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
        "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    );
    let mut cases: Cases = vec![(Operation::P256Verify, valid.to_vec())];
    // Each field spoilt: message, r, s, key.
    for at in [0, 40, 70, 100, 159] {
        let mut spoilt = valid;
        spoilt[at] ^= 1;
        cases.push((Operation::P256Verify, spoilt.to_vec()));
    }
    for range in [32..64, 64..96, 96..160] {
        for fill in [0, 0xFF] {
            let mut spoilt = valid;
            spoilt[range.clone()].fill(fill);
            cases.push((Operation::P256Verify, spoilt.to_vec()));
        }
    }
    cases
}
