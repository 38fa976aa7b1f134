"""
Verify proofs: a registry keyed by (proof system, program key), and a pool of threads to do it in.

Three answers: a `VerifiedProof` is returned, `InvalidProof` or `CannotVerify` is raised.
"""
