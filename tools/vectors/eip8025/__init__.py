"""
Vectors of execution proofs on gossip: messages, signatures, rules and scripts.

Bytes and roots are made here with `hashlib` and `struct` alone; expectations are written from the
rules. Only the signatures come from the package, and a test verifies some with another library.
"""
