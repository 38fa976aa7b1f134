//! Guest program: reads an encoded list of operations and commits the answers.
#![cfg_attr(target_os = "zkvm", no_main)]

#[cfg(target_os = "zkvm")]
sp1_zkvm::entrypoint!(main);

#[cfg(target_os = "zkvm")]
pub fn main() {
    let list = sp1_zkvm::io::read_vec();
    sp1_zkvm::io::commit_slice(&zkattest_sp1_crypto_tests::run(
        &zkattest_sp1_crypto::Sp1Crypto,
        &list,
    ));
}

#[cfg(not(target_os = "zkvm"))]
fn main() {}
