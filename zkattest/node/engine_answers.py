"""
Answer questions: each is verified once, however many ask it, and written down before it is told.

A verification belongs to the engine and not to who asked: a caller that goes away, or has no more
time, ends its own wait and nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import trio

from zkattest.crypto.hashing import sha256
from zkattest.node.engine_evidence import EvidenceDesk
from zkattest.node.engine_programs import EnginePrograms
from zkattest.node.engine_question import (
    Question,
    check_of,
    not_checked,
    outcome_word,
    record_of,
    refused,
)
from zkattest.node.engine_settings import EngineBounds
from zkattest.ports import Clock
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.spec.statement_check import check_question, require_statement
from zkattest.spec.verdict_index import ProvenBy
from zkattest.spec.verdicts import NotChecked, ProofVerdict, Verified
from zkattest.telemetry import Measure, Observer
from zkattest.types.programs import EntryId, ProgramEntry, Sha256
from zkattest.types.verification import Check
from zkattest.verify.pool import VerifierPool
from zkattest.verify.proof import VerifiedProof

_Key: TypeAlias = tuple[EntryId, Sha256, bytes | None]


@dataclass(slots=True)
class _Flight:
    """Hold a verification that several may wait for."""

    done: trio.Event = field(default_factory=trio.Event)
    verdict: ProofVerdict | None = None


@dataclass(slots=True)
class AnswerDesk:
    """Verify in a pool, remember what was found out, and write it down."""

    programs: EnginePrograms
    pool: VerifierPool
    evidence: EvidenceDesk
    bounds: EngineBounds
    observer: Observer
    clock: Clock
    settled: Callable[[Question, ProofVerdict, Sha256], None]
    """Hear of every verdict of a program that still counts, once."""
    nursery: trio.Nursery | None = None
    """Where verifications run; None while the engine does not."""
    _flights: dict[_Key, _Flight] = field(default_factory=dict)
    _known: OrderedDict[_Key, ProofVerdict] = field(default_factory=OrderedDict)
    _calls: int = 0

    async def answer(self, question: Question, deadline_ms: int | None = None) -> ProofVerdict:
        """Answer within `deadline_ms`, and within the engine's own time in any case."""
        check, most_ms = check_of(question.entry), self.bounds.deadline_ms
        wait_ms = most_ms if deadline_ms is None else min(deadline_ms, most_ms)
        if self._calls >= self.bounds.calls:
            return self.fail(check, Cause.OUT_OF_RESOURCES, f"{self._calls} calls are open")
        self._calls += 1
        verdict: ProofVerdict | None = None
        try:
            with trio.move_on_after(max(0, wait_ms) / 1000):
                verdict = await self._answer(question)
        finally:
            self._calls -= 1
        return verdict or self.fail(check, Cause.TIMEOUT, f"no answer within {wait_ms} ms")

    def fail(self, check: Check, cause: Cause, detail: str) -> NotChecked:
        """Say that nothing was found out, and count it."""
        return self.not_checked(check, CannotVerify(cause, detail))

    def not_checked(self, check: Check, failure: CannotVerify) -> NotChecked:
        """Say that nothing was found out, and count it."""
        verdict = not_checked(check, failure)
        self.observer.count(Measure.ENGINE_VERDICTS, outcome_word(verdict))
        return verdict

    def forget(self) -> None:
        """Verify everything anew: programs may have changed."""
        self._known.clear()

    async def _answer(self, question: Question) -> ProofVerdict:
        """Share the verification of a question that is asked already, or begin one."""
        digest = Sha256(await trio.to_thread.run_sync(sha256, question.proof))
        key = (question.entry.id, digest, question.expected)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        flight = self._flights.get(key)
        if flight is None:
            if self.nursery is None:
                detail = "the engine does not run"
                return self.fail(check_of(question.entry), Cause.BACKEND_UNAVAILABLE, detail)
            flight = self._flights[key] = _Flight()
            self.nursery.start_soon(self._fly, key, flight, question)
        await flight.done.wait()
        return flight.verdict or self.fail(
            check_of(question.entry), Cause.BACKEND_UNAVAILABLE, "the engine stops"
        )

    async def _fly(self, key: _Key, flight: _Flight, question: Question) -> None:
        """Verify, write the verdict down, and tell everybody who waits."""
        try:
            verdict = await self._verify(question, key[1])
            if isinstance(verdict, NotChecked):
                flight.verdict = verdict
            elif self._is_current(question.entry):
                flight.verdict = self._known[key] = verdict
                if len(self._known) > self.bounds.verdicts:
                    self._known.popitem(last=False)
                self.settled(question, verdict, key[1])
            else:
                # Revoked while it was verified: the record stands, and nobody is told to trust it.
                failure = CannotVerify(Cause.PROGRAM_REVOKED, str(question.entry.id))
                flight.verdict = not_checked(check_of(question.entry), failure)
        finally:
            del self._flights[key]
            flight.done.set()

    async def _verify(self, question: Question, digest: Sha256) -> ProofVerdict:
        started, verified = trio.current_time(), None
        check = check_of(question.entry)
        verdict: ProofVerdict
        try:
            verified = await self._ask_verifier(question)
            check = replace(check, verifier_version=verified.circuit_version)
            if question.statement is not None:
                require_statement(verified.public_values, question.statement)
            verdict = Verified(check, verified.public_values)
        except InvalidProof as refusal:
            verdict = refused(check, refusal)
        except CannotVerify as failure:
            verdict = not_checked(check, failure)
        elapsed_ms = (trio.current_time() - started) * 1000
        if verified is not None:
            # What the verifier measured: waiting for a thread is not work.
            elapsed_ms = verified.decode_ms + verified.verify_ms
        return await self._write_down(question, digest, _timed(verdict, elapsed_ms))

    async def _ask_verifier(self, question: Question) -> VerifiedProof:
        """Check what costs nothing, then the proof; raises `InvalidProof` or `CannotVerify`."""
        system, program_vk = question.entry.system, question.entry.program_vk
        if question.statement is not None:
            limit_bytes = self.programs.verifier(system, program_vk).max_proof_bytes
            check_question(
                question.entry.statement, question.statement, len(question.proof), limit_bytes
            )
        return await self.pool.verify(system, program_vk, question.proof, question.expected)

    async def _write_down(
        self, question: Question, digest: Sha256, verdict: ProofVerdict
    ) -> ProofVerdict:
        record = record_of(question, digest, verdict, self.clock.now_ms())
        evidence_id = await self.evidence.write(record, question.proof)
        self.observer.count(Measure.ENGINE_VERDICTS, outcome_word(verdict))
        check = verdict.check
        if check.system is not None and not isinstance(verdict, NotChecked):
            self.observer.observe_ms(Measure.PROOF_VERIFY_MS, check.elapsed_ms, check.system.value)
        return replace(verdict, check=replace(check, evidence_id=evidence_id))

    def _is_current(self, entry: ProgramEntry) -> bool:
        found = self.programs.registry.entries.get(entry.id)
        program = ProvenBy(entry.id, entry.system, entry.program_vk)
        return found is not None and found.is_usable and program.is_still(found)


def _timed(verdict: ProofVerdict, elapsed_ms: float) -> ProofVerdict:
    return replace(verdict, check=replace(verdict.check, elapsed_ms=elapsed_ms))
