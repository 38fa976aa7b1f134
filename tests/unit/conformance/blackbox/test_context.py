"""One context for all cases that one node can be shown; the others are named with the reason."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from zkattest.conformance.blackbox.context import make_context
from zkattest.conformance.cases import VectorCase
from zkattest.conformance.registry import find_cases
from zkattest.conformance.values import CaseError

PACK = Path(__file__).resolve().parents[4] / "vectors" / "eip8025"


def read(pattern: str) -> list[VectorCase]:
    return [one.read() for one in find_cases(PACK / "beta4", pattern)]


@pytest.fixture(scope="module")
def beta4() -> list[VectorCase]:
    return read("beta4/gossip/")


def test_context__holds_every_block_and_every_answer_of_its_cases(beta4):
    context = make_context(beta4)
    written = json.loads(context.render())
    assert len(context.plays) + len(context.hidden) == len(beta4)
    roots = [one["root"] for one in written["blocks"]]
    assert len(roots) == len(set(roots))
    answers = {(one["root"], one["proof_sha256"]): one["answer"] for one in written["engine"]}
    for play in context.plays:
        assert {one["root"] for one in play.case.input["blocks"]} <= set(roots)
        for sent in (*play.before, play.sent):
            if sent.engine is not None:
                key = (str(sent.subject), "0x" + sent.proof_sha256.hex())
                assert answers[key] == sent.engine["answer"]


def test_context__names_network_and_topic():
    context = make_context(read("beta4/gossip/accepted/proof__accept_32_bytes"))
    written = context.to_json()
    digest = context.fork_digest
    assert len(digest) == 4
    assert written["fork_digest"] == "0x" + digest.hex()
    assert written["topic"] == f"/eth2/{digest.hex()}/execution_proof/ssz_snappy"
    assert context.topic(b"\1\2\3\4") == "/eth2/01020304/execution_proof/ssz_snappy"
    assert (len(context.plays), len(written["blocks"]), len(written["engine"])) == (1, 1, 1)
    assert (written["finalized_slot"], written["proof_types"]) == (64, [1, 2, 3])


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("beta4/pool/arrival/block_first__accept", "pool: not about one message that comes"),
        ("beta4/ssz/message/message__valid_31_bytes", "ssz: not about one message that comes"),
        ("beta4/gossip/engine/fault__ignore_validator_not_checked",
         "nobody can have a node's own look-ups fail"),
        ("beta4/gossip/size/limit__accept_1024_bytes", "about a limit that a network may set"),
        ("beta4/gossip/type/fewer__reject_2", "it is about another network than most"),
        ("beta4/gossip/order/block_not_finalized__ignore_before_no_valid_proof",
         "what came before would have come before a slot was finalized"),
    ],
)  # fmt: skip
def test_context__hides_what_cannot_be_shown(pattern, why):
    shown = read("beta4/gossip/accepted/")
    context = make_context([*shown, *read(pattern)])
    assert dict(context.hidden) == {pattern: why}
    assert len(context.plays) == len(shown)


def test_context__refused_where_nothing_can_be_shown():
    with pytest.raises(CaseError, match="no case that a running node can be shown"):
        make_context(read("beta4/ssz/bytes/"))


def test_context__refused_for_several_profiles():
    other = [one.read() for one in find_cases(PACK / "cs5566", "accepted/proof__accept_32_bytes")]
    with pytest.raises(CaseError, match="profile: cases of several profiles"):
        make_context([*read("accepted/proof__accept_32_bytes"), *other])


def test_context__refused_where_the_engine_would_say_two_things():
    (good,) = read("beta4/gossip/accepted/proof__accept_32_bytes")
    other = replace(good, input={**good.input, "engine": {"answer": "invalid"}})
    with pytest.raises(CaseError, match="the engine says two things of one proof"):
        make_context([good, other])


def test_context__refused_where_two_cases_know_a_block_differently():
    (good,) = read("beta4/gossip/accepted/proof__accept_32_bytes")
    blocks = [{**good.input["blocks"][0], "slot": 101}]
    with pytest.raises(CaseError, match="two cases say different things of one block"):
        make_context([good, replace(good, input={**good.input, "blocks": blocks})])


def test_context__refused_for_a_case_that_is_none():
    (good,) = read("beta4/gossip/accepted/proof__accept_32_bytes")
    for change, field in (({"seen": 7}, "input.seen"), ({"blocks": [{}]}, "input.blocks.root")):
        with pytest.raises(CaseError) as caught:
            make_context([replace(good, input={**good.input, **change})])
        assert caught.value.field == field
