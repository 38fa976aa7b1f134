"""Take RLP apart and put it together again, for forgers; unlike the core, it trusts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Item: TypeAlias = "bytes | list[Item]"


def decode(data: bytes) -> Item:
    """Read one well-formed item."""
    return _read(data, 0)[0]


def encode(item: Item) -> bytes:
    """Write one item."""
    if isinstance(item, bytes):
        single = len(item) == 1 and item[0] < 0x80
        return item if single else _head(0x80, len(item)) + item
    payload = b"".join(map(encode, item))
    return _head(0xC0, len(payload)) + payload


def as_list(item: Item) -> list[Item]:
    """Insist that an item is a list."""
    if isinstance(item, bytes):
        raise TypeError("expected a list")
    return item


def as_bytes(item: Item) -> bytes:
    """Insist that an item is a byte string."""
    if isinstance(item, Sequence) and not isinstance(item, bytes):
        raise TypeError("expected a byte string")
    return item


def _head(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size


def _read(data: bytes, at: int) -> tuple[Item, int]:
    first = data[at]
    if first < 0x80:
        return data[at : at + 1], at + 1
    base = 0x80 if first < 0xC0 else 0xC0
    length, start = first - base, at + 1
    if length > 55:
        start = at + 1 + length - 55
        length = int.from_bytes(data[at + 1 : start], "big")
    if base == 0x80:
        return data[start : start + length], start + length
    items: list[Item] = []
    end, at = start + length, start
    while at < end:
        item, at = _read(data, at)
        items.append(item)
    return items, end
