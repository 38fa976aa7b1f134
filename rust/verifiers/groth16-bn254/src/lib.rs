//! Verifies Groth16 proofs over BN254 under a given key.
