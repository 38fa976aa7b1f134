"""What is compared before and after a verification."""

from dataclasses import replace

import pytest

from zkattest.spec.reasons import InvalidProof, Reason
from zkattest.spec.statement_check import check_question, require_statement, trim_public_values
from zkattest.types.ids import ChainId, Root
from zkattest.types.programs import Statement
from zkattest.types.wire import PublicValues

VALUES = PublicValues(Root(b"\1" * 32), valid=True, chain_id=ChainId(1), schema_id=0x1501)
ENCODED = VALUES.encode()


def refusal(call, *arguments):
    with pytest.raises(InvalidProof) as refused:
        call(*arguments)
    return refused.value.reason, refused.value.operands


@pytest.mark.parametrize("statement", [Statement(0x1501), Statement(0x1501, ChainId(1))])
def test_question__passes_at_the_limit_of_size(statement):
    check_question(statement, VALUES, 10, 10)


@pytest.mark.parametrize(
    ("statement", "size", "reason"),
    [
        (Statement(0x1501), 0, Reason.EMPTY_PROOF_DATA),
        (Statement(0x1501), 11, Reason.PROOF_TOO_LARGE),
        (Statement(0x7886), 5, Reason.SCHEMA_MISMATCH),
        (Statement(0x1501, ChainId(2)), 5, Reason.CHAIN_ID_MISMATCH),
        # The cheapest is looked at first.
        (Statement(0x7886, ChainId(2)), 0, Reason.EMPTY_PROOF_DATA),
    ],
)
def test_question__refused_for_what_is_visible(statement, size, reason):
    assert refusal(check_question, statement, VALUES, size, 10)[0] is reason


@pytest.mark.parametrize("values", [ENCODED, ENCODED + bytes(213)])
def test_public_values__trimmed_to_the_statement(values):
    assert trim_public_values(values) == ENCODED
    require_statement(values, VALUES)


@pytest.mark.parametrize("position", [43, 44, 128, 255])
def test_public_values__refused_with_a_dirty_tail(position):
    dirty = bytearray(ENCODED + bytes(213))
    dirty[position] = 1
    assert refusal(trim_public_values, bytes(dirty)) == (
        Reason.PUBLIC_VALUES_PADDING_NOT_ZERO,
        {},
    )


@pytest.mark.parametrize("size", [0, 42, 44, 255, 257])
def test_public_values__refused_with_another_size(size):
    values = (ENCODED + bytes(300))[:size]
    assert refusal(trim_public_values, values) == (
        Reason.MALFORMED_PUBLIC_VALUES,
        {"got_bytes": size},
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"valid": False}, Reason.STATEMENT_NOT_VALID),
        ({"schema_id": 0x7886}, Reason.SCHEMA_MISMATCH),
        ({"chain_id": ChainId(2)}, Reason.CHAIN_ID_MISMATCH),
        ({"root": Root(b"\2" * 32)}, Reason.PUBLIC_VALUES_MISMATCH),
    ],
)
def test_statement__refused_where_it_is_another(change, reason):
    assert refusal(require_statement, replace(VALUES, **change).encode(), VALUES)[0] is reason


def test_statement__may_be_that_a_block_is_invalid():
    invalid = replace(VALUES, valid=False)
    require_statement(invalid.encode(), invalid)
    assert refusal(require_statement, ENCODED, invalid)[0] is Reason.PUBLIC_VALUES_MISMATCH


def test_statement__refused_where_it_is_no_statement():
    broken = bytearray(ENCODED)
    broken[32] = 2
    reason, operands = refusal(require_statement, bytes(broken), VALUES)
    assert reason is Reason.MALFORMED_PUBLIC_VALUES
    assert "valid" in operands["detail"]
