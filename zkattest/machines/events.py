"""Name what the attester hears (events), what it asks for (effects), and the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, TypeAlias

from zkattest.crypto.blocks import Block
from zkattest.spec.answers import Fault, ProofOutcome, Refused, SignatureOutcome
from zkattest.spec.proof_policy import PolicyResult, TypePolicy
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.execution import ExecutionClaim, Header
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import BlockHash, PeerName, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.wire import (
    SignedDelayedBlock,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)

JobId = NewType("JobId", int)


class BlockStatus(StrEnum):
    """Say what is known of a block itself; CHECKING is on its way to an answer."""

    CHECKING = "checking"
    VALID = "valid"
    INVALID = "invalid"
    CANNOT_CHECK = "cannot_check"


class ParentVerdict(StrEnum):
    """Say whether the results that a block claims for its ancestors are proven."""

    PROVEN = "proven"
    PENDING = "pending"
    NOT_PROVEN_BY_DEADLINE = "not_proven_by_deadline"
    CONTRADICTED = "contradicted"


class Decision(StrEnum):
    """Say what the attester does in a slot."""

    ATTEST = "attest"
    ABSTAIN = "abstain"
    WAIT = "wait"
    FALL_BACK = "fall_back"


# --- Answers of the shell ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenedBlock:
    """Answer with the decoded block: its signature is good and its bytes are a block."""

    content_id: Root
    """Hash of the block's bytes and its versioned hashes: all that the static rules judge."""
    block_hash: BlockHash
    header: Header
    transactions_root: Root
    block: Block


@dataclass(frozen=True, slots=True)
class BlockValid:
    """Answer that every static rule holds."""


OpenOutcome: TypeAlias = OpenedBlock | Refused | Fault
BlockOutcome: TypeAlias = BlockValid | Refused | Fault


# --- Events -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlockReceived:
    """A peer sent bytes on the topic of blocks."""

    message: GossipMessage


@dataclass(frozen=True, slots=True)
class ProofReceived:
    """A peer sent bytes on the topic of proofs."""

    message: GossipMessage


@dataclass(frozen=True, slots=True)
class ClaimReceived:
    """A peer sent bytes on the topic of claims."""

    message: GossipMessage


@dataclass(frozen=True, slots=True)
class BlockOpened:
    """The signature and the bytes of a block were looked at."""

    job: JobId
    outcome: OpenOutcome


@dataclass(frozen=True, slots=True)
class BlockChecked:
    """The static rules were applied to a block."""

    job: JobId
    outcome: BlockOutcome
    static_ms: float


@dataclass(frozen=True, slots=True)
class SignatureChecked:
    """The signature of a proof or of a claim was looked at."""

    job: JobId
    outcome: SignatureOutcome


@dataclass(frozen=True, slots=True)
class ProofChecked:
    """A proof was verified."""

    job: JobId
    outcome: ProofOutcome
    verify_ms: float


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """Other proofs are enough from now on, or of other programs: the registry has changed."""

    policy: TypePolicy


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The time of an earlier `WakeAt` has come; harmless at any other time."""


Event: TypeAlias = (
    BlockReceived
    | ProofReceived
    | ClaimReceived
    | BlockOpened
    | BlockChecked
    | SignatureChecked
    | ProofChecked
    | PolicyChanged
    | TimePassed
)


# --- Effects: work for the shell, answered by an event -----------------------------------------


@dataclass(frozen=True, slots=True)
class OpenBlock:
    """Check the proposer's signature, then decode the block."""

    job: JobId
    signed: SignedDelayedBlock


@dataclass(frozen=True, slots=True)
class CheckBlock:
    """Apply the static rules; without the parent's outputs the deferred fields are left out."""

    job: JobId
    signed: SignedDelayedBlock
    opened: OpenedBlock
    parent_header: Header
    parent_outputs: ExecutionClaim | None


@dataclass(frozen=True, slots=True)
class CheckSignature:
    """Check the signature of a proof or of a claim."""

    job: JobId
    signed: SignedExecutionProofEnvelope | SignedExecutionClaim


@dataclass(frozen=True, slots=True)
class VerifyProof:
    """Verify a proof against the public values that it carries."""

    job: JobId
    proof_type: ProofType
    proof: bytes
    message_id: bytes = field(default=b"", compare=False)
    """Which message it came in: the same proof may come in several, for several blocks."""


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send `TimePassed` at this time, or soon after."""

    time_ms: int


# --- Effects: things to do or to write down ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportGossip:
    """Tell the network what becomes of a message."""

    message_id: bytes
    topic: str
    verdict: Verdict
    from_peer: PeerName
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decide:
    """Attest to the block of a slot, or do what the policy says instead."""

    slot: Slot
    decision: Decision
    block_hash: BlockHash | None
    block: BlockStatus | None
    parent: ParentVerdict | None


@dataclass(frozen=True, slots=True)
class BlockJudged:
    """A block has its static verdict, or lost it to a proven claim or to an ancestor."""

    slot: Slot
    block_hash: BlockHash
    number: int
    status: BlockStatus
    static_ms: float
    from_peer: PeerName
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProofJudged:
    """A proof was verified or refused; `claimed_hash` is only what its envelope says."""

    claimed_hash: BlockHash
    validator_index: ValidatorIndex
    from_peer: PeerName
    arrived_at_ms: int
    verify_ms: float | None
    verdict: Verdict
    root: Root | None = None
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ClaimProven:
    """A proven root was opened: the block's outputs are known."""

    claim: ExecutionClaim
    arrived_at_ms: int
    from_peer: PeerName
    verify_ms: float


@dataclass(frozen=True, slots=True)
class ProofLost:
    """
    A root was proven, and is no longer; its block's descendants are not proven with it.

    `block_hash` is None for a root that nobody has opened.
    """

    root: Root
    block_hash: BlockHash | None
    result: PolicyResult


@dataclass(frozen=True, slots=True)
class ParentSettled:
    """The verdict on a block's parent became final, or was taken back with a program."""

    slot: Slot
    block_hash: BlockHash
    parent: ParentVerdict


@dataclass(frozen=True, slots=True)
class KeepState:
    """Keep what the check of a valid block has read: the state before it is proven by now."""

    content_id: Root


@dataclass(frozen=True, slots=True)
class SaveBlock:
    """Remember a block's standing across a restart; the newest word counts."""

    block: SavedBlock


@dataclass(frozen=True, slots=True)
class DropBlock:
    """Forget a block: nothing that still counts says what it is."""

    content_id: Root


@dataclass(frozen=True, slots=True)
class SaveRoot:
    """Remember across a restart that a proof was valid, whether or not it is enough by itself."""

    root: ProvenRoot


@dataclass(frozen=True, slots=True)
class SaveClaim:
    """Remember across a restart what a proven root means; the slot is the one it was proven in."""

    claim: ExecutionClaim
    slot: Slot


@dataclass(frozen=True, slots=True)
class DropClaim:
    """Forget that a root was opened: it is proven no longer."""

    claim: ExecutionClaim


@dataclass(frozen=True, slots=True)
class SaveDecision:
    """Remember, before anything is signed, that a slot is decided; nobody attests twice."""

    slot: Slot
    decision: Decision
    block_hash: BlockHash | None


@dataclass(frozen=True, slots=True)
class Forget:
    """Drop what was saved of slots before this one."""

    before_slot: Slot


# --- What outlives the process -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SavedBlock:
    """Hold what is needed of a checked block to judge its children."""

    content_id: Root
    slot: Slot
    block_hash: BlockHash
    transactions_root: Root
    header: Header
    status: BlockStatus
    parent: ParentVerdict
    reason: Reason | None = None
    was_valid: bool = False
    """Whether it was valid before a claim contradicted it."""


@dataclass(frozen=True, slots=True)
class ProvenRoot:
    """Hold a root that a program proved, and the first proof of this type that showed it."""

    root: Root
    proof_type: ProofType
    slot: Slot
    arrived_at_ms: int
    from_peer: PeerName
    verify_ms: float
    digest: bytes = b""
    """SHA-256 of the proof, by which a copy is known; empty where an older store has none."""


@dataclass(frozen=True, slots=True)
class SavedState:
    """Hold everything a restarted attester resumes from; of a root, one proof of each type."""

    blocks: tuple[SavedBlock, ...] = ()
    roots: tuple[ProvenRoot, ...] = ()
    claims: tuple[ExecutionClaim, ...] = ()
    decided: frozenset[Slot] = field(default_factory=frozenset)


SaveEffect: TypeAlias = (
    SaveBlock | DropBlock | SaveRoot | SaveClaim | DropClaim | SaveDecision | Forget
)
WorkEffect: TypeAlias = OpenBlock | CheckBlock | CheckSignature | VerifyProof
Effect: TypeAlias = (
    WorkEffect
    | SaveEffect
    | WakeAt
    | ReportGossip
    | Decide
    | BlockJudged
    | ProofJudged
    | ClaimProven
    | ProofLost
    | ParentSettled
    | KeepState
)
