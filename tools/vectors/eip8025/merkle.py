"""SSZ roots by SHA-256 alone, written after the text and not after the package."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

CHUNK: Final = 32
ZERO: Final = bytes(CHUNK)


def join(left: bytes, right: bytes) -> bytes:
    """Hash two nodes."""
    return sha256(left + right).digest()


def chunks(data: bytes) -> list[bytes]:
    """Cut bytes into leaves, the last one filled up with zeros."""
    return [data[at : at + CHUNK].ljust(CHUNK, b"\0") for at in range(0, len(data), CHUNK)]


def merkleize(leaves: Sequence[bytes], limit: int) -> bytes:
    """Hash leaves in a binary tree that has room for `limit` of them."""
    nodes, empty, width = list(leaves), ZERO, 1
    while width < limit or len(nodes) > 1:
        if len(nodes) % 2:
            nodes.append(empty)
        nodes = [join(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
        empty, width = join(empty, empty), width * 2
    return nodes[0] if nodes else empty


def merkleize_progressive(leaves: Sequence[bytes], room: int = 1) -> bytes:
    """Hash leaves in trees of 1, 4, 16, … leaves, each beside all that follow."""
    if not leaves:
        return ZERO
    rest = merkleize_progressive(leaves[room:], room * 4)
    return join(merkleize(leaves[:room], room), rest)


def number(value: int) -> bytes:
    """Write a number as a leaf."""
    return value.to_bytes(CHUNK, "little")


def byte_list(data: bytes, limit_bytes: int) -> bytes:
    """Hash a `ByteList[limit_bytes]`."""
    limit = (limit_bytes + CHUNK - 1) // CHUNK
    return join(merkleize(chunks(data), limit), number(len(data)))


def progressive_byte_list(data: bytes) -> bytes:
    """Hash a `ProgressiveByteList`."""
    return join(merkleize_progressive(chunks(data)), number(len(data)))


def byte_vector(data: bytes) -> bytes:
    """Hash a vector of bytes."""
    leaves = chunks(data)
    return merkleize(leaves, len(leaves))


def root_list(roots: Sequence[bytes], limit: int) -> bytes:
    """Hash a `List[Bytes32, limit]`."""
    return join(merkleize(roots, limit), number(len(roots)))


def progressive_root_list(roots: Sequence[bytes]) -> bytes:
    """Hash a `ProgressiveList[Bytes32]`."""
    return join(merkleize_progressive(roots), number(len(roots)))


def container(*roots: bytes) -> bytes:
    """Hash a container from the roots of its fields."""
    return merkleize(roots, len(roots))


def progressive_container(*roots: bytes) -> bytes:
    """Hash a progressive container all of whose fields are active."""
    return join(merkleize_progressive(roots), number((1 << len(roots)) - 1))
