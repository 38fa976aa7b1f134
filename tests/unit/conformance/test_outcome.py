"""Answers are compared as the page says: verdict, word, and what is given beside them."""

import pytest

from zkattest.conformance.outcome import (
    Outcome,
    Verdict,
    cannot_check,
    differences,
    invalid,
    read_outcome,
    valid,
)
from zkattest.conformance.values import CaseError

REFUSED = invalid("nonce_mismatch", index=1, got=2**64 - 1, sender=b"\xab\xcd")


def test_outcome__round_trip():
    for outcome in (REFUSED, cannot_check("missing_node"), valid(block_hash=b"\1", notices=[])):
        assert read_outcome(outcome.to_json()) == outcome
    assert REFUSED.to_json() == {
        "verdict": "invalid",
        "reason": "nonce_mismatch",
        "operands": {"index": 1, "got": "18446744073709551615", "sender": "0xabcd"},
    }


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "answer"),
        ({}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": ["valid"]}, "verdict"),
        ({"verdict": "invalid"}, "reason"),
        ({"verdict": "invalid", "reason": 7}, "reason"),
        ({"verdict": "cannot_check"}, "cause"),
        ({"verdict": "ignore", "retry": True}, "reason"),
        ({"verdict": "reject"}, "reason"),
    ],
)
def test_outcome__refused(value, field):
    with pytest.raises(CaseError) as caught:
        read_outcome(value)
    assert caught.value.field == field


def answer(**values):
    return read_outcome({"verdict": "invalid", "reason": "nonce_mismatch", **values})


@pytest.mark.parametrize(
    "got",
    [
        REFUSED,
        answer(),
        answer(operands={"index": "1", "got": 2**64 - 1, "sender": "0xABCD"}),
        answer(operands={**REFUSED.values["operands"], "detail": "words"}, more=1, id="x"),
    ],
)
def test_differences__none_for_another_program(got):
    assert differences(REFUSED, got, is_complete=False) == []


@pytest.mark.parametrize(
    ("got", "found"),
    [
        (valid(), "verdict: valid, expected invalid (nonce_mismatch)"),
        (cannot_check("timeout"), "verdict: cannot_check (timeout), expected invalid (nonce_m"),
        (invalid("balance_too_low"), "reason: balance_too_low, expected nonce_mismatch"),
        (answer(operands={"index": 1}), "operands: {'index': 1}, expected {'index': 1, 'got'"),
    ],
)
def test_differences__named(got, found):
    assert differences(REFUSED, got, is_complete=False)[0].startswith(found)


def test_differences__of_ourselves_are_of_everything():
    assert differences(REFUSED, REFUSED, is_complete=True) == []
    assert differences(REFUSED, answer(), is_complete=True)[0].startswith("operands: missing")
    more = Outcome(Verdict.INVALID, {**REFUSED.values, "more": 1})
    assert differences(REFUSED, more, is_complete=True) == ["more: 1, not expected"]


def test_differences__of_a_valid_case_ask_for_what_it_gives():
    expected = valid(block_hash=b"\1", notices=[])
    assert differences(expected, valid(block_hash=b"\1"), is_complete=False) == []
    assert differences(expected, valid(), is_complete=False) == [
        "block_hash: missing, expected 0x01"
    ]
    wrong = differences(expected, valid(block_hash=b"\1", notices=[1]), is_complete=False)
    assert wrong == ["notices: [1], expected []"]


def test_differences__true_is_not_one():
    assert differences(valid(flag=True), valid(flag=1), is_complete=False) != []


def test_differences__marks_may_be_left_out_and_a_retry_may_not():
    wanted = read_outcome(
        {"verdict": "ignore", "reason": "unknown_block", "marked": False, "retry": True}
    )
    said = {"verdict": "ignore", "reason": "unknown_block"}
    assert differences(wanted, read_outcome({**said, "retry": True}), is_complete=False) == []
    assert differences(wanted, read_outcome(said), is_complete=False) == [
        "retry: missing, expected True"
    ]
    wrong = read_outcome({**said, "retry": True, "marked": True})
    assert differences(wanted, wrong, is_complete=False) == ["marked: True, expected False"]


def test_differences__of_what_becomes_of_a_message():
    wanted = read_outcome({"verdict": "reject", "reason": "proof_invalid"})
    got = read_outcome({"verdict": "ignore", "reason": "not_checked"})
    assert differences(wanted, got, is_complete=True) == [
        "verdict: ignore (not_checked), expected reject (proof_invalid)"
    ]
