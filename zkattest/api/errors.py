"""Turn what an engine answers into HTTP: whose fault it is, and when to ask again."""

from __future__ import annotations

import math
from typing import Final

from zkattest.api.fields import Model
from zkattest.api.operations import JSON, Answered, HttpFailure
from zkattest.spec.reasons import Cause
from zkattest.spec.verdicts import NotChecked

# What an asker chose badly; everything else that cannot be checked is ours.
UNKNOWN_PROGRAMS: Final = frozenset({Cause.UNKNOWN_PROOF_TYPE, Cause.UNKNOWN_PROGRAM_VK})
NOT_ENABLED: Final = frozenset(
    {Cause.PROGRAM_REVOKED, Cause.UNSUPPORTED_PROOF_SYSTEM, Cause.UNSUPPORTED_PROOF_KIND}
)
BUSY: Final = frozenset({Cause.OUT_OF_RESOURCES})
_SHOWN_CHARACTERS: Final = 480


class ErrorResponse(Model):
    """Say what is wrong: the status, and one line."""

    code: int
    message: str


def error_answers(*statuses: int) -> dict[int, Answered]:
    """Describe errors by their status."""
    return {status: Answered(_MEANINGS[status], {JSON: ErrorResponse}) for status in statuses}


_MEANINGS: Final = {
    400: "The request is wrong.",
    401: "A token is missing, or does not hold.",
    403: "Web pages may not post here.",
    404: "There is no such thing.",
    405: "The path does not take this method.",
    406: "No kind of answer that is wanted can be given.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    429: "Too many requests; Retry-After says when to ask again.",
    500: "We could not check; nothing is said about the proof.",
    501: "This engine does not know the chain.",
    503: "Other requests are being worked on; Retry-After says when to ask again.",
}


def shown(text: str) -> str:
    """Show what may come from outside as one printable line of bounded length."""
    line = "".join(c if c.isprintable() else "?" for c in text)
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"


def in_words(word: str, detail: str) -> str:
    """Say a reason or a cause in one line, with its detail, which may begin with it."""
    if not detail or detail.startswith(word):
        return detail or str(word)
    return f"{word}: {detail}"


def not_checked(answer: NotChecked) -> HttpFailure:
    """Say as an error that there is no verdict: 503 where time may help, 500 otherwise."""
    message = f"not checked: {in_words(answer.cause, answer.detail)}"
    if answer.cause in BUSY or answer.retry_after_ms is not None:
        return HttpFailure(503, message, headers=retry_after(answer.retry_after_ms))
    return HttpFailure(500, message)


def retry_after(delay_ms: int | None) -> dict[str, str]:
    """Write a delay as the header that asks for it, whole seconds, at least one."""
    return {"Retry-After": str(max(1, math.ceil((delay_ms or 0) / 1000)))}
