"""Hash bytes, and compute SSZ roots of the objects that are signed or proven."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from zkattest import _core
from zkattest.types.execution import (
    MAX_ANCESTOR_BYTES,
    MAX_ANCESTORS,
    MAX_BLOCK_BYTES,
    MAX_CODE_BYTES,
    MAX_CODES,
    MAX_STATE_NODE_BYTES,
    MAX_STATE_NODES,
    MAX_VERSIONED_HASHES,
    ExecutionClaim,
    ExecutionWitness,
)
from zkattest.types.ids import Root
from zkattest.types.wire import (
    MAX_PROOF_BYTES,
    MAX_SENDER_HINTS,
    DelayedBlock,
    ExecutionProofEnvelope,
)

CHUNK_BYTES: Final = 32


def keccak256(data: bytes) -> bytes:
    """Hash bytes as Ethereum's execution layer does."""
    return _core.keccak256(data)


def sha256(data: bytes) -> bytes:
    """Hash bytes as Ethereum's consensus layer does."""
    return hashlib.sha256(data).digest()


def byte_list_root(data: bytes, limit_bytes: int) -> Root:
    """Return `hash_tree_root` of a `ByteList[limit_bytes]`."""
    return Root(_core.byte_list_root(data, limit_bytes))


def container_root(*field_roots: bytes) -> Root:
    """Return `hash_tree_root` of a container from the roots of its fields, in order."""
    return Root(_core.merkleize(b"".join(field_roots), len(field_roots)))


def uint_root(value: int) -> bytes:
    """Return `hash_tree_root` of an unsigned integer or a boolean."""
    return int(value).to_bytes(CHUNK_BYTES, "little")


def hash_tree_root_claim(claim: ExecutionClaim) -> Root:
    """Return the root that a proof of this claim commits to."""
    bloom_root = _core.merkleize(claim.logs_bloom, len(claim.logs_bloom) // CHUNK_BYTES)
    return container_root(
        claim.block_hash,
        claim.transactions_root,
        claim.post_state_root,
        claim.deferred_transactions_root,
        claim.receipts_root,
        bloom_root,
        claim.requests_hash,
        uint_root(claim.execution_reverted),
    )


def hash_tree_root_envelope(envelope: ExecutionProofEnvelope) -> Root:
    """Return the root that a prover signs over its proof."""
    return container_root(
        byte_list_root(envelope.proof_data, MAX_PROOF_BYTES),
        uint_root(envelope.proof_type),
        envelope.beacon_block_root,
    )


def hash_tree_root_delayed_block(block: DelayedBlock) -> Root:
    """Return the root that a proposer signs over its block and witness."""
    return container_root(
        uint_root(block.slot),
        uint_root(block.chain_id),
        byte_list_root(block.block, MAX_BLOCK_BYTES),
        _hash_list_root(block.versioned_hashes, MAX_VERSIONED_HASHES),
        hash_tree_root_witness(block.witness),
        # An address of 20 bytes fills a chunk of its own.
        _hash_list_root(
            [one.ljust(CHUNK_BYTES, b"\0") for one in block.sender_hints], MAX_SENDER_HINTS
        ),
    )


def hash_tree_root_witness(witness: ExecutionWitness) -> Root:
    """Return the root of an execution witness."""
    return container_root(
        _byte_lists_root(witness.state, MAX_STATE_NODE_BYTES, MAX_STATE_NODES),
        _byte_lists_root(witness.codes, MAX_CODE_BYTES, MAX_CODES),
        _byte_lists_root(witness.headers, MAX_ANCESTOR_BYTES, MAX_ANCESTORS),
    )


def fork_data_root(current_version: bytes, genesis_validators_root: bytes) -> Root:
    """Return the root that separates the signatures of one fork of one network from all others."""
    return container_root(current_version.ljust(CHUNK_BYTES, b"\0"), genesis_validators_root)


def compute_domain(domain_type: bytes, fork_root: bytes) -> bytes:
    """Join the four bytes of a domain type with the fork data root (`compute_domain`)."""
    return domain_type + fork_root[:28]


def signing_root(object_root: bytes, domain: bytes) -> Root:
    """Return the message that is signed for an object in a domain (`compute_signing_root`)."""
    return container_root(object_root, domain)


def _hash_list_root(hashes: Sequence[bytes], limit: int) -> bytes:
    root = _core.merkleize(b"".join(hashes), limit)
    return container_root(root, uint_root(len(hashes)))


def _byte_lists_root(items: Sequence[bytes], limit_bytes: int, limit_items: int) -> bytes:
    return _core.byte_lists_root(items, limit_bytes, limit_items)
