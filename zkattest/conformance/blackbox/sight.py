"""Say what was seen of a node's verdict, and compare it with what a case expects; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zkattest.conformance.outcome import Outcome, Verdict


class Agreement(StrEnum):
    """Name the three answers about one case."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_OBSERVED = "not_observed"


@dataclass(frozen=True, slots=True)
class Sight:
    """Hold the verdicts that what was seen leaves possible; none means that nothing was seen."""

    possible: frozenset[Verdict]
    seen: str

    @property
    def is_accepted(self) -> bool:
        """Tell whether the message was accepted, beyond doubt."""
        return self.possible == {Verdict.ACCEPT}

    @property
    def is_rejected(self) -> bool:
        """Tell whether the message was held against its sender, beyond doubt."""
        return self.possible == {Verdict.REJECT}

    @property
    def words(self) -> str:
        """Name the verdicts in the order of their weight."""
        return " or ".join(one.value for one in _ORDER if one in self.possible)


_ORDER: Final = (Verdict.ACCEPT, Verdict.IGNORE, Verdict.REJECT)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold how one case went against a black box."""

    case_id: str
    agreement: Agreement
    expected: str
    observed: str
    why: str


def accepted(seen: str) -> Sight:
    """Say that a message was accepted."""
    return Sight(frozenset({Verdict.ACCEPT}), seen)


def ignored(seen: str) -> Sight:
    """Say that a message was dropped, and held against nobody."""
    return Sight(frozenset({Verdict.IGNORE}), seen)


def rejected(seen: str) -> Sight:
    """Say that a message was held against who sent it."""
    return Sight(frozenset({Verdict.REJECT}), seen)


def not_accepted(seen: str) -> Sight:
    """Say that a message was not accepted, and that no more can be told."""
    return Sight(frozenset({Verdict.IGNORE, Verdict.REJECT}), seen)


def not_rejected(seen: str) -> Sight:
    """Say that nothing was held against a message, and that no more can be told."""
    return Sight(frozenset({Verdict.ACCEPT, Verdict.IGNORE}), seen)


def nothing(why: str) -> Sight:
    """Say that nothing was seen."""
    return Sight(frozenset(), why)


def compare(case_id: str, expected: Outcome, sight: Sight) -> Comparison:
    """Compare what was seen with what is expected."""
    if not sight.possible:
        agreement = Agreement.NOT_OBSERVED
    elif expected.verdict in sight.possible:
        agreement = Agreement.AGREES
    else:
        agreement = Agreement.DIFFERS
    reason = expected.values.get("reason")
    words = f"{expected.verdict} ({reason})" if reason else expected.verdict.value
    return Comparison(case_id, agreement, words, sight.words, sight.seen)
