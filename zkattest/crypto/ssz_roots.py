"""
Compute `hash_tree_root` of an SSZ object from its declared shape.

Source: consensus-specs `ssz/simple-serialize.md`, Merkleization; progressive types are EIP-7916
and EIP-7495. Byte strings of megabytes are hashed natively.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from zkattest import _core
from zkattest.crypto.hashing import CHUNK_BYTES, byte_list_root, container_root, uint_root
from zkattest.types.ids import Root
from zkattest.types.ssz_codec import (
    Boolean,
    ByteList,
    ByteVector,
    Codec,
    Container,
    ListOf,
    ProgressiveByteList,
    ProgressiveContainer,
    ProgressiveListOf,
    Uint,
)

_ZERO: Final = Root(bytes(CHUNK_BYTES))
# The first subtree of a progressive tree has one leaf, each further one four times as many.
_GROWTH: Final = 4


def hash_tree_root(codec: Codec[Any], value: Any) -> Root:
    """Return the root of a value that `codec` can encode; ValueError for one over its limit."""
    match codec:
        case Uint() | Boolean():
            return Root(uint_root(value))
        case ByteVector():
            return Root(_core.merkleize(value, _chunks(codec.fixed_bytes or 0)))
        case ProgressiveByteList():
            return mix_in_length(merkleize_progressive(value), len(value))
        case ByteList():
            return byte_list_root(value, codec.limit_bytes)
        case ListOf():
            return _list_root(codec, value)
        case Container():
            return _fields_root(codec, value)
    raise TypeError(f"no root for {type(codec).__name__}")


def merkleize_progressive(data: bytes) -> Root:
    """
    Return the root of a progressive tree over packed chunks, the last of which may be short.

    `hash(a, b)`: `a` is a binary tree of the next 1, 4, 16, … chunks, `b` is the rest.
    """
    subtrees, leaves, at = [], 1, 0
    while at < len(data):
        end = at + leaves * CHUNK_BYTES
        subtrees.append(_core.merkleize(data[at:end], leaves))
        leaves, at = leaves * _GROWTH, end
    root = _ZERO
    for subtree in reversed(subtrees):
        root = container_root(subtree, root)
    return root


def mix_in_length(root: Root, length: int) -> Root:
    """Join the root of a list's elements with their number."""
    return container_root(root, uint_root(length))


def mix_in_active_fields(root: Root, fields: int) -> Root:
    """Join the root of a progressive container's fields with the bits of those that are active."""
    return container_root(root, uint_root((1 << fields) - 1))


def _fields_root(codec: Container[Any], value: Any) -> Root:
    roots = [hash_tree_root(kind, getattr(value, name)) for name, kind in codec.fields]
    if isinstance(codec, ProgressiveContainer):
        return mix_in_active_fields(merkleize_progressive(b"".join(roots)), len(roots))
    return container_root(*roots)


def _list_root(codec: ListOf[Any], items: Sequence[Any]) -> Root:
    is_basic = isinstance(codec.element, Uint | Boolean)
    if is_basic:
        packed = b"".join(codec.element.encode(item, "") for item in items)
    else:
        packed = b"".join(hash_tree_root(codec.element, item) for item in items)
    if isinstance(codec, ProgressiveListOf):
        return mix_in_length(merkleize_progressive(packed), len(items))
    limit = _chunks(codec.limit * (codec.element.fixed_bytes or 0)) if is_basic else codec.limit
    return mix_in_length(Root(_core.merkleize(packed, limit)), len(items))


def _chunks(size_bytes: int) -> int:
    return -(-size_bytes // CHUNK_BYTES)
