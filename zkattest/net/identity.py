"""Derive a host's libp2p identity from a seed, so that a devnet knows its peers in advance."""

from zkattest.net.boundary import Identity


def peer_id_of_seed(key_seed: bytes) -> str:
    """Return the peer id (base58) of the Ed25519 identity made from 32 bytes."""
    return Identity(key_seed).peer_id
