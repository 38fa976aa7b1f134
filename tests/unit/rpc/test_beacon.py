"""A beacon node is asked as its interface says, and believed only where its answer fits."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.helpers.beacon_node import FAR_FUTURE, SLOTS_PER_EPOCH, BeaconState, Member, key_of
from tests.helpers.rpc_server import raw_server
from tests.helpers.web_server import Reply, web_server
from zkattest.rpc.beacon import BeaconLimits, BeaconNode, StateUnavailable, decode_validators
from zkattest.spec.validators import ValidatorRecord, ValidatorStatus
from zkattest.types.errors import DecodeError, SourceTimeout, SourceUnavailable
from zkattest.types.ids import Epoch, ValidatorIndex

PATIENT = BeaconLimits(deadline_ms=20_000)
EPOCH = Epoch(10)
LEAVING = Member(activation_epoch=3, exit_epoch=12)
STATE = BeaconState({0: Member(), 1: LEAVING, 2: Member(activation_epoch=11)})


def indices(*numbers):
    return [ValidatorIndex(one) for one in numbers]


async def asked(url, numbers, epoch=EPOCH, limits=PATIENT):
    node = BeaconNode(url, SLOTS_PER_EPOCH, limits)
    try:
        return await node.validators(epoch, indices(*numbers))
    finally:
        node.close()


async def refused(respond, error=SourceUnavailable):
    with web_server(respond) as server, pytest.raises(SourceUnavailable) as failure:
        await asked(server.url, [0])
    assert type(failure.value) is error
    name, detail = failure.value.detail.split(": ", 1)
    assert name == server.url.removeprefix("http://")
    return detail


def entry(number=0, **changes):
    made = Member().entry(number, EPOCH - 1)
    for name, value in changes.items():
        holder = made["validator"] if name in made["validator"] else made
        holder[name] = value
    return made


def record_of(index, member, state_epoch=EPOCH - 1):
    return ValidatorRecord(
        index=ValidatorIndex(index),
        pubkey=key_of(index),
        status=ValidatorStatus(member.status(state_epoch)),
        activation_epoch=Epoch(member.activation_epoch),
        exit_epoch=Epoch(member.exit_epoch),
    )


async def test_node__gives_the_records_that_it_has():
    with web_server(STATE) as server:
        records = await asked(server.url, [0, 1, 2, 7])
    assert records == {
        index: record_of(index, member) for index, member in sorted(STATE.members.items())
    }
    [request] = server.requests
    assert request.method == "GET"
    parts = urlsplit(request.path)
    # The first slot of the epoch before, which knows who is active.
    assert parts.path == f"/eth/v1/beacon/states/{9 * 32}/validators"
    assert parse_qs(parts.query) == {"id": ["0", "1", "2", "7"]}
    assert request.headers["accept"] == "application/json"


async def test_node__asked_about_genesis_for_the_first_epochs():
    with web_server(STATE) as server:
        for epoch in (0, 1):
            await asked(server.url, [0], Epoch(epoch))
    assert [one.path for one in server.requests] == ["/eth/v1/beacon/states/0/validators?id=0"] * 2


@pytest.mark.parametrize(("count", "method"), [(64, "GET"), (65, "POST"), (512, "POST")])
async def test_node__asked_by_post_for_many(count, method):
    state = BeaconState({index: Member() for index in range(0, count, 2)})
    with web_server(state) as server:
        records = await asked(server.url, range(count))
    assert sorted(records) == list(range(0, count, 2))
    [request] = server.requests
    assert request.method == method
    if method == "POST":
        assert request.path == f"/eth/v1/beacon/states/{9 * 32}/validators"
        assert request.body == {"ids": [str(one) for one in range(count)]}


async def test_node__asked_by_several_gets_where_it_takes_no_post():
    state = BeaconState({index: Member() for index in range(200)}, takes_post=False)
    with web_server(state) as server:
        node = BeaconNode(server.url, SLOTS_PER_EPOCH, PATIENT)
        for _ in range(2):
            records = await node.validators(EPOCH, indices(*range(150)))
            assert sorted(records) == list(range(150))
        node.close()
    # It is asked by POST once only.
    assert [one.method for one in server.requests] == ["POST", *["GET"] * 6]


async def test_node__without_the_state_has_no_answer():
    behind = BeaconState(STATE.members, head_slot=9 * 32 - 1)
    assert await refused(behind, error=StateUnavailable) == ("HTTP status 404: no state of epoch 9")
    there = BeaconState(STATE.members, head_slot=9 * 32)
    with web_server(there) as server:
        assert await asked(server.url, [0]) == {0: record_of(0, Member())}


@pytest.mark.parametrize("status", [201, 302, 401, 414, 429, 500, 503])
async def test_node__refused_with_its_status(status):
    assert await refused(lambda request: Reply(status)) == f"HTTP status {status}"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (None, "data: not a list"),
        ([], "data: not a list"),
        ({}, "data: not a list"),
        ({"data": {}}, "data: not a list"),
        ({"data": [None]}, "data: an entry is no validator"),
        ({"data": [entry() | {"validator": 7}]}, "data: an entry is no validator"),
        ({"data": [entry(1)]}, "index: 1 was not asked for"),
        ({"data": [entry(), entry()]}, "index: 0 is there twice"),
        ({"data": [entry(index=0)]}, "index: not a text"),
        ({"data": [entry(index="-1")]}, "index: no uint64 in decimal digits"),
        ({"data": [entry(index="00")]}, "index: no uint64 in decimal digits"),
        ({"data": [entry(index="\u0660")]}, "index: no uint64 in decimal digits"),
        ({"data": [entry(index="9" * 5_000)]}, "index: no uint64 in decimal digits"),
        ({"data": [entry(exit_epoch=str(2**64))]}, "exit_epoch: no uint64 in decimal digits"),
        ({"data": [entry(activation_epoch=None)]}, "activation_epoch: not a text"),
        ({"data": [entry(pubkey="0x" + "00" * 47)]}, "pubkey: not 0x and 96 hexadecimal digits"),
        ({"data": [entry(pubkey="00" * 48)]}, "pubkey: not 0x and 96 hexadecimal digits"),
        ({"data": [entry(pubkey=7)]}, "pubkey: not a text"),
        ({"data": [entry(status="ACTIVE_ONGOING")]}, "status: unknown"),
        ({"data": [entry(status="active")]}, "status: unknown"),
        (
            {"data": [entry(status="exited_slashed")]},
            "status: 0 is exited_slashed against its epochs",
        ),
        (
            {"data": [entry(activation_epoch="10")]},
            "status: 0 is active_ongoing against its epochs",
        ),
        ({"data": [entry(exit_epoch="9")]}, "status: 0 is active_ongoing against its epochs"),
    ],
)
def test_answer__refused_where_it_does_not_fit(table, words):
    with pytest.raises(DecodeError) as refusal:
        decode_validators(table, indices(0), Epoch(9))
    assert str(refusal.value) == words


async def test_node__refused_by_name_where_its_answer_does_not_fit():
    answer = Reply.json({"data": [entry(5)]})
    assert await refused(lambda request: answer) == (
        "the answer does not fit the question: index: 5 was not asked for"
    )


@pytest.mark.parametrize(
    ("status", "member"),
    [
        ("pending_initialized", Member(activation_epoch=FAR_FUTURE)),
        ("pending_queued", Member(activation_epoch=10)),
        ("active_ongoing", Member(activation_epoch=9)),
        ("active_exiting", Member(exit_epoch=10)),
        ("active_slashed", Member(exit_epoch=10, slashed=True)),
        ("exited_unslashed", Member(exit_epoch=9)),
        ("exited_slashed", Member(exit_epoch=9, slashed=True)),
        ("withdrawal_possible", Member(exit_epoch=8, withdrawable_epoch=9)),
    ],
)
def test_answer__read_with_every_status(status, member):
    made = member.entry(0, 9)
    assert made["status"] == status
    assert decode_validators({"data": [made]}, indices(0), Epoch(9)) == {0: record_of(0, member)}


def test_answer__read_when_all_is_withdrawn():
    made = Member(exit_epoch=8, withdrawable_epoch=9).entry(0, 9) | {"status": "withdrawal_done"}
    [record] = decode_validators({"data": [made]}, indices(0), Epoch(9)).values()
    assert record.status is ValidatorStatus.WITHDRAWAL_DONE


async def test_node__read_no_further_than_an_answer_may_be():
    padded = json.dumps({"data": [entry()]}).encode()
    limit = 4_096 + 2_048
    exact = Reply(200, padded.ljust(limit))
    with web_server(lambda request: exact) as server:
        assert list(await asked(server.url, [0])) == [0]
    longer = Reply(200, padded.ljust(limit + 1))
    assert await refused(lambda request: longer) == f"an answer of more than {limit} bytes"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 5_000, b"\xff"])
async def test_node__refused_when_its_answer_is_not_json(body):
    assert await refused(lambda request: Reply(200, body)) == "the answer is not JSON"


async def test_node__late_however_slowly_it_answers():
    def speak(stream, server):
        stream.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not server.stopping.wait(0.02):
            stream.wfile.write(b" ")

    with raw_server(speak) as server, pytest.raises(SourceTimeout, match="within 300 ms"):
        await asked(server.url, [0], limits=BeaconLimits(deadline_ms=300))
