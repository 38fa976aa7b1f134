"""Each rule of a header refuses by its own reason."""

import pytest

from tests.helpers.blocks import GAS_LIMIT, GWEI, Case, parent_header
from zkattest.crypto.header_rlp import header_hash
from zkattest.spec.reasons import InvalidBlock, Reason
from zkattest.types.execution import EMPTY_OMMERS_HASH

STEP = GAS_LIMIT // 1024
BLOB_GAS = 2**17


def refusal(case: Case) -> tuple[Reason, dict]:
    with pytest.raises(InvalidBlock) as caught:
        case.check()
    return caught.value.reason, caught.value.operands


def test_header__valid():
    assert Case().check().number == 7


@pytest.mark.parametrize(
    ("change", "reason", "operands"),
    [
        ({"extra_data": bytes(33)}, Reason.EXTRA_DATA_TOO_LONG, {"got": 33, "limit": 32}),
        ({"difficulty": 1}, Reason.DIFFICULTY_NOT_ZERO, {"got": 1}),
        ({"difficulty": 2**255}, Reason.DIFFICULTY_NOT_ZERO, {"got": 2**255}),
        ({"nonce": b"\0" * 7 + b"\1"}, Reason.HEADER_NONCE_NOT_ZERO, {"got": b"\0" * 7 + b"\1"}),
        (
            {"ommers_hash": bytes(32)},
            Reason.OMMERS_HASH_MISMATCH,
            {"got": bytes(32), "expected": EMPTY_OMMERS_HASH},
        ),
        ({"number": 6}, Reason.NUMBER_MISMATCH, {"got": 6, "expected": 7}),
        ({"number": 8}, Reason.NUMBER_MISMATCH, {"got": 8, "expected": 7}),
        (
            {"parent_hash": bytes(32)},
            Reason.PARENT_HASH_MISMATCH,
            {"got": bytes(32), "expected": header_hash(parent_header())},
        ),
        ({"timestamp": 1_000}, Reason.TIMESTAMP_NOT_AFTER_PARENT, {"got": 1_000, "parent": 1_000}),
        (
            {"gas_limit": GAS_LIMIT + STEP},
            Reason.GAS_LIMIT_STEP_TOO_LARGE,
            {"got": GAS_LIMIT + STEP, "parent": GAS_LIMIT, "limit": STEP},
        ),
        (
            {"gas_limit": GAS_LIMIT - STEP},
            Reason.GAS_LIMIT_STEP_TOO_LARGE,
            {"got": GAS_LIMIT - STEP, "parent": GAS_LIMIT, "limit": STEP},
        ),
        (
            {"gas_used": GAS_LIMIT + 1},
            Reason.GAS_USED_EXCEEDS_GAS_LIMIT,
            {"got": GAS_LIMIT + 1, "limit": GAS_LIMIT},
        ),
        (
            {"base_fee_per_gas": GWEI + 1},
            Reason.BASE_FEE_MISMATCH,
            {"got": GWEI + 1, "expected": GWEI},
        ),
        (
            {"blob_gas_used": 10 * BLOB_GAS},
            Reason.BLOB_GAS_USED_EXCEEDS_MAXIMUM,
            {"got": 10 * BLOB_GAS, "limit": 9 * BLOB_GAS},
        ),
        ({"excess_blob_gas": 1}, Reason.EXCESS_BLOB_GAS_MISMATCH, {"got": 1, "expected": 0}),
    ],
)
def test_header__refused_field(change, reason, operands):
    assert refusal(Case(header=change)) == (reason, operands)


@pytest.mark.parametrize("change", [STEP - 1, 1 - STEP, 0])
def test_gas_limit__valid_within_the_step(change):
    Case(header={"gas_limit": GAS_LIMIT + change}).check()


@pytest.mark.parametrize(
    "change", [{"extra_data": bytes(32)}, {"gas_used": GAS_LIMIT}, {"timestamp": 1_001}]
)
def test_header__valid_at_the_bound(change):
    Case(header=change).check()


def test_gas_limit__valid_at_the_minimum():
    parent = parent_header(gas_limit=5_000, gas_used=2_500)
    Case(transactions=(), parent=parent).check()


def test_gas_limit__refused_below_minimum():
    parent = parent_header(gas_limit=5_000, gas_used=2_500)
    case = Case(transactions=(), parent=parent, header={"gas_limit": 4_999})
    assert refusal(case) == (Reason.GAS_LIMIT_BELOW_MINIMUM, {"got": 4_999, "limit": 5_000})


def test_gas_limit__refused_step_of_a_tiny_parent():
    case = Case(transactions=(), parent=parent_header(gas_limit=1, gas_used=0))
    assert refusal(case)[0] is Reason.GAS_LIMIT_STEP_TOO_LARGE


def test_base_fee__valid_with_no_gas_after_a_reverted_parent():
    case = Case(outputs={"execution_reverted": True}, header={"base_fee_per_gas": 875_000_000})
    case.check()


def test_base_fee__refused_with_the_declared_gas_of_a_reverted_parent():
    case = Case(outputs={"execution_reverted": True})
    assert refusal(case) == (Reason.BASE_FEE_MISMATCH, {"got": GWEI, "expected": 875_000_000})


def test_excess_blob_gas__counts_the_blobs_of_a_reverted_parent():
    parent = parent_header(blob_gas_used=9 * BLOB_GAS, base_fee_per_gas=8)
    case = Case(
        parent=parent,
        outputs={"execution_reverted": True},
        header={"base_fee_per_gas": 7, "excess_blob_gas": 3 * BLOB_GAS},
    )
    case.check()


def test_excess_blob_gas__absurd_parent_is_checked_in_no_time():
    parent = parent_header(excess_blob_gas=2**64 - 1)
    assert refusal(Case(parent=parent))[0] is Reason.EXCESS_BLOB_GAS_MISMATCH
