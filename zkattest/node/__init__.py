"""
Wire machines to shells: the one place where network, verifiers, store and clock meet, in one
nursery.

May import every shell and everything below; never `devnet` or `cli`.
"""
