"""Compute message ids as Ethereum's consensus p2p interface defines them (Altair and later)."""

import hashlib

MESSAGE_DOMAIN_INVALID_SNAPPY = b"\x00\x00\x00\x00"
MESSAGE_DOMAIN_VALID_SNAPPY = b"\x01\x00\x00\x00"
MESSAGE_ID_BYTES = 20


def _message_id(domain: bytes, topic: str, data: bytes) -> bytes:
    name = topic.encode()
    digest = hashlib.sha256(domain + len(name).to_bytes(8, "little") + name)
    digest.update(data)
    return digest.digest()[:MESSAGE_ID_BYTES]


def valid_snappy_id(topic: str, decompressed: bytes) -> bytes:
    """Return the id of a message whose payload decompressed to `decompressed`."""
    return _message_id(MESSAGE_DOMAIN_VALID_SNAPPY, topic, decompressed)


def invalid_snappy_id(topic: str, payload: bytes) -> bytes:
    """Return the id of a message whose payload is no snappy, or too much of it."""
    return _message_id(MESSAGE_DOMAIN_INVALID_SNAPPY, topic, payload)
