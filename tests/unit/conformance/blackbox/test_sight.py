"""What was seen leaves verdicts possible; an expected one among them agrees."""

import pytest

from zkattest.conformance.blackbox.sight import (
    Agreement,
    Comparison,
    accepted,
    compare,
    ignored,
    not_accepted,
    not_rejected,
    nothing,
    rejected,
)
from zkattest.conformance.outcome import Outcome, Verdict

ACCEPT = Outcome(Verdict.ACCEPT)
IGNORE = Outcome(Verdict.IGNORE, {"reason": "unknown_block", "retry": True})
REJECT = Outcome(Verdict.REJECT, {"reason": "proof_invalid"})
AGREES, DIFFERS = Agreement.AGREES, Agreement.DIFFERS


@pytest.mark.parametrize(
    ("sight", "words", "agreements"),
    [
        (accepted("x"), "accept", (AGREES, DIFFERS, DIFFERS)),
        (ignored("x"), "ignore", (DIFFERS, AGREES, DIFFERS)),
        (rejected("x"), "reject", (DIFFERS, DIFFERS, AGREES)),
        (not_accepted("x"), "ignore or reject", (DIFFERS, AGREES, AGREES)),
        (not_rejected("x"), "accept or ignore", (AGREES, AGREES, DIFFERS)),
        (nothing("x"), "", (Agreement.NOT_OBSERVED,) * 3),
    ],
)
def test_sight__compared(sight, words, agreements):
    assert sight.words == words
    found = [compare("a/b", expected, sight) for expected in (ACCEPT, IGNORE, REJECT)]
    assert tuple(one.agreement for one in found) == agreements
    assert sight.is_accepted is (words == "accept")


def test_comparison__names_what_is_expected():
    assert compare("a/b", IGNORE, accepted("forwarded")) == Comparison(
        case_id="a/b",
        agreement=DIFFERS,
        expected="ignore (unknown_block)",
        observed="accept",
        why="forwarded",
    )
