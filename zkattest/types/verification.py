"""
Declare what a proof engine tells besides its verdicts, which stand in `spec/verdicts.py`.

Times are Unix milliseconds where they end in `_at_ms`, durations in milliseconds elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from zkattest.types.ids import ChainId, FixedBytes, ProgramVk, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.programs import EntryId, ProfileId, ProgramEntry, ProofSystem, Sha256


class EvidenceId(FixedBytes):
    """Name a record of the evidence log by its SHA-256, which all records before it go into."""

    size_bytes = 32
    __slots__ = ()


class NamedBlock(StrEnum):
    """Name a block by what it is to the chain, as the Beacon API does."""

    HEAD = "head"
    FINALIZED = "finalized"


BlockId: TypeAlias = Root | Slot | NamedBlock


@dataclass(frozen=True, slots=True)
class Check:
    """
    Say what a proof was checked against, by what, and where that is written down.

    `entry` is None for a program that no registry names; `verifier_version` is empty where no
    verifier was asked, and `evidence_id` None where nothing is written down.
    """

    system: ProofSystem | None = None
    program_vk: ProgramVk | None = None
    entry: ProgramEntry | None = None
    verifier_version: str = ""
    elapsed_ms: float = 0.0
    evidence_id: EvidenceId | None = None


@dataclass(frozen=True, slots=True)
class ProofTypeInfo:
    """Describe a proof type of the profile in use; `obstacle` says why it cannot be verified."""

    proof_type: ProofType
    entry: ProgramEntry
    can_verify: bool
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class SubmittedProof:
    """Hold a proof that was submitted or gossiped and found valid; `message` is its SSZ."""

    block_root: Root
    slot: Slot
    proof_type: ProofType
    validator_index: ValidatorIndex
    message: bytes


class FailureReason(StrEnum):
    """Say why a proof that was asked for will not come, in the words of zkboost v0.7."""

    WITNESS_TIMEOUT = "witness_timeout"
    PROVING_TIMEOUT = "proving_timeout"
    PROVING_ERROR = "proving_error"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class ProofComplete:
    """A valid proof of a payload request is there, and `proof` returns it."""

    new_payload_request_root: Root
    proof_type: ProofType


@dataclass(frozen=True, slots=True)
class ProofFailure:
    """A proof of a payload request did not come in time, or did not hold."""

    new_payload_request_root: Root
    proof_type: ProofType
    reason: FailureReason
    error: str = ""


EngineEvent: TypeAlias = ProofComplete | ProofFailure


@dataclass(frozen=True, slots=True)
class RegistryState:
    """Say which registry is in use, and what is wrong with a newer file that is not."""

    sha256: Sha256
    profile: ProfileId
    entries: int
    revoked: tuple[EntryId, ...] = ()
    refused_update: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """
    Say whether an engine can answer, and how busy it is.

    `chain_id` and `schema_id` are what a payload request is proven for where nobody says more.
    """

    is_ready: bool
    chain_id: ChainId
    schema_id: int
    registry: RegistryState
    verifying: int = 0
    waiting: int = 0
    max_waiting: int = 0
    has_chain: bool = False
    """Whether it knows blocks, so that envelopes can be submitted."""
    evidence_records: int | None = None
    obstacles: tuple[str, ...] = field(default=())
