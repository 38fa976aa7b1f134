"""
Declare the payload request that a proof is about, with the containers of its fork.

Fulu: consensus-specs `specs/electra` and `specs/deneb`. Gloas: `specs/gloas` of 7 August 2026
(a08d8a6e2), whose payload and requests are those of v1.7.0-beta.4. Limits of progressive lists are
ours: nothing larger than a gossip message can come here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from zkattest.types.errors import DecodeError
from zkattest.types.ids import Address, BlockHash, Root
from zkattest.types.proof_profiles import ContainerKind, ListKind, PayloadFork, ProofProfile
from zkattest.types.ssz_codec import (
    ByteList,
    ByteVector,
    Codec,
    Container,
    ListOf,
    ProgressiveByteList,
    ProgressiveContainer,
    ProgressiveListOf,
    Uint,
    decode_object,
)

# `MAX_PAYLOAD_SIZE` of the p2p interface, which bounds what a payload can arrive in.
MAX_REQUEST_BYTES: Final = 10 << 20
MAX_BLOB_COMMITMENTS_PER_BLOCK: Final = 4096
# Ours: blocks of a billion gas have fewer, and each costs time although it may be empty.
MAX_TRANSACTIONS: Final = 1 << 16
_MAX_ELEMENTS: Final = 1 << 13
_MAX_BYTES_PER_TRANSACTION: Final = 1 << 30
_MAX_TRANSACTIONS_PER_PAYLOAD: Final = 1 << 20
_MAX_WITHDRAWALS_PER_PAYLOAD: Final = 16
_MAX_DEPOSIT_REQUESTS_PER_PAYLOAD: Final = 8192
_MAX_WITHDRAWAL_REQUESTS_PER_PAYLOAD: Final = 16
_MAX_CONSOLIDATION_REQUESTS_PER_PAYLOAD: Final = 2
_MAX_EXTRA_DATA_BYTES: Final = 32
_BYTES_PER_LOGS_BLOOM: Final = 256
_PUBKEY_BYTES: Final = 48
_SIGNATURE_BYTES: Final = 96


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Move Gwei from a validator to an account."""

    index: int
    validator_index: int
    address: Address
    amount: int


@dataclass(frozen=True, slots=True)
class DepositRequest:
    """Deposit Gwei for a validator (EIP-6110)."""

    pubkey: bytes
    withdrawal_credentials: Root
    amount: int
    signature: bytes
    index: int


@dataclass(frozen=True, slots=True)
class WithdrawalRequest:
    """Ask for a validator's exit or a withdrawal in Gwei (EIP-7002)."""

    source_address: Address
    validator_pubkey: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class ConsolidationRequest:
    """Ask to join two validators (EIP-7251)."""

    source_address: Address
    source_pubkey: bytes
    target_pubkey: bytes


@dataclass(frozen=True, slots=True)
class BuilderDepositRequest:
    """Deposit Gwei for a builder (EIP-8282)."""

    pubkey: bytes
    withdrawal_credentials: Root
    amount: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class BuilderExitRequest:
    """Ask for a builder's exit (EIP-8282)."""

    source_address: Address
    pubkey: bytes


@dataclass(frozen=True, slots=True)
class FuluExecutionPayload:
    """Hold an execution block as the consensus layer carries it; amounts in wei and gas."""

    parent_hash: BlockHash
    fee_recipient: Address
    state_root: Root
    receipts_root: Root
    logs_bloom: bytes
    prev_randao: Root
    block_number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    base_fee_per_gas: int
    block_hash: BlockHash
    transactions: tuple[bytes, ...]
    withdrawals: tuple[Withdrawal, ...]
    blob_gas_used: int
    excess_blob_gas: int


@dataclass(frozen=True, slots=True)
class ExecutionPayload(FuluExecutionPayload):
    """Hold an execution block of Gloas: its access list and its slot beside the rest."""

    block_access_list: bytes
    slot_number: int


@dataclass(frozen=True, slots=True)
class FuluExecutionRequests:
    """Hold what a block asks of the consensus layer."""

    deposits: tuple[DepositRequest, ...]
    withdrawals: tuple[WithdrawalRequest, ...]
    consolidations: tuple[ConsolidationRequest, ...]


@dataclass(frozen=True, slots=True)
class ExecutionRequests(FuluExecutionRequests):
    """Hold what a block of Gloas asks of the consensus layer."""

    builder_deposits: tuple[BuilderDepositRequest, ...]
    builder_exits: tuple[BuilderExitRequest, ...]


@dataclass(frozen=True, slots=True)
class NewPayloadRequest:
    """Hold a payload with all that is needed to execute it; its root names it in proofs."""

    execution_payload: FuluExecutionPayload
    versioned_hashes: tuple[Root, ...]
    parent_beacon_block_root: Root
    execution_requests: FuluExecutionRequests


def decode_request(profile: ProofProfile, data: bytes) -> NewPayloadRequest:
    """Read a payload request from exactly these bytes; raises `DecodeError`."""
    request: NewPayloadRequest = decode_object(request_codec(profile), data, MAX_REQUEST_BYTES)
    # Fulu's own limit is part of its roots, and far above what a block has gas for.
    count = len(request.execution_payload.transactions)
    if count > MAX_TRANSACTIONS:
        reason = f"{count} elements exceed the limit of {MAX_TRANSACTIONS}"
        raise DecodeError("execution_payload.transactions", reason)
    return request


def request_codec(profile: ProofProfile) -> Container[Any]:
    """Give the SSZ type of a profile's `NewPayloadRequest`."""
    return _request_codec(
        profile.payload_fork, profile.versioned_hashes, profile.new_payload_request
    )


def versioned_hashes_codec(profile: ProofProfile) -> ListOf[Root]:
    """Give the SSZ type of a profile's versioned hashes."""
    return _versioned_hashes_codec(profile.versioned_hashes)


@cache
def _versioned_hashes_codec(kind: ListKind) -> ListOf[Root]:
    build = ListOf if kind is ListKind.BOUNDED else ProgressiveListOf
    return build(_ROOT, MAX_BLOB_COMMITMENTS_PER_BLOCK)


@cache
def _request_codec(fork: PayloadFork, hashes: ListKind, container: ContainerKind) -> Container[Any]:
    payload, requests = _FORKS[fork]
    build = Container if container is ContainerKind.PLAIN else ProgressiveContainer
    return build(
        NewPayloadRequest,
        execution_payload=payload,
        versioned_hashes=_versioned_hashes_codec(hashes),
        parent_beacon_block_root=_ROOT,
        execution_requests=requests,
    )


_UINT64: Final = Uint(8, int)
_ROOT: Final = ByteVector(32, Root)
_HASH: Final = ByteVector(32, BlockHash)
_ADDRESS: Final = ByteVector(20, Address)
_PUBKEY: Final = ByteVector(_PUBKEY_BYTES, bytes)
_SIGNATURE: Final = ByteVector(_SIGNATURE_BYTES, bytes)

_WITHDRAWAL: Final = Container(
    Withdrawal, index=_UINT64, validator_index=_UINT64, address=_ADDRESS, amount=_UINT64
)
_DEPOSIT_REQUEST: Final = Container(
    DepositRequest,
    pubkey=_PUBKEY,
    withdrawal_credentials=_ROOT,
    amount=_UINT64,
    signature=_SIGNATURE,
    index=_UINT64,
)
_WITHDRAWAL_REQUEST: Final = Container(
    WithdrawalRequest, source_address=_ADDRESS, validator_pubkey=_PUBKEY, amount=_UINT64
)
_CONSOLIDATION_REQUEST: Final = Container(
    ConsolidationRequest, source_address=_ADDRESS, source_pubkey=_PUBKEY, target_pubkey=_PUBKEY
)
_BUILDER_DEPOSIT_REQUEST: Final = Container(
    BuilderDepositRequest,
    pubkey=_PUBKEY,
    withdrawal_credentials=_ROOT,
    amount=_UINT64,
    signature=_SIGNATURE,
)
_BUILDER_EXIT_REQUEST: Final = Container(
    BuilderExitRequest, source_address=_ADDRESS, pubkey=_PUBKEY
)


def _payload_fields(
    transactions: Codec[Any], withdrawals: Codec[Any], **added: Codec[Any]
) -> dict[str, Codec[Any]]:
    return {
        "parent_hash": _HASH,
        "fee_recipient": _ADDRESS,
        "state_root": _ROOT,
        "receipts_root": _ROOT,
        "logs_bloom": ByteVector(_BYTES_PER_LOGS_BLOOM, bytes),
        "prev_randao": _ROOT,
        "block_number": _UINT64,
        "gas_limit": _UINT64,
        "gas_used": _UINT64,
        "timestamp": _UINT64,
        "extra_data": ByteList(_MAX_EXTRA_DATA_BYTES),
        "base_fee_per_gas": Uint(32, int),
        "block_hash": _HASH,
        "transactions": transactions,
        "withdrawals": withdrawals,
        "blob_gas_used": _UINT64,
        "excess_blob_gas": _UINT64,
        **added,
    }


def _unbounded(element: Codec[Any], most: int = _MAX_ELEMENTS) -> ProgressiveListOf[Any]:
    return ProgressiveListOf(element, most)


_FULU: Final = (
    Container(
        FuluExecutionPayload,
        **_payload_fields(
            ListOf(ByteList(_MAX_BYTES_PER_TRANSACTION), _MAX_TRANSACTIONS_PER_PAYLOAD),
            ListOf(_WITHDRAWAL, _MAX_WITHDRAWALS_PER_PAYLOAD),
        ),
    ),
    Container(
        FuluExecutionRequests,
        deposits=ListOf(_DEPOSIT_REQUEST, _MAX_DEPOSIT_REQUESTS_PER_PAYLOAD),
        withdrawals=ListOf(_WITHDRAWAL_REQUEST, _MAX_WITHDRAWAL_REQUESTS_PER_PAYLOAD),
        consolidations=ListOf(_CONSOLIDATION_REQUEST, _MAX_CONSOLIDATION_REQUESTS_PER_PAYLOAD),
    ),
)
_GLOAS: Final = (
    ProgressiveContainer(
        ExecutionPayload,
        **_payload_fields(
            _unbounded(ProgressiveByteList(MAX_REQUEST_BYTES), MAX_TRANSACTIONS),
            _unbounded(_WITHDRAWAL),
            block_access_list=ProgressiveByteList(MAX_REQUEST_BYTES),
            slot_number=_UINT64,
        ),
    ),
    ProgressiveContainer(
        ExecutionRequests,
        deposits=_unbounded(_DEPOSIT_REQUEST),
        withdrawals=_unbounded(_WITHDRAWAL_REQUEST),
        consolidations=_unbounded(_CONSOLIDATION_REQUEST),
        builder_deposits=_unbounded(_BUILDER_DEPOSIT_REQUEST),
        builder_exits=_unbounded(_BUILDER_EXIT_REQUEST),
    ),
)
_FORKS: Final[dict[PayloadFork, tuple[Container[Any], Container[Any]]]] = {
    PayloadFork.FULU: _FULU,
    PayloadFork.GLOAS: _GLOAS,
}
