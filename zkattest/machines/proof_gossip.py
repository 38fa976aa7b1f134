"""
Take gossiped execution proofs (EIP-8025) from arrival to verdict, without clock, sockets or disk.

The rules are a generator that asks (`spec/proof_gossip.py`); this machine carries its questions
out and its answers in, many at a time. A proof whose block or payload is not known yet waits
without a verdict, so that it is passed on when the block comes. Marks are set before the engine
works, kept after a verdict, and taken back after a fault of ours. Verified proofs survive a
restart, and nothing is verified twice.
"""

from __future__ import annotations

from collections import ChainMap, OrderedDict
from dataclasses import dataclass, field, replace

from zkattest.machines.events import (
    JobId,
    ProofChecked,
    ProofReceived,
    SignatureChecked,
    TimePassed,
    VerifyProof,
    WakeAt,
)
from zkattest.machines.gossiped_job import ProofJob
from zkattest.machines.jobs import JobTable
from zkattest.machines.own_proofs import OURS, OwnProof, OwnProofs
from zkattest.machines.proof_events import (
    BlockSeen,
    CheckProofSignature,
    DropWaiting,
    ForgetProofs,
    ForgetSignatures,
    HeadChanged,
    KeepBlock,
    KeepPrograms,
    KeepProof,
    KeepWaiting,
    LookUpValidator,
    PayloadSeen,
    ProofEffect,
    ProofEvent,
    ProofMark,
    ProofSettled,
    ProofSigned,
    ProofSubmitted,
    PublishProof,
    SavedBlock,
    SavedProofs,
    SignatureMade,
    SignProof,
    SlotFinalized,
    TypesChanged,
    ValidatorAnswered,
    WaitingProof,
)
from zkattest.machines.proof_gossip_settings import ProofGossipSettings
from zkattest.machines.reports import cause_of, detail_of, report_of, verdict_of
from zkattest.machines.verification_queue import (
    QueuedProof,
    VerificationQueue,
)
from zkattest.machines.waiting_proofs import WaitingProofs
from zkattest.spec.answers import Fault, ProofOutcome, ProofValid, Refused
from zkattest.spec.own_proof import validate_own_proof
from zkattest.spec.proof_gossip import (
    Answer,
    AskEngine,
    AskSignature,
    AskValidator,
    GossipedProof,
    GossipRule,
    GossipView,
    KnownBlock,
    Question,
    SeenProofs,
    Validation,
    release_proof,
    validate_execution_proof_gossip,
)
from zkattest.spec.reasons import Cause, GossipIgnore, GossipReject, Reason, Refusal
from zkattest.types.errors import DecodeError
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import PeerName, ProofType, Root, Slot
from zkattest.types.wire import PublicValues

# Reasons for which a proof is kept until what it lacks has come.
_CURABLE = (Reason.UNKNOWN_BLOCK, Reason.PAYLOAD_UNAVAILABLE)


@dataclass(slots=True)
class ProofGossipMachine:
    """Judge proofs, keep the valid ones, and say what is to be done."""

    settings: ProofGossipSettings
    saved: SavedProofs = field(default_factory=SavedProofs)
    blocks: dict[Root, KnownBlock] = field(default_factory=dict)
    _seen: dict[Root, SeenProofs] = field(default_factory=dict)
    _finalized_slot: Slot = field(default_factory=lambda: Slot(0))
    _restored: set[bytes] = field(default_factory=set)
    _finalized: OrderedDict[Root, KnownBlock] = field(default_factory=OrderedDict)
    """Blocks that finality has made us forget: late proofs of them wait for nothing."""
    _effects: list[ProofEffect] = field(default_factory=list)
    _wake_at_ms: int | None = None
    _now_ms: int = 0
    _jobs: JobTable[ProofJob] = field(init=False)
    _queue: VerificationQueue = field(init=False)
    _waiting: WaitingProofs = field(init=False)
    _own: OwnProofs | None = None

    def __post_init__(self) -> None:
        """Resume from what an earlier run saved."""
        self._jobs = JobTable(self.settings.jobs, self.settings.jobs_per_peer)
        self._queue = VerificationQueue(self.settings.verification)
        self._waiting = WaitingProofs(self.settings.waiting)
        if self.settings.own is not None:
            self._own = OwnProofs(self.settings.own.limits)
        self._finalized_slot = self.saved.finalized_slot
        for block in self.saved.blocks:
            self.blocks[block.block_root] = KnownBlock(block.slot, block.public_values)
            self._seen[block.block_root] = SeenProofs()
        for mark in self.saved.marks:
            self._restore_mark(mark)
        for proof in self.saved.waiting:
            self._restore_waiting(proof)

    def handle(self, event: ProofEvent, now_ms: int) -> list[ProofEffect]:
        """Take one event in; never raises for anything that a peer can send."""
        self._now_ms = now_ms = max(now_ms, self._now_ms)
        self._take(event, now_ms)
        self._expire(now_ms)
        self._start_verifications(now_ms)
        self._ask_to_be_woken()
        effects, self._effects = self._effects, []
        return effects

    def valid_types(self, block_root: Root) -> frozenset[ProofType]:
        """Say of which types valid proofs of a block are known."""
        return frozenset(self._seen[block_root].valid_types if block_root in self._seen else ())

    @property
    def queued(self) -> dict[str, int]:
        """Count what waits: for a block, for a verifier, for any answer."""
        return {
            "waiting_for_block": len(self._waiting),
            "waiting_for_verifier": len(self._queue),
            "in_progress": len(self._jobs),
            **({"own_proofs": len(self._own)} if self._own is not None else {}),
        }

    # --- Events -------------------------------------------------------------------------------

    def _take(self, event: ProofEvent, now_ms: int) -> None:
        match event:
            case ProofReceived(message=message):
                self._receive(message, now_ms, now_ms + self.settings.waiting.wait_ms)
            case ProofSubmitted(message=message):
                self._submit(message, now_ms)
            case BlockSeen(block_root=root, slot=slot):
                self._know_block(root, slot, None, now_ms)
            case PayloadSeen(block_root=root, public_values=values):
                if root in self.blocks:
                    self._know_block(root, self.blocks[root].slot, values, now_ms)
            case HeadChanged(block_root=root):
                self._queue.head = root
            case SlotFinalized(slot=slot):
                self._finalize(slot, now_ms)
            case TypesChanged():
                self._change_types(event, now_ms)
            case ValidatorAnswered(job=job, outcome=outcome):
                self._answer(job, outcome)
            case SignatureChecked(job=job, outcome=signature):
                self._answer(job, signature)
            case ProofChecked():
                self._verified(event, now_ms)
            case ProofSigned(job=job, outcome=signed):
                self._signed(job, signed)
            case TimePassed():
                pass

    def _receive(
        self, message: GossipMessage, now_ms: int, until_ms: int, *, was_saved: bool = False
    ) -> None:
        """Decode a message and begin its validation."""
        try:
            proof = self._decode(message)
            validation = self._validation(message, proof, until_ms)
            job = ProofJob(message, proof, validation, now_ms, until_ms, was_saved)
            job_id = self._jobs.open(job, is_ours=job.is_ours)
        except (GossipReject, GossipIgnore) as refusal:
            if not self._answer_own(message, None, refusal):
                self._report(message, refusal, was_saved=was_saved)
            return
        self._go_on(job_id, job, None)

    def _validation(
        self, message: GossipMessage, proof: GossipedProof, until_ms: int
    ) -> Validation:
        order, own = self.settings.order, self.settings.own
        if own is not None and message.from_peer == OURS:
            return validate_own_proof(order, self._view(), proof, own.pubkey, until_ms)
        return validate_execution_proof_gossip(order, self._view(), proof, until_ms)

    def _answer(self, job_id: JobId, answer: Answer) -> None:
        job = self._jobs.get(job_id)
        if job is not None:
            self._go_on(job_id, job, answer)

    def _verified(self, event: ProofChecked, now_ms: int) -> None:
        """Charge a verification, then go on with what the engine said."""
        job = self._jobs.get(event.job)
        if job is None:
            return
        job.verify_ms = event.verify_ms
        outcome: ProofOutcome = event.outcome
        if self._own is not None and job.is_ours and isinstance(outcome, ProofValid):
            self._own.remember(job.message.message_id, outcome)
        verdict = self._go_on(event.job, job, outcome)
        is_invalid = verdict is Verdict.REJECT
        self._queue.finish(event.job, event.verify_ms, now_ms, is_invalid=is_invalid)

    # --- Validation ---------------------------------------------------------------------------

    def _go_on(self, job_id: JobId, job: ProofJob, answer: Answer | None) -> Verdict | None:
        """Run the rules up to their next question, or to the end."""
        if answer is not None and job.proof.subject not in self.blocks:
            return self._close(job_id, job, GossipIgnore(Reason.SLOT_TOO_OLD))
        try:
            self._require_trusted(job)
            question = next(job.validation) if answer is None else job.validation.send(answer)
            self._ask(job_id, job, question)
        except StopIteration:
            if job.is_ours:
                slot = self.blocks[job.proof.subject].slot
                self._effects.append(SignProof(job_id, job.message.topic, job.message.data, slot))
                return None
            self._record(job, is_valid=True)
            return self._close(job_id, job, None)
        except GossipReject as refusal:
            if job.verify_ms is not None and not job.is_ours:
                self._record(job, is_valid=False)
            return self._close(job_id, job, refusal)
        except GossipIgnore as refusal:
            return self._ignore(job_id, job, refusal)
        return None

    def _ask(self, job_id: JobId, job: ProofJob, question: Question) -> None:
        match question:
            case AskValidator(index=index, slot=slot):
                self._effects.append(LookUpValidator(job_id, index, slot))
            case AskSignature(pubkey=key, message_root=root, slot=slot, signature=signature):
                self._effects.append(CheckProofSignature(job_id, key, root, slot, signature))
            case AskEngine():
                job.is_marked = True
                self._ask_engine(job_id, job)

    def _ask_engine(self, job_id: JobId, job: ProofJob) -> None:
        """Queue a proof, unless the engine has found it valid before, which only ours outlive."""
        proof, peer = job.proof, PeerName(job.message.from_peer)
        if self._own is not None and job.is_ours:
            known = self._own.engine_answer(job.message.message_id)
            if known is not None:
                self._go_on(job_id, job, known)
                return
        queued = QueuedProof(
            job_id,
            proof.subject,
            proof.validator_index,
            peer,
            dear_ms=self.settings.dear_types.get(proof.proof_type, 0.0),
            is_ours=job.is_ours,
        )
        try:
            self._queue.add(queued, self._now_ms)
        except GossipIgnore:
            self._release(job.proof)
            raise

    def _ignore(self, job_id: JobId, job: ProofJob, refusal: GossipIgnore) -> Verdict | None:
        """Let a proof wait for what it lacks; forget it where waiting does not help."""
        if job.is_ours:
            return self._close(job_id, job, refusal)
        if refusal.reason in _CURABLE and job.until_ms > self._now_ms and job.verify_ms is None:
            return self._wait(job_id, job, refusal)
        if refusal.reason is Reason.NOT_CHECKED and job.is_marked:
            self._release(job.proof)
        return self._close(job_id, job, refusal)

    def _wait(self, job_id: JobId, job: ProofJob, refusal: GossipIgnore) -> Verdict | None:
        message = job.message
        waiting = WaitingProof(
            message_id=message.message_id,
            topic=message.topic,
            from_peer=PeerName(message.from_peer),
            subject=job.proof.subject,
            arrived_at_ms=job.arrived_at_ms,
            until_ms=job.until_ms,
            data=message.data,
        )
        try:
            self._waiting.add(waiting)
        except GossipIgnore as full:
            return self._close(job_id, job, full)
        self._jobs.close(job_id)
        if job.was_saved:
            self._restored.add(waiting.message_id)
        self._effects.append(KeepWaiting(waiting))
        return None

    def _close(self, job_id: JobId, job: ProofJob, refusal: Refusal | None) -> Verdict:
        """Say what became of a proof."""
        self._jobs.close(job_id)
        verdict = verdict_of(refusal)
        if refusal is not None and job.is_ours and job.is_marked:
            # Nothing was signed, so nothing is held against another proof of ours, or this one.
            self._release(job.proof)
        if self._answer_own(job.message, job.proof, refusal):
            return verdict
        proof, block = job.proof, self.blocks.get(job.proof.subject)
        self._effects.append(
            ProofSettled(
                subject=proof.subject,
                slot=block.slot if block else None,
                proof_type=proof.proof_type,
                validator_index=proof.validator_index,
                from_peer=PeerName(job.message.from_peer),
                arrived_at_ms=job.arrived_at_ms,
                verify_ms=job.verify_ms,
                verdict=verdict,
                reason=refusal.reason if refusal else None,
                cause=cause_of(refusal),
                detail=detail_of(refusal),
            )
        )
        self._report(job.message, refusal, was_saved=job.was_saved)
        return verdict

    def _record(self, job: ProofJob, *, is_valid: bool) -> None:
        """Keep what was found out, and a valid proof itself."""
        proof, block = job.proof, self.blocks.get(job.proof.subject)
        if block is None:
            return
        if is_valid:
            self._seen[proof.subject].valid_types.add(proof.proof_type)
        mark = ProofMark(
            subject=proof.subject,
            proof_root=proof.root,
            proof_type=proof.proof_type,
            validator_index=proof.validator_index,
            slot=block.slot,
            is_valid=is_valid,
        )
        self._effects.append(KeepProof(mark, job.message.data if is_valid else None))

    # --- Proofs of ours -----------------------------------------------------------------------

    def _submit(self, message: GossipMessage, now_ms: int) -> None:
        """Begin with a proof of ours; where it is at work already, one answer is for all."""
        if self._own is None:
            raise ValueError("nobody signs here")
        message = replace(message, from_peer=str(OURS))
        try:
            own = self._own.add(message, now_ms)
        except GossipIgnore as refusal:
            self._answer_own(message, None, refusal)
            return
        if own is not None:
            self._try(own)

    def _try(self, own: OwnProof) -> None:
        own.is_at_work = True
        self._receive(own.message, own.arrived_at_ms, own.until_ms)

    def _signed(self, job_id: JobId, outcome: SignatureMade | Refused | Fault) -> None:
        """Keep and publish a proof that is signed; the marks of another one are taken back."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        refusal: Refusal | None = None
        match outcome:
            case SignatureMade() if job.proof.subject not in self.blocks:
                refusal = GossipIgnore(Reason.SLOT_TOO_OLD)
            case SignatureMade(data=data):
                try:
                    self._require_trusted(job)
                    job.message = replace(job.message, data=data)
                    self._record(job, is_valid=True)
                except GossipIgnore as distrust:
                    refusal = distrust
            case Refused(reason=reason, detail=detail):
                refusal = GossipReject(reason, detail=detail)
            case Fault(cause=cause, detail=detail):
                refusal = GossipIgnore(Reason.NOT_SIGNED, cause=cause, detail=detail)
        self._close(job_id, job, refusal)

    def _answer_own(
        self, message: GossipMessage, proof: GossipedProof | None, refusal: Refusal | None
    ) -> bool:
        """Answer a proof of ours; False where it is a peer's."""
        if self._own is None or message.from_peer != OURS:
            return False
        block = self.blocks.get(proof.subject) if proof else None
        valid_types = self.valid_types(proof.subject) if proof else frozenset()
        slot = block.slot if block else None
        self._effects += self._own.settle(message, proof, slot, refusal, valid_types, self._now_ms)
        return True

    # --- Answers ------------------------------------------------------------------------------

    def _report(self, message: GossipMessage, refusal: Refusal | None, *, was_saved: bool) -> None:
        if not was_saved:
            self._effects.append(report_of(message, refusal))
        elif verdict_of(refusal) is Verdict.ACCEPT:
            self._effects.append(PublishProof(message.topic, message.data))

    # --- Rules before the revision's own -------------------------------------------------------

    def _decode(self, message: GossipMessage) -> GossipedProof:
        # [REJECT] The message is not too large, and decodes.
        limit_bytes = self.settings.max_message_bytes
        if len(message.data) > limit_bytes:
            raise GossipReject(Reason.MESSAGE_TOO_LARGE, got=len(message.data), limit=limit_bytes)
        try:
            return self.settings.decode(message.data)
        except DecodeError as error:
            raise GossipReject(Reason.MALFORMED_MESSAGE, detail=str(error)) from error

    def _require_trusted(self, job: ProofJob) -> None:
        # [IGNORE] The program is trusted here, and is the one it was when its proof came. Whoever
        # sends a proof of another one has not heard of the change.
        kind = job.proof.proof_type
        if job.is_outdated or kind in self.settings.revoked_types:
            detail = f"type {kind} {self.settings.programs.get(kind, '')}".rstrip()
            raise GossipIgnore(Reason.NOT_CHECKED, cause=Cause.PROGRAM_REVOKED, detail=detail)

    # --- The registry -------------------------------------------------------------------------

    def _change_types(self, change: TypesChanged, now_ms: int) -> None:
        """Take up what the registry says of the types, for proofs on their way as well."""
        before = self.settings.programs
        replaced = {
            kind for kind, name in before.items() if change.programs.get(kind, name) != name
        }
        self.settings = replace(
            self.settings,
            proof_types=change.proof_types,
            revoked_types=change.revoked_types,
            dear_types=change.dear_types,
            programs={**before, **change.programs},
        )
        self._effects.append(KeepPrograms(change.programs))
        for seen in self._seen.values() if replaced else ():
            seen.valid_types -= replaced
            seen.provers = {one for one in seen.provers if one[0] not in replaced}
            # They do not say of which type they were; copies of others are known by the rest.
            seen.roots.clear()
        for job_id, job in list(self._jobs.items()):
            job.is_outdated = job.is_outdated or job.proof.proof_type in replaced
            # Others are waited for: what answers them finds that their type has changed.
            is_gone = job.is_outdated or job.proof.proof_type in change.revoked_types
            if is_gone and self._queue.drop(job_id, now_ms):
                self._go_on(job_id, job, Fault(Cause.PROGRAM_REVOKED))

    # --- The chain ----------------------------------------------------------------------------

    def _know_block(self, root: Root, slot: Slot, values: PublicValues | None, now_ms: int) -> None:
        """Enter a block or its payload, and look again at what waited for it."""
        known = self.blocks.get(root)
        if known is not None and (values is None or known.public_values is not None):
            return
        if slot < self._finalized_slot:
            return
        self.blocks[root] = KnownBlock(slot, values)
        self._seen.setdefault(root, SeenProofs())
        self._effects.append(KeepBlock(SavedBlock(root, slot, values)))
        self._bound_blocks()
        for proof in self._waiting.take(root):
            message, was_saved = self._wake(proof)
            self._receive(message, proof.arrived_at_ms, proof.until_ms, was_saved=was_saved)
        for own in self._own.woken_by(root) if self._own is not None else ():
            self._try(own)

    def _bound_blocks(self) -> None:
        """Forget the oldest blocks where finality does not come."""
        if len(self.blocks) > self.settings.blocks:
            slots = sorted(block.slot for block in self.blocks.values())
            self._forget_before(slots[len(slots) // 4])

    def _finalize(self, slot: Slot, now_ms: int) -> None:
        if slot > self._finalized_slot:
            self._finalized_slot = slot
            self._forget_before(slot)
            self._queue.forget_idle(now_ms)
            if self._own is not None:
                self._effects.append(ForgetSignatures(slot))

    def _forget_before(self, slot: Slot) -> None:
        for root in [root for root, block in self.blocks.items() if block.slot < slot]:
            block = self.blocks.pop(root)
            del self._seen[root]
            if block.slot < self._finalized_slot:
                self._finalized[root] = KnownBlock(block.slot)
        while len(self._finalized) > self.settings.blocks:
            self._finalized.popitem(last=False)
        for job_id, job in list(self._jobs.items()):
            # Others are waited for: what answers them finds that the block is gone.
            if job.proof.subject not in self.blocks and self._queue.drop(job_id, self._now_ms):
                self._close(job_id, job, GossipIgnore(Reason.SLOT_TOO_OLD))
        self._effects.append(ForgetProofs(slot))

    # --- Time and queues ----------------------------------------------------------------------

    def _expire(self, now_ms: int) -> None:
        """Answer what has waited long enough."""
        for proof in self._waiting.expired(now_ms):
            message, was_saved = self._wake(proof)
            known = proof.subject in self.blocks
            reason = Reason.PAYLOAD_UNAVAILABLE if known else Reason.UNKNOWN_BLOCK
            refusal = GossipIgnore(reason, block_root=proof.subject)
            self._report(message, refusal, was_saved=was_saved)
        for own in self._own.due(now_ms) if self._own is not None else ():
            self._try(own)

    def _wake(self, proof: WaitingProof) -> tuple[GossipMessage, bool]:
        """Give the message of a proof that waits no longer, and whether nobody waits for it."""
        self._effects.append(DropWaiting(proof.message_id))
        was_saved = proof.message_id in self._restored
        self._restored.discard(proof.message_id)
        message = GossipMessage(proof.topic, proof.data, proof.message_id, str(proof.from_peer))
        return message, was_saved

    def _start_verifications(self, now_ms: int) -> None:
        for job_id in self._queue.start(now_ms):
            job = self._jobs[job_id]
            kind, data = job.proof.proof_type, job.proof.proof_data
            self._effects.append(VerifyProof(job_id, kind, data, job.message.message_id))

    def _ask_to_be_woken(self) -> None:
        times_ms = [self._waiting.next_expiry_ms()]
        if self._own is not None:
            times_ms.append(self._own.next_wake_ms())
        wake_at_ms = min((time_ms for time_ms in times_ms if time_ms is not None), default=None)
        if wake_at_ms is not None and wake_at_ms != self._wake_at_ms:
            self._effects.append(WakeAt(wake_at_ms))
        self._wake_at_ms = wake_at_ms

    # --- Memory -------------------------------------------------------------------------------

    def _view(self) -> GossipView:
        judges_slots = GossipRule.BLOCK_NOT_FINALIZED in self.settings.order
        return GossipView(
            blocks=ChainMap(self.blocks, self._finalized) if judges_slots else self.blocks,
            seen=self._seen,
            proof_types=self.settings.proof_types,
            finalized_slot=self._finalized_slot,
            max_proof_bytes=self.settings.max_proof_bytes,
        )

    def _release(self, proof: GossipedProof) -> None:
        seen = self._seen.get(proof.subject)
        if seen is not None:
            release_proof(seen, proof)

    def _restore_waiting(self, proof: WaitingProof) -> None:
        if proof.from_peer != OURS:
            self._waiting.add(proof)
            self._restored.add(proof.message_id)
        elif self._own is not None:
            self._own.restore(proof)
        else:
            # Nobody signs here any more.
            self._effects.append(DropWaiting(proof.message_id))

    def _restore_mark(self, mark: ProofMark) -> None:
        seen = self._seen.get(mark.subject)
        if seen is None:
            return
        seen.roots.add(mark.proof_root)
        seen.provers.add((mark.proof_type, mark.validator_index))
        if mark.is_valid:
            seen.valid_types.add(mark.proof_type)
