"""Roots from a declared shape, against remerkleable and by hand."""

import hashlib
from dataclasses import dataclass

import pytest
from remerkleable.basic import boolean, uint8, uint16, uint64, uint256
from remerkleable.byte_arrays import ByteList as OracleByteList
from remerkleable.byte_arrays import ByteVector as OracleByteVector
from remerkleable.complex import List
from remerkleable.progressive import ProgressiveByteList as OracleProgressiveByteList
from remerkleable.progressive import ProgressiveContainer as OracleProgressiveContainer
from remerkleable.progressive import ProgressiveList

from zkattest.crypto.ssz_roots import (
    hash_tree_root,
    merkleize_progressive,
    mix_in_active_fields,
    mix_in_length,
)
from zkattest.types.ssz_codec import (
    Boolean,
    ByteList,
    ByteVector,
    Codec,
    ListOf,
    ProgressiveByteList,
    ProgressiveContainer,
    ProgressiveListOf,
    Uint,
)

ZERO = bytes(32)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(left + right).digest()


def chunk(number: int) -> bytes:
    return bytes([number]) * 32


def test_merkleize_progressive__is_the_definition_by_hand() -> None:
    assert merkleize_progressive(b"") == ZERO
    assert merkleize_progressive(b"\x01") == node(b"\x01" + bytes(31), ZERO)
    # One leaf, then four, the rest under them.
    four = node(node(chunk(2), chunk(3)), node(chunk(4), chunk(5)))
    sixteen = node(chunk(6), ZERO)
    for depth in range(1, 4):
        sixteen = node(sixteen, node_of_zeros(depth))
    expected = node(chunk(1), node(four, node(sixteen, ZERO)))
    assert merkleize_progressive(b"".join(chunk(n) for n in range(1, 7))) == expected


def node_of_zeros(depth: int) -> bytes:
    zero = ZERO
    for _ in range(depth):
        zero = node(zero, zero)
    return zero


def test_mix_in__joins_a_number_of_32_bytes() -> None:
    root = merkleize_progressive(b"")
    assert mix_in_length(root, 258) == node(root, b"\x02\x01" + bytes(30))
    assert mix_in_active_fields(root, 4) == node(root, b"\x0f" + bytes(31))
    assert mix_in_active_fields(root, 19) == node(root, b"\xff\xff\x07" + bytes(29))


# Around the ends of subtrees (1, 5, 21, 85, 341 chunks) and of chunks.
@pytest.mark.parametrize(
    "size", [0, 1, 31, 32, 33, 159, 160, 161, 671, 672, 673, 2720, 2721, 10912, 10913]
)
def test_byte_lists__have_the_oracles_roots(size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    progressive = hash_tree_root(ProgressiveByteList(1 << 20), data)
    assert progressive == bytes(OracleProgressiveByteList(data).hash_tree_root())
    bounded = hash_tree_root(ByteList(1 << 20), data)
    assert bounded == bytes(OracleByteList[1 << 20](data).hash_tree_root())
    assert progressive != bounded


def progressive_root(chunks: list[bytes], leaves: int = 1) -> bytes:
    """Merkleize by the recursion of EIP-7916."""
    if not chunks:
        return ZERO
    level, zero = chunks[:leaves], ZERO
    width = leaves
    while width > 1:
        level = level + [zero] * (len(level) % 2)
        level = [node(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        zero, width = node(zero, zero), width // 2
    return node(level[0], progressive_root(chunks[leaves:], 4 * leaves))


# The oracle takes minutes for what several threads hash here.
@pytest.mark.parametrize("size", [1_272_621, 4_194_304])
def test_progressive_byte_list__is_the_definition_for_large_proofs(size: int) -> None:
    data = (bytes(range(256)) * 16384)[:size]
    chunks = [data[at : at + 32].ljust(32, b"\0") for at in range(0, size, 32)]
    expected = node(progressive_root(chunks), size.to_bytes(32, "little"))
    assert hash_tree_root(ProgressiveByteList(size), data) == expected


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 6, 21, 22])
def test_lists_of_numbers__have_the_oracles_roots(count: int) -> None:
    numbers = tuple(range(count))
    for width, kind in ((1, uint8), (2, uint16), (8, uint64), (32, uint256)):
        bounded = hash_tree_root(ListOf(Uint(width, int), 100), numbers)
        assert bounded == bytes(List[kind, 100](numbers).hash_tree_root())
        progressive = hash_tree_root(ProgressiveListOf(Uint(width, int), 100), numbers)
        assert progressive == bytes(ProgressiveList[kind](numbers).hash_tree_root())


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 6, 21, 22])
def test_lists_of_byte_strings__have_the_oracles_roots(count: int) -> None:
    items = tuple(bytes([n]) * 48 for n in range(count))
    bounded = hash_tree_root(ListOf(ByteVector(48, bytes), 100), items)
    assert bounded == bytes(List[OracleByteVector[48], 100](items).hash_tree_root())
    progressive = hash_tree_root(ProgressiveListOf(ProgressiveByteList(48), 100), items)
    oracle = ProgressiveList[OracleProgressiveByteList]
    assert progressive == bytes(oracle(items).hash_tree_root())


@dataclass(frozen=True)
class Five:
    a: bool
    b: int
    c: bytes
    d: int
    e: int


class OracleFive(OracleProgressiveContainer(active_fields=[1] * 5)):  # type: ignore[misc]
    a: boolean
    b: uint256
    c: OracleByteVector[33]
    d: uint8
    e: uint64


def test_progressive_container__has_the_oracles_root() -> None:
    codec = ProgressiveContainer(
        Five,
        a=Boolean(),
        b=Uint(32, int),
        c=ByteVector(33, bytes),
        d=Uint(1, int),
        e=Uint(8, int),
    )
    value = Five(a=True, b=2**255 + 1, c=bytes(range(33)), d=255, e=2**63)
    oracle = OracleFive(a=value.a, b=value.b, c=value.c, d=value.d, e=value.e)
    assert hash_tree_root(codec, value) == bytes(oracle.hash_tree_root())
    assert codec.encode(value) == oracle.encode_bytes()


def test_bounded_list__over_its_limit_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="3 chunks, limit 2"):
        hash_tree_root(ListOf(ByteVector(32, bytes), 2), (ZERO,) * 3)
    with pytest.raises(ValueError, match="33 bytes, limit 32"):
        hash_tree_root(ByteList(32), bytes(33))


def test_codec__without_a_root_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="no root for Codec"):
        hash_tree_root(Codec(), 1)
