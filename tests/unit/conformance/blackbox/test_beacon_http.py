"""Each answer of a beacon node leaves its verdicts possible; hostile ones leave nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.web_server import Reply, Request, web_server
from zkattest.conformance.blackbox.beacon_http import BeaconObserver
from zkattest.conformance.blackbox.context import Play, make_context
from zkattest.conformance.blackbox.run import NodeUnavailable
from zkattest.conformance.registry import find_cases
from zkattest.types.proof_json import encode_message_json
from zkattest.types.proof_messages import decode_message
from zkattest.types.proof_profiles import DEFAULT_PROFILE, PROFILES, ProfileName

PACK = Path(__file__).resolve().parents[4] / "vectors" / "eip8025" / "beta4" / "gossip"
EMPTY = b'{"data":[]}'


@contextmanager
def beacon(status: int, lists: list[bytes], get_status: int = 200) -> Iterator[str]:
    """Answer each POST with a status, each GET with the next of some bodies."""
    bodies = iter(lists)

    def respond(request: Request) -> Reply:
        if request.method == "GET":
            return Reply(get_status, next(bodies, EMPTY))
        return Reply(status, b"{}")

    with web_server(respond) as server:
        yield server.url


@pytest.fixture(scope="module")
def play() -> Play:
    found = find_cases(PACK / "accepted" / "proof__accept_1_byte")
    return make_context([one.read() for one in found]).plays[0]


@pytest.fixture(scope="module")
def kept(play: Play) -> bytes:
    message = decode_message(DEFAULT_PROFILE, play.sent.data)
    return b'{"data":[' + encode_message_json(DEFAULT_PROFILE, message).encode() + b"]}"


async def sight_of(url: str, play: Play) -> tuple[str, str]:
    observer = BeaconObserver(url, DEFAULT_PROFILE, timeout_s=2.0)
    try:
        sight = await observer.show(play)
    finally:
        observer.close()
    return sight.words, sight.seen


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (202, "ignore or reject"),
        (400, "ignore or reject"),
        (413, "ignore or reject"),
        (500, "ignore"),
        (429, ""),
        (301, ""),
    ],
)
async def test_status__leaves_verdicts_possible(play, status, words):
    with beacon(status, []) as url:
        assert (await sight_of(url, play))[0] == words


async def test_proof__accepted_where_it_is_kept_afterwards(play, kept):
    with beacon(200, [EMPTY, kept]) as url:
        assert await sight_of(url, play) == ("accept", "200: its proof is kept")
    with beacon(200, [kept, kept]) as url:
        seen = await sight_of(url, play)
    assert seen == ("accept or ignore", "200: its proof was kept before, and is")
    with beacon(200, [EMPTY, EMPTY]) as url:
        assert await sight_of(url, play) == ("ignore", "200: its proof is not kept")


async def test_proof__not_taken_for_another_validators(play, kept):
    other = kept.replace(b'"validator_index":"1"', b'"validator_index":"2"')
    assert other != kept
    with beacon(200, [EMPTY, other]) as url:
        assert await sight_of(url, play) == ("ignore", "200: its proof is not kept")


async def test_list__of_a_block_that_the_node_does_not_have_is_empty(play, kept):
    with beacon(200, [kept, kept], get_status=404) as url:
        assert await sight_of(url, play) == ("ignore", "200: its proof is not kept")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "the answer is not JSON"),
        (b"[]", "the answer has no list of proofs"),
        (b'{"data":{}}', "the answer has no list of proofs"),
        (b"[" * 10_000, "the answer is not JSON"),
    ],
)
async def test_list__that_is_none_leaves_nothing(play, body, why):
    with beacon(200, [body, body]) as url:
        words, seen = await sight_of(url, play)
    assert words == ""
    assert why in seen


async def test_list__of_things_that_are_no_messages_holds_none(play):
    body = b'{"data":[7,null,{},{"message":[]},{"message":{"proof_data":{}}}]}'
    with beacon(200, [body, body]) as url:
        assert await sight_of(url, play) == ("ignore", "200: its proof is not kept")


@pytest.mark.parametrize("status", [404, 405, 501, 503])
async def test_node__unavailable(play, status):
    with beacon(status, []) as url, pytest.raises(NodeUnavailable, match="the node"):
        await sight_of(url, play)


def test_profile__refused_that_the_interface_does_not_carry():
    profile = PROFILES[ProfileName.FULU_DEVNET]
    with pytest.raises(ValueError, match="carries no messages of fulu-devnet"):
        BeaconObserver("http://127.0.0.1:1", profile, 1.0)
