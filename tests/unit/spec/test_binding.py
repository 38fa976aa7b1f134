"""Six comparisons in the order of the EIP, and the claim that a child makes."""

from dataclasses import replace

import pytest

from tests.helpers.blocks import Case
from zkattest.crypto.blocks import WitnessAccounts
from zkattest.spec.binding import bind_parent, compare_outputs
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import InvalidBlock, Reason
from zkattest.spec.static_block import ChainView, read_block, validate_block

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


def test_outputs__left_to_the_proof_when_none_are_tracked():
    # The header says that its parent was reverted; its base fee has to say the same.
    header = {"parent_execution_reverted": True, "parent_bloom": b"\x03" * 256}
    case = Case(header={**header, "base_fee_per_gas": 875_000_000})
    package = case.package()
    block = read_block(package.block, OSAKA)
    chain = ChainView(package.chain_id, case.parent, None)
    accounts = WitnessAccounts(package.witness.state, (), block.header.pre_state_root)
    validate_block(chain, block, accounts, (), OSAKA)
    claim = bind_parent(block.header, block.header.parent_hash, case.claim.transactions_root)
    assert claim.execution_reverted
    with pytest.raises(InvalidBlock, match="parent_bloom_mismatch"):
        compare_outputs(block.header, case.claim)
    lying = read_block(replace(case, header=header).package().block, OSAKA)
    with pytest.raises(InvalidBlock, match="base_fee_mismatch"):
        validate_block(chain, lying, accounts, (), OSAKA)
