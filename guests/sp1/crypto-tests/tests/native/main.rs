//! The list of cases that the guest is run on, and what ordinary libraries answer to them.

#![allow(non_snake_case)]

use ethrex_crypto::NativeCrypto;
use zkattest_sp1_crypto::Sp1Crypto;
use zkattest_sp1_crypto_tests::{Operation, answer, encode, run};

mod curves;
mod hashes;
mod signatures;

pub type Cases = Vec<(Operation, Vec<u8>)>;

fn cases() -> Cases {
    [
        hashes::cases(),
        signatures::cases(),
        curves::bn254(),
        curves::bls12_381(),
        curves::kzg(),
    ]
    .concat()
}

/// The committed list and answers are these: the prover's tests run the guest program on them.
/// `ZKATTEST_WRITE_CASES=1` writes them anew.
#[test]
fn cases__are_the_committed_ones_with_native_answers() {
    let list = encode(&cases());
    let answers = run(&NativeCrypto, &list);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/");
    for (name, bytes) in [("cases.bin", &list), ("answers.bin", &answers)] {
        let path = format!("{folder}{name}");
        if std::env::var_os("ZKATTEST_WRITE_CASES").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(&path, bytes).unwrap();
        }
        assert!(&std::fs::read(&path).unwrap() == bytes, "{name} differs");
    }
}

#[test]
fn cases__software_of_the_guest_agrees() {
    for (operation, input) in cases() {
        let native = answer(&NativeCrypto, operation, &input);
        assert_eq!(
            answer(&Sp1Crypto, operation, &input),
            native,
            "{operation:?} {input:02x?}"
        );
    }
}

/// Both answers occur, so that agreement means something.
#[test]
fn cases__hold_accepted_and_refused_inputs() {
    let cases = cases();
    for operation in [
        Operation::Secp256k1Recover,
        Operation::Bn254Pairing,
        Operation::BlsPairing,
        Operation::KzgProof,
        Operation::BlsG1Msm,
        Operation::BlsG2Msm,
    ] {
        let answers: Vec<_> = cases
            .iter()
            .filter(|(of, _)| *of == operation)
            .map(|(_, input)| answer(&NativeCrypto, operation, input))
            .collect();
        assert!(answers.iter().any(Option::is_some), "{operation:?}");
        assert!(answers.iter().any(Option::is_none), "{operation:?}");
    }
    for operation in [
        Operation::Bn254Pairing,
        Operation::BlsPairing,
        Operation::P256Verify,
    ] {
        let answers: Vec<_> = cases
            .iter()
            .filter(|(of, _)| *of == operation)
            .map(|(_, input)| answer(&NativeCrypto, operation, input))
            .collect();
        assert!(answers.contains(&Some(vec![1])), "{operation:?}");
        assert!(answers.contains(&Some(vec![0])), "{operation:?}");
    }
}

/// Deterministic bytes: a failure repeats.
pub fn random<const N: usize>(seed: u32) -> [u8; N] {
    use ethrex_crypto::Crypto as _;
    let mut out = [0u8; N];
    for (i, chunk) in out.chunks_mut(32).enumerate() {
        let digest = NativeCrypto.sha256(&[seed.to_le_bytes(), (i as u32).to_le_bytes()].concat());
        chunk.copy_from_slice(&digest[..chunk.len()]);
    }
    out
}
