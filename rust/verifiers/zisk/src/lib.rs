//! Verifies minimal vadcop proofs of ZisK.
