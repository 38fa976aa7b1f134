"""
Give cryptography and decoding plain Python signatures.

The door to `zkattest._core` for everything but proofs; no rules, no I/O.
"""
