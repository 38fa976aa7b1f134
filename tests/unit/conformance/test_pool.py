"""Scripts that are none are refused by name; the answers are tested by the vectors."""

from dataclasses import replace
from pathlib import Path

import pytest

from zkattest.conformance import pool
from zkattest.conformance.cases import VectorCase
from zkattest.conformance.pool import check_pool
from zkattest.conformance.registry import find_cases
from zkattest.conformance.values import CaseError

PACK = Path(__file__).resolve().parents[3] / "vectors" / "eip8025" / "beta4" / "pool"
ROOT = "0x" + "11" * 32
MESSAGE = {"at_ms": 0, "event": "message", "name": "x", "from": "y", "message": "0x"}


def case(name: str, **change: object) -> VectorCase:
    (found,) = find_cases(PACK / name)
    read = found.read()
    return replace(read, input={**read.input, **change})


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("x", "input.events: expected an object"),
        ({"at_ms": 0}, "input.events.event: missing"),
        ({"at_ms": 0, "event": "dance"}, "input.events.event: unknown"),
        ({"at_ms": 2**53, "event": "restart"}, "input.events.at_ms: too large"),
        ({"at_ms": 0, "event": "block", "root": "0x", "slot": 1}, "input.events.root: Root: 0"),
        ({"at_ms": 0, "event": "block", "root": ROOT, "slot": 2**64}, "input.events.slot: Slot"),
        ({"at_ms": 0, "event": "payload", "root": ROOT, "public_values": "0x"}, "public_values: "),
        (MESSAGE, "input.events.engine: missing"),
        ({**MESSAGE, "name": 7}, "input.events.name: expected text"),
        ({**MESSAGE, "engine": None, "verify_ms": 2**60}, "input.events.verify_ms: too large"),
    ],
)
def test_script__refused(event, reason):
    with pytest.raises(CaseError) as caught:
        check_pool(case("arrival/block_first__accept", events=[event]))
    assert str(caught.value).startswith(reason)


def test_script__refused_where_time_goes_back():
    events = [{"at_ms": 5, "event": "restart"}, {"at_ms": 4, "event": "restart"}]
    with pytest.raises(CaseError, match=r"input\.events\.at_ms: goes back in time"):
        check_pool(case("arrival/block_first__accept", events=events))


def test_script__refused_with_a_limit_that_is_none():
    with pytest.raises(CaseError, match=r"input\.limits\.patience: unknown"):
        check_pool(case("arrival/block_first__accept", limits={"patience": 1}))


def test_script__names_a_message_that_must_not_be_verified():
    good = case("arrival/block_first__accept")
    events = [dict(one) for one in good.input["events"]]
    events[-1]["engine"] = None
    with pytest.raises(CaseError, match=r"input\.events\.engine: proof must not be verified"):
        check_pool(case("arrival/block_first__accept", events=events))


def test_script__refused_beyond_its_steps(monkeypatch):
    monkeypatch.setattr(pool, "MAX_STEPS", 3)
    with pytest.raises(CaseError, match=r"input\.events: more than 3 steps"):
        check_pool(case("arrival/block_first__accept"))
