"""Sign and verify with the curve of node records; the one importer of coincurve."""

from __future__ import annotations

from typing import Final

import coincurve
from coincurve.ecdsa import cdata_to_der, deserialize_compact

from zkattest.net.boundary import peer_id_of_secp256k1

SECRET_KEY_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 33
_SIGNATURE_BYTES: Final = 64


class InvalidKey(ValueError):
    """Say why bytes are no key of this curve."""


class PublicKey:
    """Hold a point of the curve."""

    __slots__ = ("_key", "compressed")

    def __init__(self, compressed: bytes) -> None:
        """Take 33 bytes; raise `InvalidKey` for what is no compressed point."""
        if len(compressed) != PUBLIC_KEY_BYTES:
            raise InvalidKey(f"{len(compressed)} bytes, expected {PUBLIC_KEY_BYTES}")
        try:
            self._key = coincurve.PublicKey(compressed)
        except ValueError as error:
            raise InvalidKey("is no point of the curve") from error
        self.compressed = compressed

    @property
    def uncompressed(self) -> bytes:
        """Return the coordinates, 64 bytes."""
        return self._key.format(compressed=False)[1:]

    def verify_hash(self, signature: bytes, message_hash: bytes) -> bool:
        """Say whether r and s (64 bytes) sign a hash of 32 bytes; a high s does not count."""
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            der = cdata_to_der(deserialize_compact(signature))
        except ValueError:
            return False
        return bool(self._key.verify(der, message_hash, hasher=None))

    def __eq__(self, other: object) -> bool:
        """Compare points."""
        return isinstance(other, PublicKey) and other.compressed == self.compressed

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self.compressed)

    def __repr__(self) -> str:
        """Show the compressed point."""
        return f"PublicKey(0x{self.compressed.hex()})"


class SecretKey:
    """Hold a secret key; it is never shown."""

    __slots__ = ("_key", "public_key")

    def __init__(self, secret: bytes) -> None:
        """Take 32 bytes; raise `InvalidKey` for zero or a number above the curve's order."""
        if len(secret) != SECRET_KEY_BYTES:
            raise InvalidKey(f"{len(secret)} bytes, expected {SECRET_KEY_BYTES}")
        try:
            self._key = coincurve.PrivateKey(secret)
        except ValueError as error:
            raise InvalidKey("is no secret key of the curve") from error
        self.public_key = PublicKey(self._key.public_key.format())

    def sign_hash(self, message_hash: bytes) -> bytes:
        """Return r and s (64 bytes) for a hash of 32 bytes; the same for the same hash."""
        return self._key.sign_recoverable(message_hash, hasher=None)[:_SIGNATURE_BYTES]


def peer_id_of_key(key: PublicKey) -> str:
    """Return the libp2p peer id (base58) of a key."""
    return peer_id_of_secp256k1(key.compressed)
