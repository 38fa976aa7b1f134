"""Hashes and roots against their definitions."""

import hashlib

import pytest

from zkattest import _core
from zkattest.crypto.hashing import (
    byte_list_root,
    compute_domain,
    container_root,
    fork_data_root,
    hash_tree_root_claim,
    hash_tree_root_delayed_block,
    hash_tree_root_envelope,
    keccak256,
    sha256,
    signing_root,
    uint_root,
)
from zkattest.types.execution import EMPTY_TRIE_ROOT, ExecutionClaim, ExecutionWitness
from zkattest.types.ids import Address, BlockHash, ChainId, ProofType, Root, Slot
from zkattest.types.wire import DelayedBlock, ExecutionProofEnvelope


def merkle_root(chunks: list[bytes], limit: int) -> bytes:
    """Merkleize by the definition of SSZ: one level of pairs at a time, zeros by recursion."""
    zero, width = bytes(32), 1
    level = list(chunks)
    while width < limit:
        level = level + [zero] * (len(level) % 2)
        level = [sha256(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
        zero, width = sha256(zero + zero), width * 2
    return level[0] if level else zero


def list_root(data: bytes, limit_bytes: int) -> bytes:
    chunks = [data[at : at + 32].ljust(32, b"\0") for at in range(0, len(data), 32)]
    return sha256(merkle_root(chunks, -(-limit_bytes // 32)) + uint_root(len(data)))


def test_keccak256__is_the_hash_of_nothing() -> None:
    assert keccak256(b"").hex() == (
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )
    # The empty trie: the hash of the RLP of an empty string.
    assert keccak256(b"\x80") == EMPTY_TRIE_ROOT


def test_sha256__is_the_standard_library() -> None:
    assert sha256(b"abc") == hashlib.sha256(b"abc").digest()


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 64, 65, 1000, 4096])
@pytest.mark.parametrize("limit", [4096, 4194304, 1 << 24])
def test_byte_list_root__is_the_definition(size: int, limit: int) -> None:
    data = bytes(n % 251 for n in range(size))
    assert byte_list_root(data, limit) == list_root(data, limit)


# Above 128 KiB the levels are hashed by several threads.
@pytest.mark.parametrize("size", [131_072, 131_073, 3 * 131_072 + 31, 1_272_611])
def test_byte_list_root__is_the_definition_for_several_threads(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert byte_list_root(data, 4194304) == list_root(data, 4194304)


@pytest.mark.parametrize("limit", [0, 31, (1 << 63), (1 << 64) - 1])
def test_byte_list_root__has_no_limit_it_cannot_take(limit: int) -> None:
    assert byte_list_root(b"", limit) == list_root(b"", limit)


def test_byte_list_root__refuses_data_over_the_limit() -> None:
    with pytest.raises(ValueError, match="33 bytes, limit 32"):
        byte_list_root(bytes(33), 32)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_byte_lists_root__is_the_definition(size: int) -> None:
    items = [bytes([n]) * (n * 40) for n in range(size)]
    elements = merkle_root([list_root(item, 1 << 20) for item in items], 1 << 20)
    expected = sha256(elements + uint_root(size))
    assert _core.byte_lists_root(items, 1 << 20, 1 << 20) == expected


def test_container_root__pads_to_a_power_of_two() -> None:
    roots = [bytes([n]) * 32 for n in range(5)]
    assert container_root(*roots) == merkle_root(roots, 8)


def claim() -> ExecutionClaim:
    roots = [Root(bytes([n]) * 32) for n in range(1, 7)]
    return ExecutionClaim(
        block_hash=BlockHash(roots[0]),
        transactions_root=roots[1],
        post_state_root=roots[2],
        deferred_transactions_root=roots[3],
        receipts_root=roots[4],
        logs_bloom=bytes(range(256)),
        requests_hash=roots[5],
        execution_reverted=True,
    )


def test_hash_tree_root_claim__is_the_definition() -> None:
    bloom = bytes(range(256))
    leaves = [bytes([n]) * 32 for n in range(1, 6)]
    leaves.append(merkle_root([bloom[at : at + 32] for at in range(0, 256, 32)], 8))
    leaves += [bytes([6]) * 32, b"\x01" + bytes(31)]
    assert hash_tree_root_claim(claim()) == merkle_root(leaves, 8)


def test_hash_tree_root_envelope__bounds_the_proof() -> None:
    envelope = ExecutionProofEnvelope(b"proof" * 100, ProofType(1), Root(b"\x07" * 32))
    leaves = [list_root(b"proof" * 100, 4194304), uint_root(1), b"\x07" * 32]
    assert hash_tree_root_envelope(envelope) == merkle_root(leaves, 4)


def test_hash_tree_root_delayed_block__covers_every_field() -> None:
    witness = ExecutionWitness((b"node",), (b"code", b""), (b"header",))
    hints = (Address(b"\x08" * 20), Address(b"\x07" * 20))
    block = DelayedBlock(Slot(3), ChainId(1), b"block", (Root(b"\x09" * 32),), witness, hints)
    witness_root = merkle_root(
        [
            _core.byte_lists_root([b"node"], 1 << 20, 1 << 20),
            _core.byte_lists_root([b"code", b""], 1 << 24, 1 << 16),
            _core.byte_lists_root([b"header"], 1 << 10, 256),
        ],
        4,
    )
    hashes = sha256(merkle_root([b"\x09" * 32], 4096) + uint_root(1))
    padded = [one + bytes(12) for one in hints]
    named = sha256(merkle_root(padded, 1 << 20) + uint_root(2))
    body = list_root(b"block", 1 << 24)
    leaves = [uint_root(3), uint_root(1), body, hashes, witness_root, named]
    assert hash_tree_root_delayed_block(block) == merkle_root(leaves, 8)


def test_signing_root__separates_domains_and_forks() -> None:
    fork = fork_data_root(b"\x01\0\0\0", bytes(32))
    assert fork == sha256(b"\x01".ljust(32, b"\0") + bytes(32))
    domain = compute_domain(b"\x0f\0\0\0", fork)
    assert domain == b"\x0f\0\0\0" + fork[:28]
    assert signing_root(b"\x05" * 32, domain) == sha256(b"\x05" * 32 + domain)
