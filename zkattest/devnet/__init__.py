"""
Play a chain on this machine: a builder, hostile peers and attesters as processes on loopback.

May import `node` and everything below; never `cli`. Nothing of it is used outside a devnet.
"""
