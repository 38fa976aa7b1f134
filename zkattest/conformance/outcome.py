"""Say what a check gave, and compare it with what a vector expects; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from zkattest.conformance.values import CaseError, as_json, read_object

# What another program may leave out; when it gives them they have to be right.
OPTIONAL: Final = frozenset({"operands", "notices", "marked"})
# Words for people: two right programs say them differently.
INFORMATIVE: Final = "detail"
# Members of an answer that are about the question.
ENVELOPE: Final = frozenset({"id", "verdict"})
_SHOWN_CHARACTERS: Final = 160


class Verdict(StrEnum):
    """
    Name the answers.

    Gossiped messages are accepted, ignored or rejected, and a script is played, whatever it gives.
    `skipped` is for programs that do not check everything.
    """

    VALID = "valid"
    INVALID = "invalid"
    CANNOT_CHECK = "cannot_check"
    ACCEPT = "accept"
    IGNORE = "ignore"
    REJECT = "reject"
    PLAYED = "played"
    SKIPPED = "skipped"


# What a verdict is given with.
_WORDS: Final = {
    Verdict.INVALID: "reason",
    Verdict.CANNOT_CHECK: "cause",
    Verdict.IGNORE: "reason",
    Verdict.REJECT: "reason",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    Hold a verdict and what belongs to it.

    `values` are in the form of JSON: `reason` and `operands`, or `cause`, or what the runner asks.
    """

    verdict: Verdict
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the object that stands in a vector."""
        return {"verdict": self.verdict.value, **self.values}


def valid(**values: object) -> Outcome:
    """Say that it is valid, and what was found."""
    return Outcome(Verdict.VALID, as_json(values))


def invalid(reason: str, **operands: object) -> Outcome:
    """Say why it is invalid."""
    return Outcome(Verdict.INVALID, {"reason": str(reason), "operands": as_json(operands)})


def cannot_check(cause: str) -> Outcome:
    """Say why there is no verdict."""
    return Outcome(Verdict.CANNOT_CHECK, {"cause": str(cause)})


def read_outcome(value: object) -> Outcome:
    """Read an outcome; raise `CaseError` where the verdict or its word is missing."""
    answer = read_object(value, "answer")
    try:
        verdict = Verdict(answer.get("verdict", ""))
    except ValueError:
        known = ", ".join(Verdict)
        raise CaseError("verdict", f"{_shown(answer.get('verdict'))}, expected {known}") from None
    word = _WORDS.get(verdict)
    if word and not isinstance(answer.get(word), str):
        raise CaseError(word, f"missing beside the verdict {verdict}")
    return Outcome(verdict, {n: item for n, item in answer.items() if n not in ENVELOPE})


def differences(expected: Outcome, got: Outcome, *, is_complete: bool) -> list[str]:
    """
    List what an answer has otherwise than a vector; nothing where it passes.

    `is_complete` asks for all of it and nothing else, as of ourselves; another program may leave
    out what is optional and add what it likes.
    """
    if expected.verdict is not got.verdict:
        return [f"verdict: {_summary(got)}, expected {_summary(expected)}"]
    found = []
    for name, wanted in expected.values.items():
        if name in got.values:
            if _comparable(got.values[name]) != _comparable(wanted):
                found.append(f"{name}: {_shown(got.values[name])}, expected {_shown(wanted)}")
        elif is_complete or name not in OPTIONAL:
            found.append(f"{name}: missing, expected {_shown(wanted)}")
    if is_complete:
        extra = got.values.keys() - expected.values.keys()
        found += [f"{name}: {_shown(got.values[name])}, not expected" for name in sorted(extra)]
    return found


def _comparable(value: Any) -> Any:
    """Reduce a value to what is compared: numbers as text, digits in lower case, no prose."""
    if isinstance(value, dict):
        return {name: _comparable(item) for name, item in value.items() if name != INFORMATIVE}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.startswith(("0x", "0X")):
        return value.lower()
    return value


def _summary(outcome: Outcome) -> str:
    word = outcome.values.get("reason", outcome.values.get("cause"))
    return f"{outcome.verdict} ({_shown(word)})" if word else str(outcome.verdict)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
