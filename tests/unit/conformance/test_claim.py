"""Inputs of the claim runner that are no question; the answers are tested by the vectors."""

import json
from pathlib import Path

import pytest

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.claim import check_claim
from zkattest.conformance.outcome import cannot_check, valid
from zkattest.conformance.values import CaseError


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "input.task: missing"),
        ({"task": ["bind"]}, "input.task: expected "),
        ({"task": "sing"}, "input.task: expected bind, compare, judge, decode_claim"),
        ({"task": "bind"}, "input.parent_block: missing"),
        ({"task": "decode_claim", "claim_ssz": "x"}, "input.claim_ssz: expected 0x"),
    ],
)
def test_claim__refused_input(given, reason):
    case = VectorCase("claim/a/b", "claim", Path(), "", "", "", (), {}, given, valid())
    with pytest.raises(CaseError) as caught:
        check_claim(case)
    assert str(caught.value).startswith(reason)


def test_claim__not_checked_where_the_parent_is_too_much_to_decode():
    # 4,000 transactions of one byte each: what no answer once came of.
    corpus = Path(__file__).parents[2] / "fuzz" / "corpus" / "vector" / "crowded-parent"
    given = json.loads(corpus.read_bytes())
    case = VectorCase("claim/a/b", "claim", Path(), "", "", "", (), {}, given, valid())
    assert check_claim(case) == cannot_check("out_of_resources")
