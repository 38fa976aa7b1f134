"""Hold a question to the engine, and write its answer as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from zkattest import __version__
from zkattest.spec.evidence import EvidenceRecord, Occasion, Outcome
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, show_operands
from zkattest.spec.verdicts import NotChecked, ProofVerdict, Refused, Verified
from zkattest.types.ids import ProofType, Root, Slot
from zkattest.types.programs import ProgramEntry, Sha256
from zkattest.types.verification import Check
from zkattest.types.wire import PublicValues

RETRY_MS: Final = 1_000
_SOFTWARE: Final = f"zkattest {__version__}"
# Public values that are longer stand in no record; such a verdict cannot be reached again.
_MAX_RECORDED_BYTES: Final = 1 << 15
# Details are told and written down; a library's message may be of any length.
_MAX_DETAIL: Final = 400


@dataclass(frozen=True, slots=True)
class Question:
    """
    Ask what a proof of a program proves, or whether it proves what is expected.

    `statement` is the expected one where it is a statement about a block, `values` any other
    expected public values. The rest goes into the record.
    """

    entry: ProgramEntry
    proof: bytes
    occasion: Occasion
    statement: PublicValues | None = None
    values: bytes | None = None
    proof_type: ProofType | None = None
    subject: Root | None = None
    slot: Slot | None = None
    envelope: Sha256 | None = None

    @property
    def expected(self) -> bytes | None:
        """Return the public values that are asked for."""
        return self.statement.encode() if self.statement is not None else self.values


def check_of(entry: ProgramEntry | None) -> Check:
    """Say what a proof is checked against."""
    return Check(entry.system, entry.program_vk, entry) if entry is not None else Check()


def refused(check: Check, refusal: InvalidProof) -> Refused:
    """Turn a refusal into a verdict; its operands are bounded."""
    operands = {
        name: value[:_MAX_DETAIL] if isinstance(value, str) else value
        for name, value in show_operands(refusal).items()
    }
    return Refused(check, refusal.reason, str(refusal)[:_MAX_DETAIL], operands)


def not_checked(check: Check, failure: CannotVerify) -> NotChecked:
    """Turn a failure to find out into a verdict."""
    may_help = failure.cause in (Cause.OUT_OF_RESOURCES, Cause.TIMEOUT)
    retry_after_ms = RETRY_MS if may_help else None
    return NotChecked(check, failure.cause, failure.detail[:_MAX_DETAIL], retry_after_ms)


def record_of(
    question: Question, digest: Sha256, verdict: ProofVerdict, now_ms: int
) -> EvidenceRecord:
    """Write down a question and its answer."""
    entry, check = question.entry, verdict.check
    record = EvidenceRecord(
        time_ms=now_ms,
        occasion=question.occasion,
        proof=digest,
        proof_bytes=len(question.proof),
        system=entry.system,
        program_vk=entry.program_vk,
        outcome=Outcome.NOT_CHECKED,
        entry=entry.id,
        proof_type=question.proof_type,
        subject=question.subject,
        slot=question.slot,
        envelope=question.envelope,
        expected=_short(question.expected),
        verifier_version=check.verifier_version,
        software=_SOFTWARE,
        elapsed_ms=check.elapsed_ms,
    )
    match verdict:
        case Verified(public_values=values):
            return replace(record, outcome=Outcome.VALID, public_values=_short(values))
        case Refused(reason=reason, detail=detail, operands=operands):
            shown: Mapping[str, str | int | bool | None] = operands
            return replace(
                record, outcome=Outcome.INVALID, reason=reason, detail=detail, operands=shown
            )
        case NotChecked(cause=cause, detail=detail):
            return replace(record, cause=cause, detail=detail)


def outcome_word(verdict: ProofVerdict) -> str:
    """Return the word that a verdict is counted under."""
    match verdict:
        case Verified():
            return Outcome.VALID
        case Refused(reason=reason):
            return reason
        case NotChecked(cause=cause):
            return cause


def _short(values: bytes | None) -> bytes | None:
    return values if values is None or len(values) <= _MAX_RECORDED_BYTES else None
