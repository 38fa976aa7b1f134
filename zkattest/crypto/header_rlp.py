"""Encode a header as RLP and hash it: the block hash."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from zkattest.crypto.hashing import keccak256
from zkattest.types.execution import Header, OsakaHeader
from zkattest.types.ids import BlockHash

_SHORT_LIMIT: Final = 55


def encode_header(header: Header | OsakaHeader) -> bytes:
    """Encode a header; the order of its fields is the order of the RLP."""
    values = (getattr(header, field.name) for field in fields(header))
    payload = b"".join(map(_encode_field, values))
    return _head(len(payload), 0xC0) + payload


def header_hash(header: Header | OsakaHeader) -> BlockHash:
    """Hash a header."""
    return BlockHash(keccak256(encode_header(header)))


def _encode_field(value: int | bytes) -> bytes:
    # A boolean is a number here: 0x01 or the empty string.
    if isinstance(value, int):
        value = value.to_bytes((value.bit_length() + 7) // 8, "big")
    if len(value) == 1 and value[0] < 0x80:
        return bytes(value)
    return _head(len(value), 0x80) + value


def _head(size_bytes: int, base: int) -> bytes:
    if size_bytes <= _SHORT_LIMIT:
        return bytes([base + size_bytes])
    length = size_bytes.to_bytes((size_bytes.bit_length() + 7) // 8, "big")
    return bytes([base + _SHORT_LIMIT + len(length)]) + length
