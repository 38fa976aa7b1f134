"""Share what all parts of the attester need: jobs in flight, effects, answers to messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, TypeVar

from zkattest.machines.chain_tracker import BlockRecord, ChainTracker
from zkattest.machines.events import (
    BlockJudged,
    BlockStatus,
    Effect,
    JobId,
    KeepState,
    OpenedBlock,
    ParentSettled,
    SaveBlock,
    SavedBlock,
)
from zkattest.machines.jobs import JobTable
from zkattest.machines.proof_pool import ProofPool, ProverKey
from zkattest.machines.reports import report_of
from zkattest.machines.settings import AttesterSettings
from zkattest.spec.reasons import Refusal
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import Root, Slot
from zkattest.types.wire import (
    SignedDelayedBlock,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)


class Stage(StrEnum):
    """Say which answer a job waits for; any other answer to it is dropped."""

    OPENING = "opening"
    WAITING = "waiting"
    CHECKING = "checking"
    SIGNATURE = "signature"
    PROOF = "proof"


@dataclass(slots=True)
class BlockJob:
    """Hold a block between arrival and verdict."""

    message: GossipMessage
    signed: SignedDelayedBlock
    stage: Stage = Stage.OPENING
    reported: bool = False
    opened: OpenedBlock | None = None
    record: BlockRecord | None = None


@dataclass(slots=True)
class ProofJob:
    """Hold a proof between arrival and verdict."""

    message: GossipMessage
    signed: SignedExecutionProofEnvelope
    prover: ProverKey
    digest: bytes
    arrived_at_ms: int
    stage: Stage = Stage.SIGNATURE


@dataclass(slots=True)
class ClaimJob:
    """Hold a claim between arrival and verdict."""

    message: GossipMessage
    signed: SignedExecutionClaim
    root: Root
    stage: Stage = Stage.SIGNATURE


Job: TypeAlias = BlockJob | ProofJob | ClaimJob
_Job = TypeVar("_Job", BlockJob, ProofJob, ClaimJob)


class StagedJobs(JobTable[Job]):
    """Find jobs by what they wait for."""

    __slots__ = ()

    def find(self, job_id: JobId, kind: type[_Job], stage: Stage) -> _Job | None:
        """Give a job when it is of this kind and waits for this answer."""
        job = self.get(job_id)
        return job if isinstance(job, kind) and job.stage is stage else None

    def by_stage(self) -> dict[str, int]:
        """Count the jobs by what they wait for; every stage is there."""
        counts = Counter(job.stage for job in self.values())
        return {stage.value: counts[stage] for stage in Stage}


@dataclass(slots=True)
class Desk:
    """Hold the state that the parts of one attester share."""

    settings: AttesterSettings
    tracker: ChainTracker
    pool: ProofPool
    jobs: StagedJobs
    slot_blocks: dict[Slot, BlockRecord] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)

    def emit(self, *effects: Effect) -> None:
        """Hand effects to the shell, in this order."""
        self.effects.extend(effects)

    def report(self, message: GossipMessage, refusal: Refusal | None) -> None:
        """Answer a message: accepted without a refusal."""
        self.emit(report_of(message, refusal))

    def announce_block(self, record: BlockRecord) -> None:
        """Say what became of a block."""
        self.emit(
            BlockJudged(
                slot=record.slot,
                block_hash=record.block_hash,
                number=record.header.number,
                status=record.status,
                static_ms=record.static_ms,
                from_peer=record.from_peer,
                reason=record.reason,
                cause=record.cause,
                detail=record.detail,
            )
        )

    def save_block(self, record: BlockRecord) -> None:
        """Have a block's standing survive a restart; unchecked blocks come again."""
        if record.status not in (BlockStatus.VALID, BlockStatus.INVALID):
            return
        self.emit(
            SaveBlock(
                SavedBlock(
                    content_id=record.content_id,
                    slot=record.slot,
                    block_hash=record.block_hash,
                    transactions_root=record.transactions_root,
                    header=record.header,
                    status=record.status,
                    parent=record.parent,
                    reason=record.reason,
                    was_valid=record.was_valid,
                )
            )
        )

    def keep_state(self, record: BlockRecord) -> None:
        """Have the accounts that a block's check read kept, once the block is valid and proven."""
        if record.attestable:
            self.emit(KeepState(record.content_id))

    def announce_changed(self, records: list[BlockRecord]) -> None:
        """Say whose ancestors were proven or contradicted."""
        for record in records:
            self.emit(ParentSettled(record.slot, record.block_hash, record.parent))
            self.keep_state(record)
            self.save_block(record)
            if record.status is BlockStatus.INVALID:
                self.announce_block(record)
