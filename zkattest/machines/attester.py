"""
Turn events into verdicts and decisions: the attester without its clock, its sockets and its disk.

Two rules: everything that changes state happens in `handle`, and time only ever comes in as its
argument. An attester votes for a block when the block is VALID and its parent PROVEN at the
deadline of the slot; a missing proof makes no block invalid, and a proof that comes late unlocks
what waited for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from zkattest.crypto.hashing import hash_tree_root_claim
from zkattest.machines.block_intake import BlockIntake
from zkattest.machines.chain_tracker import BlockRecord, ChainTracker
from zkattest.machines.desk import Desk, StagedJobs
from zkattest.machines.events import (
    BlockChecked,
    BlockOpened,
    BlockReceived,
    BlockStatus,
    ClaimReceived,
    Decide,
    Decision,
    Effect,
    Event,
    Forget,
    ParentVerdict,
    PolicyChanged,
    ProofChecked,
    ProofReceived,
    SaveDecision,
    SavedState,
    SignatureChecked,
    TimePassed,
    WakeAt,
)
from zkattest.machines.proof_intake import ProofIntake
from zkattest.machines.proof_pool import ProofPool
from zkattest.machines.settings import AttesterSettings, Policy
from zkattest.machines.standing import Head, Standing
from zkattest.types.ids import PeerName, Slot

_AT_DEADLINE = {
    Policy.ABSTAIN: Decision.ABSTAIN,
    Policy.WAIT: Decision.WAIT,
    Policy.FALL_BACK: Decision.FALL_BACK,
}

# How many times the usual history is kept of a chain that nobody proves.
_UNPROVEN_HISTORIES = 16


@dataclass(slots=True)
class AttesterMachine:
    """Follow one chain and decide, slot by slot."""

    settings: AttesterSettings
    saved: SavedState = field(default_factory=SavedState)
    _desk: Desk = field(init=False)
    _blocks: BlockIntake = field(init=False)
    _proofs: ProofIntake = field(init=False)
    _decided: set[Slot] = field(init=False)
    _late: set[Slot] = field(default_factory=set)
    _next_slot: Slot | None = None
    _now_ms: int = 0
    _wake_at_ms: int = -1

    def __post_init__(self) -> None:
        """Build the parts and resume from what an earlier run saved."""
        limits = self.settings.limits
        tracker, pool = ChainTracker(self.settings.anchor), ProofPool(limits)
        self._desk = Desk(
            self.settings, tracker, pool, StagedJobs(limits.jobs, limits.jobs_per_peer)
        )
        self._proofs = ProofIntake(self._desk)
        self._blocks = BlockIntake(self._desk, self._proofs.bind)
        self._decided = set(self.saved.decided)
        self._restore(self.saved)

    def handle(self, event: Event, now_ms: int) -> list[Effect]:
        """Take one event in; never raises for anything that a peer can send."""
        # A clock that steps back must not undo a deadline.
        self._now_ms = now_ms = max(now_ms, self._now_ms)
        self._advance(now_ms)
        self._take(event, now_ms)
        self._decide_late(now_ms)
        self._ask_to_be_woken(now_ms)
        effects, self._desk.effects = self._desk.effects, []
        return effects

    def standing(self) -> Standing:
        """Say what is known and what is at work; changes nothing."""
        tracker = self._desk.tracker
        valid = (r for r in tracker.records.values() if r.status is BlockStatus.VALID)
        head = max(valid, key=lambda record: (record.slot, record.proven))
        return Standing(
            head=Head(head.slot, head.block_hash, head.proven),
            proven_slot=tracker.proven_slot(),
            jobs=self._desk.jobs.by_stage(),
            blocks=len(tracker.records),
            roots=len(self._desk.pool.roots),
        )

    # --- Events -------------------------------------------------------------------------------

    def _take(self, event: Event, now_ms: int) -> None:
        match event:
            case BlockReceived():
                self._blocks.receive(event, now_ms)
            case BlockOpened():
                self._blocks.opened(event)
            case BlockChecked():
                self._blocks.checked(event)
            case ProofReceived():
                self._proofs.receive_proof(event, now_ms)
            case ClaimReceived():
                self._proofs.receive_claim(event)
            case SignatureChecked():
                self._proofs.signature_checked(event, now_ms)
            case ProofChecked():
                self._proofs.proof_checked(event, now_ms)
            case PolicyChanged(policy=policy):
                self.settings = self._desk.settings = replace(self.settings, proof_policy=policy)
                self._judge_anew(now_ms)
            case TimePassed():
                pass

    # --- Time ---------------------------------------------------------------------------------

    def _advance(self, now_ms: int) -> None:
        """Decide every slot whose deadline has passed, and close those that wait and have ended."""
        clock = self.settings.clock
        if self._next_slot is None:
            self._next_slot = self._first_slot(now_ms)
        # After a long sleep the slots in between are history: nobody wants them decided one by one.
        oldest = max(0, clock.slot_at(now_ms) - self.settings.limits.history_slots)
        self._next_slot = max(self._next_slot, Slot(oldest))
        while clock.deadline_ms(self._next_slot) <= now_ms:
            self._decide_at_deadline(self._next_slot)
            self._next_slot = Slot(self._next_slot + 1)
            self._prune(self._next_slot)
        for slot in sorted(self._late):
            if clock.end_ms(slot) <= now_ms:
                self._late.discard(slot)
                self._decide(slot, Decision.ABSTAIN)

    def _first_slot(self, now_ms: int) -> Slot:
        """Name the first slot that can still be decided in time; slot 0 belongs to the anchor."""
        clock = self.settings.clock
        slot = clock.slot_at(now_ms)
        passed = clock.deadline_ms(slot) <= now_ms
        return Slot(max(1, slot + 1 if passed else slot))

    def _ask_to_be_woken(self, now_ms: int) -> None:
        clock = self.settings.clock
        times = [clock.end_ms(slot) for slot in self._late]
        if self._next_slot is not None:
            times.append(clock.deadline_ms(self._next_slot))
        wake_at_ms = min(times, default=now_ms)
        if wake_at_ms != self._wake_at_ms:
            self._wake_at_ms = wake_at_ms
            self._desk.emit(WakeAt(wake_at_ms))

    # --- Decisions ----------------------------------------------------------------------------

    def _decide_at_deadline(self, slot: Slot) -> None:
        record = self._desk.slot_blocks.get(slot)
        if record is not None and record.parent is ParentVerdict.PENDING:
            record.parent = ParentVerdict.NOT_PROVEN_BY_DEADLINE
        if record is not None and record.attestable:
            self._decide(slot, Decision.ATTEST)
            return
        decision = _AT_DEADLINE[self.settings.policy]
        # Neither waiting nor another opinion makes an invalid block better.
        if record is not None and record.status is BlockStatus.INVALID:
            decision = Decision.ABSTAIN
        self._decide(slot, decision)

    def _decide_late(self, now_ms: int) -> None:
        """Attest after all where the policy is to wait and the slot has not ended."""
        for slot in sorted(self._late):
            record = self._desk.slot_blocks.get(slot)
            if record is not None and record.attestable:
                self._late.discard(slot)
                self._decide(slot, Decision.ATTEST)

    def _decide(self, slot: Slot, decision: Decision) -> None:
        """Hand out a decision, once a slot; what is saved before it is never decided again."""
        if slot in self._decided:
            return
        record = self._desk.slot_blocks.get(slot)
        block_hash = record.block_hash if record else None
        if decision is Decision.WAIT:
            self._late.add(slot)
        else:
            self._decided.add(slot)
            self._desk.emit(SaveDecision(slot, decision, block_hash))
        self._desk.emit(
            Decide(
                slot=slot,
                decision=decision,
                block_hash=block_hash,
                block=record.status if record else None,
                parent=record.parent if record else None,
            )
        )

    # --- Programs that are taken back ---------------------------------------------------------

    def _judge_anew(self, now_ms: int | None = None) -> None:
        """Judge roots, and the blocks that rest on them, by the policy that there is now."""
        gained, claims = self._proofs.judge_anew()
        left = self._desk.pool.claims_about({claim.block_hash for claim in claims})
        withdrawn = self._desk.tracker.withdraw(claims, left)
        for record in withdrawn.unknown:
            self._blocks.look_again(record)
        for record in withdrawn.changed:
            is_late = now_ms is not None and self.settings.clock.deadline_ms(record.slot) <= now_ms
            if is_late and record.parent is ParentVerdict.PENDING:
                record.parent = ParentVerdict.NOT_PROVEN_BY_DEADLINE
        self._desk.announce_changed(withdrawn.changed)
        for record in withdrawn.restored:
            self._blocks.restored(record)
        for root in gained:
            self._proofs.open(root)

    # --- Memory -------------------------------------------------------------------------------

    def _prune(self, current: Slot) -> None:
        """Forget what is too old to matter; the proven end of the chain is never too old."""
        history = self.settings.limits.history_slots
        if current % max(1, history // 8):
            return
        before = Slot(max(0, current - history))
        desk = self._desk
        # What is not proven yet may still be, but not for ever.
        proven = max(desk.tracker.proven_slot() - 1, current - _UNPROVEN_HISTORIES * history)
        chain_before = Slot(max(0, min(before, proven)))
        self._blocks.prune(before)
        desk.pool.prune(before)
        desk.tracker.prune(chain_before)
        for old in [slot for slot in desk.slot_blocks if slot < before]:
            del desk.slot_blocks[old]
        self._decided = {slot for slot in self._decided if slot >= before}
        desk.emit(Forget(chain_before))

    def _restore(self, saved: SavedState) -> None:
        """Enter blocks, roots and claims of an earlier run, oldest first."""
        for block in sorted(saved.blocks, key=lambda block: block.slot):
            self._blocks.restore(
                BlockRecord(
                    content_id=block.content_id,
                    slot=block.slot,
                    block_hash=block.block_hash,
                    header=block.header,
                    transactions_root=block.transactions_root,
                    from_peer=PeerName("store"),
                    status=block.status,
                    parent=block.parent,
                    reason=block.reason,
                    was_valid=block.was_valid,
                )
            )
        desk, claims = self._desk, {hash_tree_root_claim(one): one for one in saved.claims}
        for proven in saved.roots:
            desk.pool.restore(proven, self.settings.chain_id)
        for root, claim in claims.items():
            desk.pool.restore_claim(root, claim)
            desk.tracker.add_claim(claim)
        desk.tracker.settle(self.settings.anchor.block_hash)
        for block in saved.blocks:
            record = desk.tracker.records[block.content_id]
            for claim in list(desk.tracker.bindings(record)):
                self._proofs.bind(claim, block.slot)
        desk.effects.clear()
        # The registry may have changed meanwhile: what follows from that is told at the start.
        self._judge_anew()
