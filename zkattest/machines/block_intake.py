"""
Take blocks from arrival to verdict: cheap rules, signature, parent, static rules.

A block whose parent is not here waits for it; it is not invalid. A block that we could not check
is forgotten, so that it may come again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from zkattest.machines.chain_tracker import BlockRecord
from zkattest.machines.desk import BlockJob, Desk, Stage
from zkattest.machines.events import (
    BlockChecked,
    BlockOpened,
    BlockReceived,
    BlockStatus,
    BlockValid,
    CheckBlock,
    DropBlock,
    JobId,
    OpenBlock,
    OpenedBlock,
    OpenOutcome,
)
from zkattest.spec.answers import Fault, Refused
from zkattest.spec.reasons import Cause, GossipIgnore, GossipReject, Reason
from zkattest.types.errors import DecodeError
from zkattest.types.execution import ExecutionClaim
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import BlockHash, PeerName, Root, Slot, ValidatorIndex
from zkattest.types.wire import MAX_SIGNED_BLOCK_BYTES, SignedDelayedBlock


@dataclass(slots=True)
class BlockIntake:
    """Judge blocks; `bind` is called with every claim that a valid block's header makes."""

    desk: Desk
    bind: Callable[[ExecutionClaim, Slot], None]
    _proposals: dict[tuple[Slot, ValidatorIndex], Root] = field(default_factory=dict)
    _attempts: Counter[tuple[Slot, ValidatorIndex]] = field(default_factory=Counter)
    _waiting: list[JobId] = field(default_factory=list)

    # --- Events -------------------------------------------------------------------------------

    def receive(self, event: BlockReceived, now_ms: int) -> None:
        """Apply the cheap rules to a block from a peer, and ask for the rest."""
        message = event.message
        try:
            signed = _decode(message)
            self._require_acceptable(signed, now_ms)
            job_id = self.desk.jobs.open(BlockJob(message, signed))
        except (GossipReject, GossipIgnore) as refusal:
            self.desk.report(message, refusal)
            return
        self.desk.emit(OpenBlock(job_id, signed))

    def opened(self, event: BlockOpened) -> None:
        """Place a decoded block in the chain, and have it checked once its parent is valid."""
        job = self.desk.jobs.find(event.job, BlockJob, Stage.OPENING)
        if job is None:
            return
        try:
            self._place(job, _require_opened(event.outcome))
        except (GossipReject, GossipIgnore) as refusal:
            self.desk.report(job.message, refusal)
            self.desk.jobs.close(event.job)
            return
        self._dispatch(event.job, job)

    def checked(self, event: BlockChecked) -> None:
        """Write down what the static rules say, and look at the blocks that waited for it."""
        job = self.desk.jobs.find(event.job, BlockJob, Stage.CHECKING)
        if job is None or job.record is None:
            return
        record = job.record
        record.static_ms = event.static_ms
        # A proven claim may have contradicted the header while the static rules were running.
        if record.status is not BlockStatus.INVALID:
            match event.outcome:
                case BlockValid():
                    self._accept(record)
                case Refused(reason=reason, detail=detail):
                    self._refuse(record, reason, detail)
                case Fault(cause=cause, detail=detail):
                    self._give_up(record, cause, detail)
        self._conclude(event.job, job)
        self._release(record.block_hash)

    def restore(self, record: BlockRecord) -> None:
        """Enter a checked block of an earlier run; its slot's turn is used."""
        self._proposals[record.slot, self.desk.settings.proposer_of(record.slot)] = (
            record.content_id
        )
        self.desk.slot_blocks[record.slot] = record
        self.desk.tracker.add(record)

    def look_again(self, record: BlockRecord) -> None:
        """Go on with a block that only a withdrawn claim had refused; forget it if it was done."""
        record.cause = Cause.PROGRAM_REVOKED
        self.desk.emit(DropBlock(record.content_id))
        for job in self.desk.jobs.values():
            if isinstance(job, BlockJob) and job.record is record:
                # What is asked of it is answered soon, and finds it as it was.
                if job.stage is Stage.CHECKING:
                    record.status = BlockStatus.CHECKING
                return
        self._give_up(record, Cause.PROGRAM_REVOKED, "")
        self.desk.announce_block(record)

    def restored(self, record: BlockRecord) -> None:
        """Say that a block is valid after all, and do what its being valid leads to."""
        self.desk.announce_block(record)
        self._bind(record)
        self._release(record.block_hash)

    def prune(self, before_slot: Slot) -> None:
        """Forget whose turns were used in older slots, and blocks that waited too long."""
        for key in [key for key in self._proposals if key[0] < before_slot]:
            del self._proposals[key]
        for key in [key for key in self._attempts if key[0] < before_slot]:
            del self._attempts[key]
        for job_id in list(self._waiting):
            job = self.desk.jobs.find(job_id, BlockJob, Stage.WAITING)
            if job is None or job.signed.message.slot < before_slot:
                self._drop_waiting(job_id)

    # --- Rules --------------------------------------------------------------------------------

    def _require_acceptable(self, signed: SignedDelayedBlock, now_ms: int) -> None:
        settings, block = self.desk.settings, signed.message
        clock, limits = settings.clock, settings.limits
        # [REJECT] The block is of our chain.
        if block.chain_id != settings.chain_id:
            raise GossipReject(
                Reason.CHAIN_ID_MISMATCH, got=block.chain_id, expected=settings.chain_id
            )
        # [IGNORE] The block is not from a future slot.
        if block.slot > clock.slot_at(now_ms + limits.clock_disparity_ms):
            raise GossipIgnore(Reason.SLOT_IN_FUTURE, slot=block.slot)
        # [IGNORE] The block is of a slot that we still remember; slot 0 is the anchor's.
        if block.slot == 0 or block.slot + limits.history_slots < clock.slot_at(now_ms):
            raise GossipIgnore(Reason.SLOT_TOO_OLD, slot=block.slot)
        # [REJECT] The proposer is a validator.
        if signed.proposer_index >= settings.validator_count:
            raise GossipReject(Reason.UNKNOWN_VALIDATOR, got=signed.proposer_index)
        # [REJECT] It is the proposer's turn.
        expected = settings.proposer_of(block.slot)
        if signed.proposer_index != expected:
            raise GossipReject(Reason.WRONG_PROPOSER, got=signed.proposer_index, expected=expected)
        # [IGNORE] It is the proposer's first block of the slot.
        if (block.slot, signed.proposer_index) in self._proposals:
            raise GossipIgnore(Reason.BLOCK_ALREADY_KNOWN)

    def _place(self, job: BlockJob, opened: OpenedBlock) -> None:
        """Enter a block whose proposer has signed it; from here on the slot's turn is used."""
        slot, proposer = job.signed.message.slot, job.signed.proposer_index
        # [IGNORE] It is the proposer's first block of the slot (two may have been opened at once).
        if (slot, proposer) in self._proposals:
            raise GossipIgnore(Reason.BLOCK_ALREADY_KNOWN)
        known = self.desk.tracker.records.get(opened.content_id)
        # [REJECT] The same content was not found invalid before.
        if known is not None and known.status is BlockStatus.INVALID and known.reason:
            self.desk.slot_blocks.setdefault(slot, known)
            raise GossipReject(known.reason, block_hash=known.block_hash)
        # [IGNORE] The same content was not seen in another slot.
        if known is not None:
            raise GossipIgnore(Reason.BLOCK_ALREADY_KNOWN, block_hash=known.block_hash)
        # [IGNORE] The proposer has not used its turn for blocks that nobody can check.
        self._attempts[slot, proposer] += 1
        if self._attempts[slot, proposer] > self.desk.settings.limits.attempts_per_turn:
            raise GossipIgnore(Reason.QUEUE_FULL, slot=slot)
        job.opened = opened
        job.record = BlockRecord(
            content_id=opened.content_id,
            slot=slot,
            block_hash=opened.block_hash,
            header=opened.header,
            transactions_root=opened.transactions_root,
            from_peer=PeerName(job.message.from_peer),
        )
        self._proposals[slot, proposer] = opened.content_id
        self.desk.slot_blocks[slot] = job.record
        self.desk.tracker.add(job.record)

    # --- Steps --------------------------------------------------------------------------------

    def _dispatch(self, job_id: JobId, job: BlockJob) -> None:
        """Have a block checked against its parent, or let it wait for one."""
        record, opened = job.record, job.opened
        assert record is not None and opened is not None  # noqa: S101, PT018 - set by `_place`
        tracker = self.desk.tracker
        if tracker.has_spoiled_parent(record.header):
            tracker.judge_parent(record)
        # It may also have been contradicted while it waited.
        if record.status is BlockStatus.INVALID:
            self._conclude(job_id, job)
            self._release(record.block_hash)
            return
        parent = tracker.best_parent(record.header)
        if parent is None:
            self._wait(job_id, job, record)
            return
        record.status, record.cause, record.detail = BlockStatus.CHECKING, None, ""
        job.stage = Stage.CHECKING
        self.desk.emit(
            CheckBlock(job_id, job.signed, opened, parent.header, tracker.claim_of(parent))
        )

    def _wait(self, job_id: JobId, job: BlockJob, record: BlockRecord) -> None:
        """Keep a block for when its parent comes; its message is answered unless that is near."""
        job.stage = Stage.WAITING
        record.status, record.cause = BlockStatus.CANNOT_CHECK, Cause.MISSING_PARENT
        record.detail = f"parent={record.header.parent_hash}"
        if job_id not in self._waiting:
            self._waiting.append(job_id)
        if not self.desk.tracker.has_checking(record.header.parent_hash):
            self._report_once(job, GossipIgnore(Reason.UNKNOWN_PARENT))
            self.desk.announce_block(record)
        if len(self._waiting) > self.desk.settings.limits.waiting_blocks:
            self._drop_waiting(self._waiting[0])

    def _accept(self, record: BlockRecord) -> None:
        """Make a block valid: it may be a parent, and its header may open its parent's root."""
        desk = self.desk
        record.status = BlockStatus.VALID
        desk.save_block(record)
        # Its parent may have been proven while the static rules were running.
        desk.keep_state(record)
        self._bind(record)
        if desk.tracker.judge_parent(record):
            desk.announce_changed([record])
        desk.announce_changed(desk.tracker.settle(record.block_hash))

    def _bind(self, record: BlockRecord) -> None:
        """Take the claims that the headers of a valid block and of its children make."""
        # A further body of a known hash gives the children of that hash one more claim to make.
        for child in [record, *self.desk.tracker.valid_children(record.block_hash)]:
            for claim in list(self.desk.tracker.bindings(child)):
                self.bind(claim, record.slot)

    def _refuse(self, record: BlockRecord, reason: Reason, detail: str) -> None:
        record.status, record.reason, record.detail = BlockStatus.INVALID, reason, detail
        self.desk.tracker.judge_parent(record)

    def _give_up(self, record: BlockRecord, cause: Cause, detail: str) -> None:
        """Forget a block that we could not check, and give its proposer the turn back."""
        record.status, record.cause, record.detail = BlockStatus.CANNOT_CHECK, cause, detail
        self.desk.tracker.remove(record)
        for key in [k for k, content in self._proposals.items() if content == record.content_id]:
            del self._proposals[key]

    def _conclude(self, job_id: JobId, job: BlockJob) -> None:
        """Answer the message of a block that has its verdict."""
        record = job.record
        assert record is not None  # noqa: S101 - set by `_place`
        refusal: GossipReject | GossipIgnore | None = None
        if record.status is BlockStatus.INVALID:
            refusal = GossipReject(record.reason or Reason.PARENT_INVALID, detail=record.detail)
        elif record.status is BlockStatus.CANNOT_CHECK:
            refusal = GossipIgnore(Reason.NOT_CHECKED, cause=record.cause, detail=record.detail)
        self.desk.announce_block(record)
        self._report_once(job, refusal)
        self.desk.jobs.close(job_id)
        if job_id in self._waiting:
            self._waiting.remove(job_id)

    def _release(self, block_hash: BlockHash) -> None:
        """Look again at the blocks that waited for this hash."""
        for job_id in list(self._waiting):
            job = self.desk.jobs.find(job_id, BlockJob, Stage.WAITING)
            if job is None or job.record is None:
                self._waiting.remove(job_id)
            elif job.record.header.parent_hash == block_hash:
                self._waiting.remove(job_id)
                self._dispatch(job_id, job)

    def _drop_waiting(self, job_id: JobId) -> None:
        """Stop waiting for a parent; the block may come again."""
        self._waiting.remove(job_id)
        job = self.desk.jobs.find(job_id, BlockJob, Stage.WAITING)
        if job is not None and job.record is not None:
            self._give_up(job.record, Cause.MISSING_PARENT, job.record.detail)
            self._report_once(job, GossipIgnore(Reason.UNKNOWN_PARENT))
            self.desk.jobs.close(job_id)

    def _report_once(self, job: BlockJob, refusal: GossipReject | GossipIgnore | None) -> None:
        """Answer a message unless it was answered while its block waited."""
        if not job.reported:
            job.reported = True
            self.desk.report(job.message, refusal)


def _require_opened(outcome: OpenOutcome) -> OpenedBlock:
    match outcome:
        case Refused(reason=reason, detail=detail):
            # [REJECT] The signature is the proposer's, and the bytes are a block.
            raise GossipReject(reason, detail=detail)
        case Fault(cause=cause, detail=detail):
            # [IGNORE] We could find out.
            raise GossipIgnore(Reason.NOT_CHECKED, cause=cause, detail=detail)
        case OpenedBlock():
            return outcome


def _decode(message: GossipMessage) -> SignedDelayedBlock:
    # [REJECT] The message is not too large, and decodes.
    if len(message.data) > MAX_SIGNED_BLOCK_BYTES:
        raise GossipReject(Reason.MESSAGE_TOO_LARGE, got=len(message.data))
    try:
        return SignedDelayedBlock.decode(message.data)
    except DecodeError as error:
        raise GossipReject(Reason.MALFORMED_MESSAGE, detail=str(error)) from error
