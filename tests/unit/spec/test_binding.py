"""Six comparisons in the order of the EIP, and the claim that a child makes."""

from dataclasses import replace

import pytest

from tests.helpers.blocks import Case
from zkattest.spec.binding import bind_parent, compare_outputs
from zkattest.spec.reasons import InvalidBlock, Reason

OUTPUTS = [
    ("parent_transactions_root", b"\x01" * 32, Reason.PARENT_TRANSACTIONS_ROOT_MISMATCH),
    ("parent_receipt_root", b"\x02" * 32, Reason.PARENT_RECEIPT_ROOT_MISMATCH),
    ("parent_bloom", b"\x03" * 256, Reason.PARENT_BLOOM_MISMATCH),
    ("parent_requests_hash", b"\x04" * 32, Reason.PARENT_REQUESTS_HASH_MISMATCH),
    ("pre_state_root", b"\x05" * 32, Reason.PRE_STATE_ROOT_MISMATCH),
    ("parent_execution_reverted", True, Reason.PARENT_EXECUTION_REVERTED_MISMATCH),
]


@pytest.mark.parametrize(("field", "value", "reason"), OUTPUTS)
def test_outputs__refused_by_their_own_reason(field, value, reason):
    case = Case(header={field: value})
    expected = getattr(replace(case, header={}).child_header(), field)
    with pytest.raises(InvalidBlock) as caught:
        case.check()
    assert caught.value.reason is reason
    assert caught.value.operands == {"got": value, "expected": expected}


def test_outputs__refused_in_the_order_of_the_eip():
    header, claim = Case().child_header(), Case().claim
    for field, value, _ in OUTPUTS:
        header = replace(header, **{field: value})
    for field, _, reason in OUTPUTS:
        with pytest.raises(InvalidBlock) as caught:
            compare_outputs(header, claim)
        assert caught.value.reason is reason
        header = replace(header, **{field: getattr(Case().child_header(), field)})
    compare_outputs(header, claim)


def test_bound_claim__is_the_one_that_the_outputs_confirm():
    case = Case()
    header, claim = case.child_header(), case.claim
    assert bind_parent(header, claim.block_hash, claim.transactions_root) == claim
