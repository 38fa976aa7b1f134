"""A tiny RLP encoder of our own, so that tests do not write with the code they test."""

from collections.abc import Sequence

Item = bytes | int | Sequence["Item"]


def encode(item: Item) -> bytes:
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return bytes(item)
        return head(len(item), 0x80) + item
    return as_list(b"".join(encode(part) for part in item))


def as_list(payload: bytes) -> bytes:
    return head(len(payload), 0xC0) + payload


def head(size: int, base: int) -> bytes:
    if size < 56:
        return bytes([base + size])
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length
