"""Name what the machine of proof gossip hears, what it asks for, and what outlives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from zkattest.machines.events import (
    JobId,
    ProofChecked,
    ProofReceived,
    ReportGossip,
    SignatureChecked,
    TimePassed,
    VerifyProof,
    WakeAt,
)
from zkattest.spec.answers import ValidatorOutcome
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import Verdict
from zkattest.types.ids import PeerName, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import PublicValues

# --- What is kept -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProofMark:
    """Say that a proof was verified, with this verdict, and need not be again."""

    subject: Root
    proof_root: Root
    proof_type: ProofType
    validator_index: ValidatorIndex
    slot: Slot
    is_valid: bool


@dataclass(frozen=True, slots=True)
class WaitingProof:
    """Hold a proof whose block or payload has not been seen; `data` is the message as it came."""

    message_id: bytes
    topic: str
    from_peer: PeerName
    subject: Root
    arrived_at_ms: int
    until_ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SavedBlock:
    """Hold what a restarted node needs of a block."""

    block_root: Root
    slot: Slot
    public_values: PublicValues | None


@dataclass(frozen=True, slots=True)
class SavedProofs:
    """Hold everything that a restarted machine resumes from."""

    finalized_slot: Slot = field(default_factory=lambda: Slot(0))
    blocks: tuple[SavedBlock, ...] = ()
    marks: tuple[ProofMark, ...] = ()
    waiting: tuple[WaitingProof, ...] = ()


# --- Events -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlockSeen:
    """The consensus layer has imported a block; its payload may come later."""

    block_root: Root
    slot: Slot


@dataclass(frozen=True, slots=True)
class PayloadSeen:
    """A block's payload is known, and with it what a proof of it has to prove."""

    block_root: Root
    public_values: PublicValues


@dataclass(frozen=True, slots=True)
class HeadChanged:
    """Proofs of this block are wanted first."""

    block_root: Root


@dataclass(frozen=True, slots=True)
class SlotFinalized:
    """What is before this slot needs no proof any more."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class ValidatorAnswered:
    """A validator was looked up."""

    job: JobId
    outcome: ValidatorOutcome


ProofEvent: TypeAlias = (
    ProofReceived
    | BlockSeen
    | PayloadSeen
    | HeadChanged
    | SlotFinalized
    | ValidatorAnswered
    | SignatureChecked
    | ProofChecked
    | TimePassed
)

# --- Effects ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookUpValidator:
    """Ask who a validator is in the epoch of a slot."""

    job: JobId
    index: ValidatorIndex
    slot: Slot


@dataclass(frozen=True, slots=True)
class CheckProofSignature:
    """Check a signature over a message's root in the proof domain of a slot's epoch."""

    job: JobId
    pubkey: bytes
    message_root: Root
    slot: Slot
    signature: bytes


@dataclass(frozen=True, slots=True)
class PublishProof:
    """Send a proof on that waited through a restart: nobody waits for its verdict any more."""

    topic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ProofSettled:
    """A proof has its verdict."""

    subject: Root | None
    slot: Slot | None
    proof_type: ProofType | None
    validator_index: ValidatorIndex | None
    from_peer: PeerName
    arrived_at_ms: int
    verify_ms: float | None
    verdict: Verdict
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class KeepBlock:
    """Remember a block across a restart; the newest word counts."""

    block: SavedBlock


@dataclass(frozen=True, slots=True)
class KeepProof:
    """Remember that a proof was verified; with `data` where it is valid and to be served."""

    mark: ProofMark
    data: bytes | None


@dataclass(frozen=True, slots=True)
class KeepWaiting:
    """Remember a proof that waits."""

    proof: WaitingProof


@dataclass(frozen=True, slots=True)
class DropWaiting:
    """Forget a proof that waits no longer."""

    message_id: bytes


@dataclass(frozen=True, slots=True)
class ForgetProofs:
    """Forget blocks before this slot, their marks and their proofs; remember the slot itself."""

    before_slot: Slot


ProofSaveEffect: TypeAlias = KeepBlock | KeepProof | KeepWaiting | DropWaiting | ForgetProofs
ProofWorkEffect: TypeAlias = LookUpValidator | CheckProofSignature | VerifyProof
ProofEffect: TypeAlias = (
    ProofSaveEffect | ProofWorkEffect | ReportGossip | PublishProof | ProofSettled | WakeAt
)
