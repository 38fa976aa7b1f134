"""Which network a consensus node is on, and who is active there; nonsense is no answer."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from tests.helpers.web_server import Reply, Request, web_server
from zkattest.rpc.beacon_network import BeaconNetwork, NamedValidator
from zkattest.types.errors import SourceUnavailable
from zkattest.types.ids import Root, ValidatorIndex

KEY = b"\x0a" * 48
ENTRY: dict[str, Any] = {
    "index": "4",
    "status": "active_ongoing",
    "validator": {"pubkey": "0x" + KEY.hex()},
}
ROOT = Root(b"\x05" * 32)


def asked(data: Any, status: int = 200) -> Any:
    def respond(request: Request) -> Reply:
        return Reply.json({"data": data}, status)

    return web_server(respond)


def test_network__is_read() -> None:
    with (
        asked({"genesis_validators_root": str(ROOT), "current_version": "0x01020304"}) as server,
        closing(BeaconNetwork(server.url)) as network,
    ):
        assert network.genesis_validators_root() == ROOT
        assert network.fork_version() == b"\1\2\3\4"
        assert [one.path for one in server.requests] == [
            "/eth/v1/beacon/genesis",
            "/eth/v1/beacon/states/head/fork",
        ]


def test_validator__is_found_by_its_key() -> None:
    with asked([ENTRY]) as server, closing(BeaconNetwork(server.url)) as network:
        assert network.validator(KEY) == NamedValidator(ValidatorIndex(4), KEY, is_active=True)
        assert network.validator(b"\x0b" * 48) is None
        assert network.one_outside() is None


def test_one_outside__is_the_first_that_left() -> None:
    gone = {**ENTRY, "status": "exited_slashed", "index": "9"}
    with asked([ENTRY, gone]) as server, closing(BeaconNetwork(server.url)) as network:
        found = network.one_outside()
    assert found == NamedValidator(ValidatorIndex(9), KEY, is_active=False)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, "validators: expected a list"),
        ([5], "validators: expected an object"),
        ([{**ENTRY, "status": "asleep"}], "status: unknown"),
        ([{**ENTRY, "index": 4}], "index: "),
        ([{**ENTRY, "index": "-4"}], "index: "),
        ([{**ENTRY, "validator": None}], "validator: expected an object"),
        ([{**ENTRY, "validator": {"pubkey": "0x12"}}], "pubkey: 1 bytes, expected 48"),
    ],
)
def test_validators__of_another_shape_are_no_answer(data: Any, complaint: str) -> None:
    with (
        asked(data) as server,
        closing(BeaconNetwork(server.url)) as network,
        pytest.raises(SourceUnavailable, match=complaint),
    ):
        network.validator(KEY)


@pytest.mark.parametrize(
    ("data", "status", "complaint"),
    [
        ({}, 200, "genesis_validators_root"),
        ([], 200, "genesis: expected an object"),
        ({}, 503, "/eth/v1/beacon/genesis: status 503"),
    ],
)
def test_genesis__of_another_shape_is_no_answer(data: Any, status: int, complaint: str) -> None:
    with (
        asked(data, status) as server,
        closing(BeaconNetwork(server.url)) as network,
        pytest.raises(SourceUnavailable, match=complaint),
    ):
        network.genesis_validators_root()
