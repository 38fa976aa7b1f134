//! Verifies SP1 Groth16 and PLONK proofs of one program, with the wrapping key of their version.
