"""Inputs of the claim runner that are no question; the answers are tested by the vectors."""

from pathlib import Path

import pytest

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.claim import check_claim
from zkattest.conformance.outcome import valid
from zkattest.conformance.values import CaseError


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "input.task: missing"),
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
