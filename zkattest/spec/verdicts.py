"""
Name what a proof engine answers: valid, refused, or not checked.

`Refused` means that a verifier ran and said no, or that what the proof commits to is visibly not
what was asked. Everything that kept us from finding out is `NotChecked`, and nobody's fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import ProofType, Root, ValidatorIndex
from zkattest.types.verification import Check, EvidenceId


@dataclass(frozen=True, slots=True)
class Verified:
    """The program proved these public values."""

    check: Check
    public_values: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The proof does not hold; `operands` are what JSON can hold, `detail` one line."""

    check: Check
    reason: Reason
    detail: str = ""
    operands: Mapping[str, str | int | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotChecked:
    """We could not find out; with `retry_after_ms` where asking again later may help."""

    check: Check
    cause: Cause
    detail: str = ""
    retry_after_ms: int | None = None


ProofVerdict: TypeAlias = Verified | Refused | NotChecked


class SubmissionStatus(StrEnum):
    """Say what became of a submitted proof."""

    ACCEPTED = "accepted"
    ALREADY_KNOWN = "already_known"
    REFUSED = "refused"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Submission:
    """
    Say what became of the submitted message with this index, counted from zero.

    A refusal has a reason, "not checked" a cause or a reason that time may cure.
    """

    index: int
    status: SubmissionStatus
    block_root: Root | None = None
    proof_type: ProofType | None = None
    validator_index: ValidatorIndex | None = None
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""
    evidence_id: EvidenceId | None = None
