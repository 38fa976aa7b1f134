//! Decodes and names OpenVM proofs; no verifier of theirs can be had from a registry.
