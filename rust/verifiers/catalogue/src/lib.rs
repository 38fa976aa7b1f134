//! Opens the verifier of any proof system by its name.
