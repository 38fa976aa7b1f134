"""Sign and verify as the consensus layer does: BLS12-381, signatures in G2, proof of possession."""

from __future__ import annotations

from typing import Final

from zkattest import _core

SECRET_KEY_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 48
SIGNATURE_BYTES: Final = 96


def secret_key_from_seed(seed: bytes) -> bytes:
    """Derive a secret key from at least 32 bytes of seed."""
    return _core.bls_secret_key(seed)


def public_key(secret_key: bytes) -> bytes:
    """Return the public key of a secret key."""
    return _core.bls_public_key(secret_key)


def sign(secret_key: bytes, message: bytes) -> bytes:
    """Sign a message (a signing root)."""
    return _core.bls_sign(secret_key, message)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """
    Tell whether the signature is the key's on the message (`bls.Verify`).

    Points off the curve, outside the subgroup or at infinity, and wrong lengths, are False.
    """
    return _core.bls_verify(public_key, message, signature)
