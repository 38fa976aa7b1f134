//! Guest program: reads an encoded list of operations and commits the answers.
#![no_main]

sp1_zkvm::entrypoint!(main);

pub fn main() {
    let list = sp1_zkvm::io::read_vec();
    sp1_zkvm::io::commit_slice(&zkattest_sp1_crypto_tests::run(&zkattest_sp1_crypto::Sp1Crypto, &list));
}
