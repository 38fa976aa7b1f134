"""Validators from a list are active always; others are asked for, and only when looked up."""

import pytest

from tests.helpers.beacon_node import SLOTS_PER_EPOCH, BeaconState, Member, key_of
from tests.helpers.web_server import web_server
from zkattest.devnet.keys import validator_pubkeys
from zkattest.node.validators import (
    BeaconValidators,
    ListedValidators,
    open_beacon_validators,
)
from zkattest.rpc import BeaconLimits
from zkattest.spec.answers import ActiveValidator, Refused
from zkattest.spec.reasons import Reason
from zkattest.spec.validators import unknown_validator
from zkattest.types.ids import Epoch, ValidatorIndex

PATIENT = BeaconLimits(deadline_ms=20_000)


async def answers(view, *indices, epoch=3):
    return [await view.validator_at(ValidatorIndex(one), Epoch(epoch)) for one in indices]


async def test_list__knows_those_that_it_names_in_every_epoch():
    view = ListedValidators({ValidatorIndex(7): b"\x11" * 48})
    for epoch in (0, 2**64 - 1):
        assert await answers(view, 7, 8, epoch=epoch) == [
            ActiveValidator(b"\x11" * 48),
            Refused(Reason.UNKNOWN_VALIDATOR),
        ]


async def test_list__numbers_the_keys_of_the_devnet():
    keys = validator_pubkeys(2)
    view = ListedValidators.in_order(keys)
    assert await answers(view, 0, 1, 2) == [
        ActiveValidator(keys[0]),
        ActiveValidator(keys[1]),
        unknown_validator(),
    ]


async def test_beacon__asked_when_somebody_is_looked_up():
    with web_server(BeaconState({0: Member(), 1: Member(exit_epoch=3)})) as server:
        settings = BeaconValidators(server.url, SLOTS_PER_EPOCH, PATIENT)
        async with open_beacon_validators(settings) as view:
            assert server.requests == []
            assert await answers(view, 0, 1, 2) == [
                ActiveValidator(key_of(0)),
                Refused(Reason.VALIDATOR_NOT_ACTIVE, "active_exiting"),
                unknown_validator(),
            ]


async def test_beacon__refused_for_what_is_no_address():
    with pytest.raises(ValueError, match="expected http"):
        async with open_beacon_validators(BeaconValidators("localhost:5052", 32)):
            pass
