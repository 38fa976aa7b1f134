//! Verifies Groth16 receipts of RISC Zero, by the parameters that a seal selects.
