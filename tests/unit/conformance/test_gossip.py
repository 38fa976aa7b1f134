"""Inputs of the gossip runner that are no question; the answers are tested by the vectors."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.gossip import check_gossip
from zkattest.conformance.outcome import Verdict
from zkattest.conformance.registry import find_cases
from zkattest.conformance.values import CaseError

PACK = Path(__file__).resolve().parents[3] / "vectors" / "eip8025" / "beta4" / "gossip"


def case(name: str) -> VectorCase:
    (found,) = find_cases(PACK / name)
    return found.read()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"message": 7}, "input.message: expected 0x"),
        ({"blocks": {}}, "input.blocks: expected a list"),
        ({"finalized_slot": -1}, "input.finalized_slot: expected an unsigned number"),
        ({"seen": [{"message": "0x", "engine": {"answer": "invalid"}}]}, "input.seen.message: "),
        ({"seen": ["x"]}, "input.seen: expected an object"),
        ({"engine": {"answer": "never"}}, "input.engine.answer: expected valid"),
    ],
)
def test_gossip__refused_input(change, reason):
    good = case("accepted/proof__accept_32_bytes")
    with pytest.raises(CaseError) as caught:
        check_gossip(replace(good, input={**good.input, **change}))
    assert str(caught.value).startswith(reason)


def test_gossip__refused_where_something_was_seen_of_an_unknown_block():
    good = case("seen/copy__ignore_after_valid")
    with pytest.raises(CaseError, match=r"input\.seen\.message: about a block that is not known"):
        check_gossip(replace(good, input={**good.input, "blocks": []}))


def test_gossip__engine_that_must_not_be_asked_is_named():
    good = case("accepted/proof__accept_32_bytes")
    assert check_gossip(good).verdict is Verdict.ACCEPT
    with pytest.raises(CaseError, match="the engine must not be asked, and was"):
        check_gossip(replace(good, input={**good.input, "engine": None}))


def test_gossip__marks_of_earlier_messages_stay_where_the_engine_is_not_asked():
    fault = {"answer": "fault", "cause": "timeout"}
    for name in ("seen/copy__ignore_after_invalid", "context/block__ignore_unknown"):
        good = case(name)
        assert check_gossip(replace(good, input={**good.input, "engine": fault})) == good.expected


def test_gossip__no_other_member_is_looked_at():
    good = case("context/block__ignore_unknown")
    text = json.dumps(check_gossip(good).to_json())
    assert text == json.dumps(check_gossip(replace(good, then="", given="", when="")).to_json())
