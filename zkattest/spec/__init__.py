"""
State the rules of the protocols as pure functions, named as in the EIPs.

Imports `crypto` and `types` only; time, randomness and seen-state come in as arguments.
"""
