"""Name what the machine of proof gossip hears, what it asks for, and what outlives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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
from zkattest.spec.answers import Fault, Refused, ValidatorOutcome
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import GossipMessage, Verdict
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
class TypesChanged:
    """
    The registry says something else of the proof types.

    `programs` names the program of each. Where that became another one, what was found out of the
    type says nothing of the new one.
    """

    proof_types: frozenset[ProofType]
    revoked_types: frozenset[ProofType] = frozenset()
    dear_types: Mapping[ProofType, float] = field(default_factory=dict)
    programs: Mapping[ProofType, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ValidatorAnswered:
    """A validator was looked up."""

    job: JobId
    outcome: ValidatorOutcome


@dataclass(frozen=True, slots=True)
class ProofSubmitted:
    """Somebody of this machine wants a proof signed and published; zeros are its signature."""

    message: GossipMessage


@dataclass(frozen=True, slots=True)
class SignatureMade:
    """Answer with the whole message, signed, as SSZ."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ProofSigned:
    """The signer has answered."""

    job: JobId
    outcome: SignatureMade | Refused | Fault


ProofEvent: TypeAlias = (
    ProofReceived
    | ProofSubmitted
    | ProofSigned
    | BlockSeen
    | PayloadSeen
    | HeadChanged
    | SlotFinalized
    | TypesChanged
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
    """Send a proof that nobody waits for the verdict of: ours, or one that was restored."""

    topic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class SignProof:
    """Sign a message (SSZ) for a topic and a block of this slot: it is valid."""

    job: JobId
    topic: str
    data: bytes
    slot: Slot


@dataclass(frozen=True, slots=True)
class ForgetSignatures:
    """Forget what was signed for slots before this one, which are finalized; sign none of them."""

    before_slot: Slot


class OwnProofStatus(StrEnum):
    """Say what became of a proof that this node was to sign and publish."""

    PUBLISHED = "published"
    ALREADY_KNOWN = "already_known"
    WAITING = "waiting"
    NOT_CHECKED = "not_checked"
    NOT_SIGNED = "not_signed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OwnProofAnswered:
    """Tell what became of a proof of ours; `is_kept` says that it is tried again by itself."""

    message_id: bytes
    subject: Root | None
    slot: Slot | None
    proof_type: ProofType | None
    status: OwnProofStatus
    is_kept: bool
    elapsed_ms: int
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""


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


@dataclass(frozen=True, slots=True)
class KeepPrograms:
    """Remember which program each type stands for; forget proofs and marks of other programs."""

    programs: Mapping[ProofType, str]


ProofSaveEffect: TypeAlias = (
    KeepBlock | KeepProof | KeepWaiting | DropWaiting | ForgetProofs | KeepPrograms
)
ProofWorkEffect: TypeAlias = LookUpValidator | CheckProofSignature | VerifyProof | SignProof
ProofEffect: TypeAlias = (
    ProofSaveEffect
    | ProofWorkEffect
    | ReportGossip
    | PublishProof
    | ProofSettled
    | OwnProofAnswered
    | ForgetSignatures
    | WakeAt
)
