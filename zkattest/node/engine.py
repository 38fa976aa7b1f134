"""
Answer what proofs prove: registry, cheap checks, verifiers, evidence and events behind one port.

An answer is one of three. What can be seen without cryptography is refused first, every verdict
is written down before it is told, and nothing that a caller sends can make the engine hold more
than its bounds.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from zkattest.node.engine_answers import AnswerDesk
from zkattest.node.engine_events import EngineEvents
from zkattest.node.engine_evidence import EvidenceDesk, RecentProofs
from zkattest.node.engine_programs import EnginePrograms
from zkattest.node.engine_question import Question, check_of
from zkattest.node.engine_settings import EngineSettings
from zkattest.node.loop import SystemClock
from zkattest.node.registry_file import LoadedRegistry
from zkattest.node.registry_watch import (
    look_for_update,
    tell_loaded,
    tell_shortfall,
    watch_registry,
)
from zkattest.ports import Clock
from zkattest.spec.evidence import Occasion, Outcome
from zkattest.spec.program_registry import ProgramRegistry, status_changes
from zkattest.spec.proof_policy import LostProof, PolicyResult, shortfall, unknown_names
from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.spec.verdict_index import ProvenBy, VerdictIndex
from zkattest.spec.verdicts import ProofVerdict, Submission, SubmissionStatus, Verified
from zkattest.telemetry import Measure, NullObserver, Observer
from zkattest.types.ids import ProgramVk, ProofType, Root
from zkattest.types.programs import EntryId, ProofSystem, Sha256
from zkattest.types.verification import (
    BlockId,
    Check,
    EngineEvent,
    EngineStatus,
    ProofTypeInfo,
    SubmittedProof,
)
from zkattest.types.wire import PublicValues
from zkattest.verify.isolation import VerifierChildren
from zkattest.verify.pool import Programs, VerifierPool
from zkattest.verify.registry import Registry

if TYPE_CHECKING:
    from zkattest.node.engine_chain import SubmissionDesk

__all__ = ["Engine", "open_engine"]


@dataclass(slots=True)
class Engine:
    """Implement `ProofEngine`; `run` it in a nursery for as long as it is asked."""

    settings: EngineSettings
    programs: EnginePrograms
    pool: VerifierPool
    evidence: EvidenceDesk
    observer: Observer = field(default_factory=NullObserver)
    clock: Clock = field(default_factory=SystemClock)
    events: EngineEvents = field(default_factory=EngineEvents)
    verdicts: VerdictIndex = field(default_factory=VerdictIndex)
    submissions: SubmissionDesk | None = None
    recent: RecentProofs = field(init=False)
    desk: AnswerDesk = field(init=False)

    def __post_init__(self) -> None:
        """Wire the parts."""
        bounds = self.settings.bounds
        self.recent = RecentProofs(bounds.recent_proof_bytes, self.evidence.kept)
        self.desk = AnswerDesk(
            programs=self.programs,
            pool=self.pool,
            evidence=self.evidence,
            bounds=bounds,
            observer=self.observer,
            clock=self.clock,
            settled=self._settled,
        )

    # --- The port: verdicts -------------------------------------------------------------------

    async def verify_statement(
        self,
        proof_type: ProofType,
        proof: bytes,
        expected: PublicValues,
        *,
        deadline_ms: int | None = None,
    ) -> ProofVerdict:
        """Say whether a proof of a type of the profile proves this statement."""
        try:
            entry = self.programs.usable_entry(proof_type)
        except CannotVerify as failure:
            profile = self.settings.registry.profile
            known = self.programs.registry.entry_of(profile, proof_type)
            return self.desk.not_checked(check_of(known), failure)
        question = Question(
            entry,
            proof,
            Occasion.STATEMENT,
            statement=expected,
            proof_type=proof_type,
            subject=expected.root,
        )
        return await self.desk.answer(question, deadline_ms)

    async def verify_program(
        self,
        system: ProofSystem,
        program_vk: ProgramVk,
        proof: bytes,
        public_values: bytes | None = None,
        *,
        deadline_ms: int | None = None,
    ) -> ProofVerdict:
        """Say what a proof of a registered program proves, or whether it proves these values."""
        try:
            entry = self.programs.usable_program(system, program_vk)
        except CannotVerify as failure:
            known = self.programs.registry.find(system, program_vk)
            check = check_of(known) if known else Check(system, program_vk)
            return self.desk.not_checked(check, failure)
        question = Question(entry, proof, Occasion.PROGRAM, values=public_values)
        return await self.desk.answer(question, deadline_ms)

    # --- The port: the rest -------------------------------------------------------------------

    async def submit(self, messages: Sequence[bytes]) -> tuple[Submission, ...]:
        """Judge signed proofs as the network's gossip would, each by itself."""
        if self.submissions is not None:
            return await self.submissions.submit(messages, self.settings.bounds.submission_ms)
        detail = "no chain is configured that proofs could be bound to"
        return tuple(
            Submission(
                index,
                SubmissionStatus.NOT_CHECKED,
                cause=Cause.BACKEND_UNAVAILABLE,
                detail=detail,
            )
            for index in range(len(messages))
        )

    async def submitted(self, block_id: BlockId) -> tuple[SubmittedProof, ...] | None:
        """Return the valid signed proofs of a block, None for a block that is not known."""
        return None if self.submissions is None else await self.submissions.submitted(block_id)

    async def expect_proofs(
        self, new_payload_request_root: Root, proof_types: Sequence[ProofType], *, timeout_ms: int
    ) -> bool:
        """Wait for proofs of a payload request; those that miss the time-out are failures."""
        until_ms = self.clock.now_ms() + timeout_ms
        return self.events.expect(new_payload_request_root, proof_types, until_ms)

    async def proof(self, new_payload_request_root: Root, proof_type: ProofType) -> bytes | None:
        """Return a kept valid proof of a payload request, without envelope."""
        return await self.recent.get(new_payload_request_root, proof_type)

    def proof_types(self) -> tuple[ProofTypeInfo, ...]:
        """Return the proof types of the profile, in the order of their numbers."""
        return self.programs.infos()

    def status(self) -> EngineStatus:
        """Say whether the engine can answer, and how busy it is."""
        infos, log = self.proof_types(), self.evidence.log
        obstacles = [f"{info.proof_type}: {info.obstacle}" for info in infos if info.obstacle]
        if self.evidence.failure:
            obstacles.append(f"evidence: {self.evidence.failure}")
        if self.programs.file.refused_update:
            obstacles.append(f"registry: {self.programs.file.refused_update}")
        return EngineStatus(
            is_ready=self.desk.nursery is not None and any(info.can_verify for info in infos),
            chain_id=self.settings.chain_id,
            schema_id=self.settings.schema_id,
            registry=self.programs.state(),
            verifying=self.pool.busy,
            waiting=self.pool.waiting,
            max_waiting=self.settings.bounds.waiting,
            has_chain=self.submissions is not None,
            evidence_records=log.records if log else None,
            obstacles=tuple(obstacles),
        )

    def subscribe(
        self, new_payload_request_root: Root | None = None
    ) -> AbstractAsyncContextManager[AsyncGenerator[EngineEvent, None]]:
        """Open events about a payload request, or about all; raises `TooManyReaders`."""
        return self.events.subscribe(new_payload_request_root)

    # --- Policy and registry ------------------------------------------------------------------

    def judge(self, subject: Root, ms_into_slot: int) -> PolicyResult:
        """Say whether the proofs that are known of a payload request are enough."""
        registry, policy = self.programs.registry, self.settings.policy
        return self.verdicts.judge(subject, policy, registry, ms_into_slot)

    async def reload(self) -> tuple[LostProof, ...] | None:
        """Take up the registry's file where it is new and right; None where nothing changed."""
        update = await look_for_update(self.programs.file, self.observer)
        return None if update is None else await self.take_up(update)

    async def take_up(self, update: LoadedRegistry) -> tuple[LostProof, ...]:
        """Use another registry; say what changes, and which blocks lose their proof."""
        before = self.programs.registry
        await trio.to_thread.run_sync(self.programs.take_up, update)
        # Only now: what was settled while verifiers were prepared is among what may be lost.
        lost = self.verdicts.lost(self.settings.policy, before, update.registry)
        self.desk.forget()
        if self.submissions is not None:
            await self.submissions.renumber()
        changes = status_changes(before, update.registry)
        tell_loaded(self.observer, update, changes)
        self._withdraw(before, update.registry)
        self._tell_lost(lost)
        self._tell_obstacles()
        return lost

    # --- Running ------------------------------------------------------------------------------

    async def run(self, *, task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
        """Answer, keep time, and watch the registry's file, until cancelled."""
        evidence = self.settings.evidence
        try:
            async with trio.open_nursery() as nursery:
                self.desk.nursery = nursery
                nursery.start_soon(self._keep_time)
                nursery.start_soon(
                    watch_registry,
                    self.programs.file,
                    self.take_up,
                    self.observer,
                    self.settings.registry_poll_ms,
                )
                if evidence is not None:
                    nursery.start_soon(self.evidence.keep_flushing, evidence.flush_ms)
                if self.submissions is not None:
                    nursery.start_soon(self.submissions.run)
                self._tell_obstacles()
                task_status.started()
        finally:
            self.desk.nursery = None

    def recall(self) -> None:
        """Take up what the newest evidence says, so that a restart forgets nothing. Blocks."""
        for record, link in self.evidence.recent():
            self.verdicts.add_record(record, link.id)
            if (
                record.outcome is Outcome.VALID
                and record.subject is not None
                and record.proof_type is not None
                and self._stands_for(record.proof_type, record.entry)
            ):
                self.recent.note(record.subject, record.proof_type, record.proof)
                self.events.board.complete(record.subject, record.proof_type)

    def recall_submitted(self) -> None:
        """Take up what the store of proofs says, for which no evidence may be kept."""
        for subject, proof_type in self.submissions.known_valid() if self.submissions else ():
            entry = self.programs.registry.entry_of(self.settings.registry.profile, proof_type)
            if entry is not None:
                program = ProvenBy(entry.id, entry.system, entry.program_vk)
                self.verdicts.add(subject, program, None)

    async def _keep_time(self) -> None:
        while True:
            self.events.expire(self.clock.now_ms())
            next_ms = self.events.board.next_expiry_ms()
            left_ms = None if next_ms is None else next_ms - self.clock.now_ms()
            await self.events.wait_for_change(left_ms)

    # --- What follows from a verdict ----------------------------------------------------------

    def _settled(self, question: Question, verdict: ProofVerdict, digest: Sha256) -> None:
        """Hold a valid proof of a valid block, and tell who waits for it."""
        statement, proof_type, entry = question.statement, question.proof_type, question.entry
        if not isinstance(verdict, Verified) or statement is None or not statement.valid:
            return
        program = ProvenBy(entry.id, entry.system, entry.program_vk)
        was_proven = self.judge(statement.root, 0).is_proven
        self.verdicts.add(statement.root, program, verdict.check.evidence_id)
        if not was_proven:
            self._tell_proven(statement.root)
        if proof_type is not None and self._stands_for(proof_type, entry.id):
            self.recent.add(statement.root, proof_type, question.proof, digest)
            self.events.complete(statement.root, proof_type)

    def _tell_proven(self, subject: Root) -> None:
        """Say that a block is proven, and on what evidence, once the policy is met."""
        result = self.judge(subject, 0)
        if result.is_proven:
            self.observer.event(
                "block_proven",
                subject=subject,
                policy=result.policy,
                programs=[str(name) for name in result.counted],
                weight=result.weight,
                evidence=[str(name) for name in result.evidence],
            )

    def _withdraw(self, before: ProgramRegistry, after: ProgramRegistry) -> None:
        """Hand out no more proofs of what is trusted no longer, and tell who counted on them."""
        profile = self.settings.registry.profile
        for number, name in before.profiles[profile].proof_types.items():
            old, new = before.entries[name], after.entry_of(profile, number)
            is_same = new is not None and ProvenBy(old.id, old.system, old.program_vk).is_still(new)
            if new is not None and is_same and new.is_usable:
                continue
            entry = after.entries.get(name)
            is_usable = entry is not None and entry.is_usable
            why = f"is no longer type {number}" if is_usable else "is trusted no longer"
            self.recent.drop_type(number)
            for event in self.events.board.catch_up(None):
                if event.proof_type == number:
                    root = event.new_payload_request_root
                    self.events.withdraw(root, number, f"{name} {why}")

    def _tell_lost(self, lost: Sequence[LostProof]) -> None:
        for one in lost:
            names = [name for name, _ in one.after.excluded]
            self.observer.count(Measure.PROOFS_LOST, ",".join(names))
            self.observer.event(
                "proof_lost",
                subject=one.subject,
                entries=names,
                policy=one.after.policy,
                reason=one.after.reason,
            )

    def _tell_obstacles(self) -> None:
        for name, detail in self.programs.obstacles.items():
            self.observer.event("program_not_usable", entry=name, detail=detail)
        policy, known = self.settings.policy, self.programs.registry.entries
        tell_shortfall(self.observer, shortfall(policy, self.programs.profile_entries))
        for name in unknown_names(policy, known):
            self.observer.event("policy_names_unknown_program", entry=name, policy=policy.name)

    def _stands_for(self, proof_type: ProofType, name: EntryId | None) -> bool:
        entry = self.programs.registry.entry_of(self.settings.registry.profile, proof_type)
        return entry is not None and entry.id == name and entry.is_usable


@asynccontextmanager
async def open_engine(
    settings: EngineSettings,
    observer: Observer | None = None,
    *,
    isolate: Callable[[Registry], Programs] | None = None,
) -> AsyncIterator[Engine]:
    """
    Make an engine, run it, and close what it holds afterwards.

    `isolate` replaces the child processes that `settings.isolation` asks for. Raises
    `ConfigError` for a registry that is wrong, and `StoreError` for evidence that is.
    """
    observer = observer or NullObserver()
    async with AsyncExitStack() as stack:
        closing = stack.enter_context(ExitStack())
        engine = await trio.to_thread.run_sync(_compose, settings, observer, isolate, closing)
        if settings.chain is not None:
            # It brings a database's library, which an engine without a chain does without.
            from zkattest.node.engine_chain import open_submissions

            engine.submissions = await stack.enter_async_context(
                open_submissions(settings.chain, engine.programs, engine.desk, observer)
            )
            engine.recall_submitted()
        async with trio.open_nursery() as nursery:
            await nursery.start(engine.run)
            yield engine
            nursery.cancel_scope.cancel()


def _compose(
    settings: EngineSettings,
    observer: Observer,
    isolate: Callable[[Registry], Programs] | None,
    closing: ExitStack,
) -> Engine:
    """Put the parts together; files are read, so this blocks."""
    bounds = settings.bounds
    if isolate is None and settings.isolation:
        isolate = partial(_children, closing, bounds.deadline_ms)
    programs = EnginePrograms(settings.registry, isolate)
    pool = VerifierPool(
        programs,
        threads=bounds.threads,
        deadline_ms=bounds.deadline_ms,
        max_pending=bounds.waiting,
    )
    evidence = EvidenceDesk.open(settings.evidence, observer, closing)
    engine = Engine(settings, programs, pool, evidence, observer)
    engine.recall()
    return engine


def _children(closing: ExitStack, deadline_ms: int, registry: Registry) -> Programs:
    children = VerifierChildren(registry, deadline_ms=deadline_ms)
    closing.callback(children.close)
    return children
