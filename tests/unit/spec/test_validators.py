"""Who is active in an epoch, from the state of the epoch before."""

import pytest

from zkattest.spec.answers import ActiveValidator, Refused
from zkattest.spec.reasons import Reason
from zkattest.spec.validators import (
    ValidatorRecord,
    ValidatorStatus,
    epoch_at,
    is_active_validator,
    is_consistent,
    judge_validator,
    state_epoch_for,
)
from zkattest.types.ids import Epoch, Slot, ValidatorIndex

KEY = b"\x11" * 48


def record(activation, exits, status=ValidatorStatus.ACTIVE_EXITING):
    return ValidatorRecord(ValidatorIndex(7), KEY, status, Epoch(activation), Epoch(exits))


@pytest.mark.parametrize(
    ("epoch", "active"), [(4, False), (5, True), (8, True), (9, False), (2**64 - 1, False)]
)
def test_validator__active_from_its_activation_until_before_its_exit(epoch, active):
    assert is_active_validator(record(5, 9), Epoch(epoch)) is active


def test_judgement__active_with_its_key():
    assert judge_validator(record(5, 9), Epoch(5)) == ActiveValidator(KEY)


def test_judgement__follows_the_epoch_asked_for_and_not_the_status_of_the_state():
    coming = record(10, 2**64 - 1, ValidatorStatus.PENDING_QUEUED)
    assert judge_validator(coming, Epoch(10)) == ActiveValidator(KEY)
    leaving = record(5, 10, ValidatorStatus.ACTIVE_EXITING)
    refusal = Refused(Reason.VALIDATOR_NOT_ACTIVE, "active_exiting")
    assert judge_validator(leaving, Epoch(10)) == refusal


@pytest.mark.parametrize("status", ValidatorStatus)
def test_record__consistent_where_its_status_is_that_of_its_epochs(status):
    is_active = status.startswith("active")
    assert is_consistent(record(5, 9, status), Epoch(6)) is is_active
    assert is_consistent(record(5, 9, status), Epoch(9)) is not is_active


def test_state__is_that_of_the_epoch_before():
    assert [state_epoch_for(Epoch(one)) for one in (0, 1, 2, 2**64 - 1)] == [0, 0, 1, 2**64 - 2]


def test_epoch__of_a_slot():
    assert [epoch_at(Slot(one), 32) for one in (0, 31, 32, 2**64 - 1)] == [0, 0, 1, 2**59 - 1]
