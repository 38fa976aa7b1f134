"""The first transaction counts, and of it the rule that stands first."""

import numpy as np
import pytest

from zkattest.spec.first_refusal import FirstRefusal
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Reason
from zkattest.types.words import Words


def mask(*rows: int) -> np.ndarray:
    return np.isin(np.arange(4), rows)


def refusal(first: FirstRefusal) -> tuple[Reason, dict]:
    with pytest.raises(InvalidBlock) as caught:
        first.raise_first()
    return caught.value.reason, caught.value.operands


def test_first_refusal__nothing_when_no_row_is_marked():
    first = FirstRefusal()
    first.where(mask(), Reason.NONCE_MISMATCH)
    first.raise_first()


def test_first_refusal__earlier_row_before_earlier_rule():
    first = FirstRefusal()
    first.where(mask(2, 3), Reason.NONCE_MISMATCH)
    first.where(mask(1, 3), Reason.BALANCE_TOO_LOW)
    assert refusal(first) == (Reason.BALANCE_TOO_LOW, {"index": 1})


def test_first_refusal__earlier_rule_of_one_row():
    first = FirstRefusal()
    first.where(mask(2), Reason.NONCE_MISMATCH)
    first.where(mask(2), Reason.BALANCE_TOO_LOW)
    assert refusal(first)[0] is Reason.NONCE_MISMATCH


def test_first_refusal__operands_are_those_of_the_row():
    first = FirstRefusal()
    wide = Words.from_bytes(b"".join((2**200 + row).to_bytes(32, "big") for row in range(4)))
    first.where(
        mask(3),
        Reason.FEE_CAP_TOO_LARGE,
        got=wide,
        narrow=np.arange(4, dtype=np.uint64),
        limit=7,
        made=lambda row: f"row {row}",
    )
    operands = {"index": 3, "got": 2**200 + 3, "narrow": 3, "limit": 7, "made": "row 3"}
    assert refusal(first) == (Reason.FEE_CAP_TOO_LARGE, operands)


def test_first_refusal__no_answer_for_an_earlier_row_comes_first():
    first = FirstRefusal()
    first.at(2, Reason.NONCE_MISMATCH)
    first.because(1, lambda: CannotVerify(Cause.MISSING_NODE))
    with pytest.raises(CannotVerify):
        first.raise_first()
