//! Nothing.
//!
//! `proofman-fields` depends on a crate of this name on x86-64, and its build compiles a prover in
//! C++ that wants MPI, OpenMP, GMP and an assembler. With the feature `verify` no line of it is used:
//! this empty crate takes its place, so that a call into it would not compile.
