"""
Take signed proofs in over an interface, and judge them by the rules of gossip.

The same machine that judges what peers send judges what is submitted, with the engine as its
verifier; its network is the list of those who wait for an answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import trio

from zkattest.crypto.hashing import sha256
from zkattest.machines.events import ProofReceived, ReportGossip, VerifyProof
from zkattest.machines.proof_events import KeepProof, ProofEffect, ProofSettled, TypesChanged
from zkattest.node.beacon_feed import BeaconFeed
from zkattest.node.config_eip8025 import Eip8025Settings
from zkattest.node.eip8025 import dear_types, open_proof_gossip
from zkattest.node.engine_answers import AnswerDesk
from zkattest.node.engine_programs import EnginePrograms
from zkattest.node.engine_question import Question
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.spec.answers import Fault, ProofOutcome, ProofValid
from zkattest.spec.answers import Refused as RefusedProof
from zkattest.spec.evidence import Occasion
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.program_registry import program_names
from zkattest.spec.proof_gossip import GossipedProof
from zkattest.spec.reasons import CannotVerify, Cause, Reason
from zkattest.spec.verdicts import NotChecked, Refused, Submission, SubmissionStatus, Verified
from zkattest.store import StoreError
from zkattest.store.proofs import ProofStore
from zkattest.telemetry import Observer
from zkattest.types.errors import DecodeError
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import ProgramVk, ProofType, Root, Slot
from zkattest.types.programs import ProofSystem, Sha256
from zkattest.types.verification import (
    BlockId,
    EvidenceId,
    NamedBlock,
    ProofTypeInfo,
    SubmittedProof,
)

_SUBMITTER: Final = "submitted"
_MAX_ACCEPTED_BYTES: Final = 64 << 20
_MAX_CONTEXTS: Final = 256
_MAX_PROOFS_PER_BLOCK: Final = 64
# What is known already is as good as what is accepted; others have refused it, or will.
_KNOWN: Final = (Reason.PROOF_ALREADY_KNOWN, Reason.PROOF_ALREADY_SEEN)


@dataclass(frozen=True, slots=True)
class _Context:
    """Hold what is known of a proof that is being verified, beside the proof."""

    subject: Root
    envelope: Sha256


@dataclass(frozen=True, slots=True)
class _Word:
    """Hold the machine's word about a message."""

    report: ReportGossip
    settled: ProofSettled | None


@dataclass(slots=True)
class SubmissionDesk:
    """Carry messages to a machine of proof gossip, and its words back; a `Network` to it."""

    settings: Eip8025Settings
    programs: EnginePrograms
    answers: AnswerDesk
    _runner: ProofGossipRunner | None = None
    _waiters: dict[bytes, list[trio.MemorySendChannel[_Word]]] = field(default_factory=dict)
    _contexts: OrderedDict[bytes, _Context] = field(default_factory=OrderedDict)
    _evidence: OrderedDict[bytes, EvidenceId] = field(default_factory=OrderedDict)
    _accepted: OrderedDict[tuple[Root, ProofType], SubmittedProof] = field(
        default_factory=OrderedDict
    )
    _refused: OrderedDict[bytes, _Word] = field(default_factory=OrderedDict)
    _settled: ProofSettled | None = None

    @property
    def runner(self) -> ProofGossipRunner:
        """Return the machine's runner; there is one once the desk is open."""
        if self._runner is None:
            raise RuntimeError("the desk is not open")
        return self._runner

    def follow(self, runner: ProofGossipRunner) -> None:
        """Work with a runner from now on."""
        self._runner = runner
        runner.on_effect = self._hear

    async def run(self) -> None:
        """Judge what is submitted until cancelled."""
        send, receive = trio.open_memory_channel[GossipMessage](0)
        async with send, receive:
            await self.runner.run(receive)

    async def renumber(self) -> None:
        """Take proofs of the types that the registry's profile has now."""
        infos = self.programs.infos()
        names = program_names(_programs_of(infos))
        before = self.runner.machine.settings.programs
        for key in list(self._accepted):
            if names.get(key[1]) != before.get(key[1]):
                # What it proves was proven by another program.
                del self._accepted[key]
        self._refused.clear()
        await self.runner.tell(
            TypesChanged(
                proof_types=self.programs.numbers,
                revoked_types=_revoked_types(infos),
                dear_types=dear_types({info.proof_type: info.entry.system for info in infos}),
                programs=names,
            )
        )

    # --- Submissions --------------------------------------------------------------------------

    async def submit(self, messages: Sequence[bytes], wait_ms: int) -> tuple[Submission, ...]:
        """
        Judge messages side by side; what has no verdict in time is not checked.

        Those of one validator about one block and type come one after another, as they stand:
        the first one counts, and chance must not say which that is.
        """
        answers: dict[int, Submission] = {}
        last: dict[object, trio.Event] = {}

        async def judge(index: int, proof: GossipedProof, before: trio.Event | None) -> None:
            if before is not None:
                with trio.move_on_after(wait_ms / 1000):
                    await before.wait()
            answers[index] = await self._submit(index, messages[index], proof, wait_ms)
            done[index].set()

        done = [trio.Event() for _ in messages]
        async with trio.open_nursery() as nursery:
            for index, message in enumerate(messages):
                try:
                    proof = read_gossiped_proof(self.settings.profile, message)
                except DecodeError as error:
                    answers[index] = _malformed(index, error)
                    continue
                key = (proof.subject, proof.proof_type, proof.validator_index)
                nursery.start_soon(judge, index, proof, last.get(key))
                last[key] = done[index]
        return tuple(answers[index] for index in range(len(messages)))

    async def submitted(self, block_id: BlockId) -> tuple[SubmittedProof, ...] | None:
        """Return the valid proofs of a block, None for one that is not known."""
        root = self._root_of(block_id)
        if root is None or root not in self.runner.machine.blocks:
            return None
        store = self.runner.store
        if isinstance(store, ProofStore):
            found = await trio.to_thread.run_sync(self._stored, store, root)
        else:
            kept = (one for (block, _), one in self._accepted.items() if block == root)
            found = tuple(sorted(kept, key=lambda one: one.proof_type))
        revoked = _revoked_types(self.programs.infos())
        return tuple(one for one in found if one.proof_type not in revoked)

    def known_valid(self) -> Iterator[tuple[Root, ProofType]]:
        """Yield what valid proofs are known of: payload requests, and types of proofs."""
        machine = self.runner.machine
        for root, block in machine.blocks.items():
            if block.public_values is not None:
                for proof_type in machine.valid_types(root):
                    yield block.public_values.root, proof_type

    # --- The port of the machine --------------------------------------------------------------

    def publish(self, topic: str, ssz_bytes: bytes) -> bytes:
        """Publish nothing: what is submitted here is not gossiped from here."""
        del topic
        return sha256(ssz_bytes)[:20]

    def report(self, message_id: bytes, verdict: Verdict) -> bool:
        """Do nothing: the whole effect was heard before."""
        del verdict
        return message_id in self._waiters

    def peer_scores(self) -> dict[str, float]:
        """Know no peers."""
        return {}

    def subscribers(self, topic: str) -> int:
        """Know nobody who would be published to."""
        del topic
        return 0

    async def verify_proof(self, work: VerifyProof) -> tuple[ProofOutcome, float]:
        """Ask the engine what a proof proves, against what its block has to prove."""
        try:
            entry = self.programs.usable_entry(work.proof_type)
        except CannotVerify as failure:
            return Fault(failure.cause, failure.detail), 0.0
        # Of this message, and not of the proof: it may have been handed in for another block, too.
        context = self._contexts.get(work.message_id)
        block = self.runner.machine.blocks.get(context.subject) if context else None
        statement = block.public_values if block else None
        verdict = await self.answers.answer(
            Question(
                entry,
                work.proof,
                Occasion.ENVELOPE,
                statement=statement,
                proof_type=work.proof_type,
                subject=statement.root if statement else None,
                slot=block.slot if block else None,
                envelope=context.envelope if context else None,
            )
        )
        if verdict.check.evidence_id is not None:
            self._evidence[work.message_id] = verdict.check.evidence_id
            _bound(self._evidence)
        elapsed_ms = verdict.check.elapsed_ms
        match verdict:
            case Verified(public_values=values):
                return ProofValid(values), elapsed_ms
            case Refused(reason=reason, detail=detail):
                return RefusedProof(reason, detail), elapsed_ms
            case NotChecked(cause=cause, detail=detail):
                return Fault(cause, detail), elapsed_ms

    # --- One message --------------------------------------------------------------------------

    async def _submit(
        self, index: int, message: bytes, proof: GossipedProof, wait_ms: int
    ) -> Submission:
        envelope = Sha256(await trio.to_thread.run_sync(sha256, message))
        message_id = bytes(envelope[:20])
        self._contexts[message_id] = _Context(proof.subject, envelope)
        _bound(self._contexts)
        word = await self._ask(message, message_id, wait_ms)
        answer = self._answer(index, proof, word)
        return replace(answer, evidence_id=self._evidence.get(message_id))

    async def _ask(self, message: bytes, message_id: bytes, wait_ms: int) -> _Word | None:
        """Give a message to the machine, and wait for its word; None where none comes in time."""
        if message_id in self._refused:
            return self._refused[message_id]
        send, receive = trio.open_memory_channel[_Word](1)
        waiting = self._waiters.setdefault(message_id, [])
        waiting.append(send)
        word: _Word | None = None
        try:
            with trio.move_on_after(wait_ms / 1000):
                if len(waiting) == 1:
                    gossip = GossipMessage(_SUBMITTER, message, message_id, _SUBMITTER)
                    await self.runner.tell(ProofReceived(gossip))
                word = await receive.receive()
        finally:
            waiting.remove(send)
            if not waiting:
                self._waiters.pop(message_id, None)
        return word

    def _answer(self, index: int, proof: GossipedProof, word: _Word | None) -> Submission:
        answer = Submission(
            index,
            SubmissionStatus.NOT_CHECKED,
            block_root=proof.subject,
            proof_type=proof.proof_type,
            validator_index=proof.validator_index,
        )
        if word is None:
            # It waits on: what it lacks may still come, and then it is judged.
            block, late = self.runner.machine.blocks.get(proof.subject), "no verdict in time"
            if block is not None and block.public_values is not None:
                # Nothing is missing but our own verdict.
                return replace(answer, cause=Cause.TIMEOUT, detail=late)
            reason = Reason.UNKNOWN_BLOCK if block is None else Reason.PAYLOAD_UNAVAILABLE
            return replace(answer, reason=reason, detail=late)
        report = word.report
        answer = replace(answer, reason=report.reason, detail=report.detail)
        if report.verdict is Verdict.ACCEPT:
            return replace(answer, status=SubmissionStatus.ACCEPTED)
        if report.verdict is Verdict.REJECT:
            return replace(answer, status=SubmissionStatus.REFUSED)
        valid_types = self.runner.machine.valid_types(proof.subject)
        if report.reason in _KNOWN and proof.proof_type in valid_types:
            return replace(answer, status=SubmissionStatus.ALREADY_KNOWN)
        cause = word.settled.cause if word.settled else None
        return replace(answer, cause=cause)

    def _hear(self, effect: ProofEffect) -> None:
        """Note what the machine says of a message; the longer word comes before the report."""
        match effect:
            case ProofSettled():
                self._settled = effect
            case KeepProof(mark=mark, data=bytes() as data) if self.runner.store is None:
                self._accepted[mark.subject, mark.proof_type] = SubmittedProof(
                    mark.subject, mark.slot, mark.proof_type, mark.validator_index, data
                )
                self._bound_accepted()
            case ReportGossip():
                self._tell(effect)
            case _:
                pass

    def _tell(self, report: ReportGossip) -> None:
        settled, self._settled = self._settled, None
        word = _Word(report, settled if settled and settled.reason is report.reason else None)
        if report.verdict is Verdict.REJECT:
            self._refused[report.message_id] = word
            _bound(self._refused)
        for waiter in self._waiters.get(report.message_id, ()):
            with suppress(trio.WouldBlock):  # it has an answer, and has not gone yet
                waiter.send_nowait(word)

    # --- What was accepted --------------------------------------------------------------------

    def _bound_accepted(self) -> None:
        """Hold what no store holds, and the newest of that only."""
        while sum(len(one.message) for one in self._accepted.values()) > _MAX_ACCEPTED_BYTES:
            self._accepted.popitem(last=False)

    def _stored(self, store: ProofStore, root: Root) -> tuple[SubmittedProof, ...]:
        found = []
        try:
            for kept in store.proofs_by_root(root, _MAX_PROOFS_PER_BLOCK):
                proof = read_gossiped_proof(self.settings.profile, kept.data)
                found.append(
                    SubmittedProof(
                        root, kept.slot, kept.proof_type, proof.validator_index, kept.data
                    )
                )
        except (StoreError, DecodeError):
            return ()
        return tuple(found)

    def _root_of(self, block_id: BlockId) -> Root | None:
        if isinstance(block_id, Root):
            return block_id
        blocks = self.runner.machine.blocks
        if isinstance(block_id, Slot):
            return next((root for root, one in blocks.items() if one.slot == block_id), None)
        feed = self.runner.feed
        if not isinstance(feed, BeaconFeed):
            return None
        if block_id is NamedBlock.HEAD:
            return feed.head.root if feed.head else None
        return feed.finalized.root if feed.finalized else None


@asynccontextmanager
async def open_submissions(
    settings: Eip8025Settings, programs: EnginePrograms, answers: AnswerDesk, observer: Observer
) -> AsyncIterator[SubmissionDesk]:
    """Make a desk with a machine of its own; raises `StoreError` for a store that is wrong."""
    infos = programs.infos()
    settings = replace(settings, proof_types=_programs_of(infos))
    desk = SubmissionDesk(settings, programs, answers)
    async with open_proof_gossip(
        settings, desk, desk, observer, revoked_types=_revoked_types(infos)
    ) as runner:
        desk.follow(runner)
        yield desk


def _programs_of(
    infos: Sequence[ProofTypeInfo],
) -> dict[ProofType, tuple[ProofSystem, ProgramVk]]:
    return {info.proof_type: (info.entry.system, info.entry.program_vk) for info in infos}


def _revoked_types(infos: Sequence[ProofTypeInfo]) -> frozenset[ProofType]:
    return frozenset(info.proof_type for info in infos if not info.entry.is_usable)


def _malformed(index: int, error: DecodeError) -> Submission:
    reason = Reason.MALFORMED_MESSAGE
    return Submission(index, SubmissionStatus.REFUSED, reason=reason, detail=str(error))


def _bound(held: OrderedDict[Any, Any]) -> None:
    while len(held) > _MAX_CONTEXTS:
        held.popitem(last=False)
