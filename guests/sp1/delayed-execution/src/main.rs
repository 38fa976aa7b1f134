//! Execute one block and commit the 43 bytes of the statement.
#![no_main]

use std::sync::Arc;

use zkattest_sp1_crypto::Sp1Crypto;

sp1_zkvm::entrypoint!(main);

fn main() {
    let input = sp1_zkvm::io::read_vec();
    let public_values = zkattest_execution::statement::run(&input, Arc::new(Sp1Crypto));
    sp1_zkvm::io::commit_slice(&public_values);
}
