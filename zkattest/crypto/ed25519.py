"""Sign and check with Ed25519 (RFC 8032), over pyca/cryptography; its only importer."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from zkattest.types.ids import FixedBytes


class PublicKey(FixedBytes):
    """Name a signer by its raw public key."""

    size_bytes = 32
    __slots__ = ()


class SigningKey:
    """Hold a private key; it is never shown."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_pem(cls, data: bytes) -> SigningKey:
        """Read an unencrypted PKCS #8 key in PEM; raise ValueError for anything else."""
        try:
            key = load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # What the library says may quote the file.
            raise ValueError("not an unencrypted private key in PEM") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 key")  # noqa: TRY004 - of the file, not the caller
        return cls(key)

    @property
    def public_key(self) -> PublicKey:
        """Return the key that signatures are checked with."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return a signature of 64 bytes."""
        return self._key.sign(message)


def verify(public_key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Tell whether the key signed the message; a key or signature that is none did not."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes(public_key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
