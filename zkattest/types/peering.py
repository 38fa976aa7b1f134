"""
Declare what consensus peers tell each other about themselves, and how they ask for proofs.

Status 1 and metadata 1 are of phase 0, metadata 2 of Altair, status 2 and metadata 3 of Fulu.
Metadata 4 stood in EIP-8025 from 30 January to 22 March 2026, the requests for proofs from March
to August 2026. `ENRForkID` is the value of the `eth2` entry of a node record.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from zkattest.types.errors import DecodeError
from zkattest.types.ids import FixedBytes, ProofType, Root, Slot
from zkattest.types.ssz_codec import (
    Boolean,
    ByteVector,
    Codec,
    Container,
    ListOf,
    Uint,
    decode_object,
)

ATTNETS_BYTES: Final = 8
SYNCNETS_BYTES: Final = 1
SYNC_COMMITTEE_SUBNET_COUNT: Final = 4
MAX_REQUEST_BLOCKS_DENEB: Final = 128
MAX_EXECUTION_PROOFS_PER_PAYLOAD: Final = 4
_GENESIS_SLOT: Final = Slot(0)
FAR_FUTURE_EPOCH: Final = 2**64 - 1


def compute_max_request_execution_proofs() -> int:
    """Return the maximum number of execution proofs in a single request."""
    return MAX_REQUEST_BLOCKS_DENEB * MAX_EXECUTION_PROOFS_PER_PAYLOAD


class ForkDigest(FixedBytes):
    """Tell a fork of a network from all others."""

    size_bytes = 4
    __slots__ = ()


class ForkVersion(FixedBytes):
    """Number a fork, as its specification does."""

    size_bytes = 4
    __slots__ = ()


class GoodbyeReason(IntEnum):
    """Say why a peer leaves; other numbers may come and mean nothing to us."""

    CLIENT_SHUT_DOWN = 1
    IRRELEVANT_NETWORK = 2
    FAULT_OR_ERROR = 3


UINT64: Final = Uint(8, int)
"""Translate the numbers that ping and goodbye consist of."""

_ROOT: Final = ByteVector(32, Root)
_DIGEST: Final = ByteVector(4, ForkDigest)
_SLOT: Final = Uint(8, Slot)
_ATTNETS: Final = ByteVector(ATTNETS_BYTES, bytes)
_PROOF_TYPES: Final = ListOf(Uint(1, ProofType), MAX_EXECUTION_PROOFS_PER_PAYLOAD)


class _Syncnets(ByteVector[bytes]):
    """Translate a bit vector of four bits, whose other bits have to be zero."""

    def decode(self, data: memoryview, field: str) -> bytes:
        """Refuse bits beyond the last subnet."""
        value = super().decode(data, field)
        if value[0] >> SYNC_COMMITTEE_SUBNET_COUNT:
            raise DecodeError(field, f"bits beyond subnet {SYNC_COMMITTEE_SUBNET_COUNT - 1}")
        return value


_SYNCNETS: Final = _Syncnets(SYNCNETS_BYTES, bytes)


@dataclass(frozen=True, slots=True)
class Status:
    """
    Say which network a peer is on and how far it has come.

    The last field exists in version 2 only; `version_1` leaves it out.
    """

    fork_digest: ForkDigest
    finalized_root: Root
    finalized_epoch: int
    head_root: Root
    head_slot: Slot
    earliest_available_slot: Slot = _GENESIS_SLOT


@dataclass(frozen=True, slots=True)
class MetaData:
    """
    Say what a peer serves; the sequence number grows with every change.

    Version 1 has the first two fields, version 2 has syncnets, 3 the custody group count, 4 the
    awareness of execution proofs. Fields that a version lacks have their defaults.
    """

    seq_number: int
    attnets: bytes = bytes(ATTNETS_BYTES)
    syncnets: bytes = bytes(SYNCNETS_BYTES)
    custody_group_count: int = 0
    execution_proof_aware: bool = False


@dataclass(frozen=True, slots=True)
class ENRForkID:
    """Say which fork a node is on and which one it knows to come."""

    fork_digest: ForkDigest
    next_fork_version: ForkVersion
    next_fork_epoch: int = FAR_FUTURE_EPOCH

    def encode(self) -> bytes:
        """Write the 16 bytes."""
        return ENR_FORK_ID.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> ENRForkID:
        """Read exactly 16 bytes; raise `DecodeError` otherwise."""
        return decode_object(ENR_FORK_ID, data, 16)


@dataclass(frozen=True, slots=True)
class ProofByRootIdentifier:
    """Name proofs of one block by their types."""

    block_root: Root
    proof_types: tuple[ProofType, ...]


@dataclass(frozen=True, slots=True)
class ExecutionProofsByRangeRequest:
    """Ask for the proofs of `count` slots from `start_slot` on; no types means all."""

    start_slot: Slot
    count: int
    proof_types: tuple[ProofType, ...]


@dataclass(frozen=True, slots=True)
class ExecutionProofStatus:
    """Say which block is the newest that enough proofs were verified for, and what is supported."""

    block_root: Root
    slot: Slot
    proof_types: tuple[ProofType, ...]


_STATUS_1: Final[dict[str, Codec[Any]]] = {
    "fork_digest": _DIGEST,
    "finalized_root": _ROOT,
    "finalized_epoch": UINT64,
    "head_root": _ROOT,
    "head_slot": _SLOT,
}
_METADATA_1: Final[dict[str, Codec[Any]]] = {"seq_number": UINT64, "attnets": _ATTNETS}
_METADATA_2: Final[dict[str, Codec[Any]]] = {**_METADATA_1, "syncnets": _SYNCNETS}
_METADATA_3: Final[dict[str, Codec[Any]]] = {**_METADATA_2, "custody_group_count": UINT64}

STATUS_V1: Final = Container(Status, **_STATUS_1)
STATUS_V2: Final = Container(Status, **_STATUS_1, earliest_available_slot=_SLOT)
METADATA_V1: Final = Container(MetaData, **_METADATA_1)
METADATA_V2: Final = Container(MetaData, **_METADATA_2)
METADATA_V3: Final = Container(MetaData, **_METADATA_3)
METADATA_V4: Final = Container(MetaData, **_METADATA_3, execution_proof_aware=Boolean())
ENR_FORK_ID: Final = Container(
    ENRForkID,
    fork_digest=_DIGEST,
    next_fork_version=ByteVector(4, ForkVersion),
    next_fork_epoch=UINT64,
)
PROOF_BY_ROOT_IDENTIFIERS: Final = ListOf(
    Container(ProofByRootIdentifier, block_root=_ROOT, proof_types=_PROOF_TYPES),
    MAX_REQUEST_BLOCKS_DENEB,
)
PROOFS_BY_RANGE_REQUEST: Final = Container(
    ExecutionProofsByRangeRequest, start_slot=_SLOT, count=UINT64, proof_types=_PROOF_TYPES
)
EXECUTION_PROOF_STATUS: Final = Container(
    ExecutionProofStatus, block_root=_ROOT, slot=_SLOT, proof_types=_PROOF_TYPES
)
