"""Requests over links in memory, under a virtual clock: answers, refusals, patience, limits."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

import pytest
import trio
import trio.testing

from tests.helpers.links import linked
from zkattest.net.errors import PeerError
from zkattest.net.muxer import Stream
from zkattest.net.reqresp import (
    Connection,
    Refusal,
    RequestClient,
    RequestServer,
    RequestTimeout,
    UnsupportedProtocol,
)
from zkattest.net.reqresp_codec import (
    MalformedPayload,
    ResponseCode,
    ResponseDecoder,
    ResponseError,
    encode_chunk,
    encode_request,
)
from zkattest.net.reqresp_limits import Quota, RequestSettings
from zkattest.net.reqresp_protocols import (
    PING,
    ProtocolName,
    RequestProtocol,
    proofs_by_root,
)

MIB = 1 << 20
PROOFS = proofs_by_root(MIB)
FAST = RequestSettings(
    quotas=dict.fromkeys(ProtocolName, Quota(100, 1.0)), peer_bytes=Quota(100 * MIB, 1.0)
)


@pytest.fixture
def clock(autojump_clock: trio.testing.MockClock) -> trio.testing.MockClock:
    """Let time pass when nobody is busy."""
    return autojump_clock


class Served:
    """Serve requests with a function of the test."""

    def __init__(
        self, answer: Any, settings: RequestSettings = FAST, protocols: Any = (PING, PROOFS)
    ) -> None:
        self.server = RequestServer(protocols, answer, settings)

    @property
    def protocol_ids(self) -> Sequence[str]:
        return self.server.protocol_ids

    def may_dial(self, peer: str) -> bool:
        return True

    async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
        await self.server.serve(link, protocol_id, stream)

    async def attend(self, link: Connection) -> None:
        """Nothing to say."""

    async def part(self, link: Connection) -> None:
        """Nothing to say."""


class Raw(Served):
    """Answer streams with bytes of the test."""

    def __init__(self, *answers: bytes, silent: bool = False, ends: bool = True) -> None:
        super().__init__(None)
        self._answers = answers
        self._silent = silent
        self._ends = ends

    async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
        for answer in self._answers:
            await stream.write(answer)
        if self._silent:
            await trio.sleep_forever()
        if self._ends:
            stream.close()


async def plus_one(
    link: Connection, protocol: RequestProtocol, request: Any
) -> AsyncGenerator[Any, None]:
    yield request + 1


async def read_raw(stream: Stream) -> ResponseDecoder:
    """Read a response to its end without a client."""
    decoder = ResponseDecoder(PING)
    with suppress(PeerError):
        while True:
            decoder.feed(await stream.receive_some(65536))
    return decoder


async def test_request__is_answered(clock: trio.testing.MockClock) -> None:
    async with linked(None, Served(plus_one)) as (dialler, listener):
        assert await RequestClient(FAST).ask(dialler, [PING], 41) == (PING, 42)
    assert (dialler.blamed, listener.blamed) == ([], [])


async def test_request__uses_the_first_protocol_that_is_spoken(clock: Any) -> None:
    newer = RequestProtocol(ProtocolName.PING, 2, PING.request, PING.response)
    async with linked(None, Served(plus_one)) as (dialler, _):
        assert (await RequestClient(FAST).ask(dialler, [newer, PING], 1))[0] is PING


async def test_request__unsupported_is_nobodys_fault(clock: Any) -> None:
    async with linked(None, Served(plus_one, protocols=[PROOFS])) as (dialler, listener):
        with pytest.raises(UnsupportedProtocol):
            await RequestClient(FAST).ask(dialler, [PING], 1)
    assert (dialler.blamed, listener.blamed) == ([], [])


async def test_request__refused_by_the_responder(clock: Any) -> None:
    async def refuse(*_: Any) -> AsyncGenerator[Any, None]:
        raise Refusal(ResponseCode.RESOURCE_UNAVAILABLE, "gone")
        yield

    async with linked(None, Served(refuse)) as (dialler, _):
        with pytest.raises(ResponseError) as error:
            await RequestClient(FAST).ask(dialler, [PING], 1)
    assert (error.value.code, error.value.message) == (3, b"gone")
    assert dialler.blamed == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "no chunk where one was due"),
        (b"\0", "ended inside a response"),
        (b"\0\x09", "9 bytes, expected 8 to 8"),
        (encode_chunk(b"12345678")[:-1], "ended inside a response"),
    ],
)
async def test_response__blamed_when_malformed(answer: bytes, reason: str, clock: Any) -> None:
    async with linked(None, Raw(answer)) as (dialler, _):
        with pytest.raises(MalformedPayload, match=reason):
            await RequestClient(FAST).ask(dialler, [PING], 1)
    assert [str(violation) for violation in dialler.blamed] == [str(dialler.blamed[0])]
    assert reason in str(dialler.blamed[0])


async def test_response__given_up_without_a_first_byte(clock: Any) -> None:
    async with linked(None, Raw(silent=True)) as (dialler, _):
        started_s = trio.current_time()
        with pytest.raises(RequestTimeout, match=r"no answer in 5\.0 s"):
            await RequestClient(FAST).ask(dialler, [PING], 1)
        assert trio.current_time() - started_s == pytest.approx(5.0)
    assert dialler.blamed == []


async def test_response__given_up_when_a_chunk_stalls(clock: Any) -> None:
    async with linked(None, Raw(b"\0", silent=True)) as (dialler, _):
        started_s = trio.current_time()
        with pytest.raises(RequestTimeout, match=r"no chunk in 10\.0 s"):
            await RequestClient(FAST).ask(dialler, [PING], 1)
        assert trio.current_time() - started_s == pytest.approx(10.0)


async def test_response__of_many_chunks_is_streamed(clock: Any) -> None:
    proofs = [bytes([i]) * 500_000 for i in range(4)]

    async def answer(*_: Any) -> AsyncGenerator[Any, None]:
        for proof in proofs:
            yield proof

    client = RequestClient(FAST)
    async with linked(None, Served(answer)) as (dialler, _):
        async with client.open(dialler, [PROOFS], ()) as response:
            received = [await response.next() for _ in range(5)]
        assert received == [*proofs, None]
        # What is wanted no more is reset, and the connection goes on.
        async with client.open(dialler, [PROOFS], ()) as response:
            assert await response.next() == proofs[0]
        async with client.open(dialler, [PROOFS], (), most_chunks=1) as response:
            assert [await response.next(), await response.next()] == [proofs[0], None]
    assert client._slots == {}


async def test_server__stops_at_the_most_chunks_of_a_protocol(clock: Any) -> None:
    closed = []

    async def answer(*_: Any) -> AsyncGenerator[Any, None]:
        try:
            while True:
                yield 7
        finally:
            closed.append(True)

    async with linked(None, Served(answer)) as (dialler, _):
        assert await RequestClient(FAST).ask(dialler, [PING], 1) == (PING, 7)
    assert closed == [True]


@pytest.mark.parametrize(
    ("request_bytes", "reason"),
    [
        (b"", "ended inside a request"),
        (b"\x09", "9 bytes, expected 8 to 8"),
        (encode_request(b"12345678") + b"!", "bytes after the request"),
        (b"\xff" * 20, "a length of more than 10 bytes"),
    ],
)
async def test_server__blames_a_malformed_request(
    request_bytes: bytes, reason: str, clock: Any
) -> None:
    async with linked(None, Served(plus_one)) as (dialler, listener):
        stream, _ = await dialler.open_stream([PING.protocol_id])
        await stream.write(request_bytes)
        stream.close()
        decoder = await read_raw(stream)
        with pytest.raises(ResponseError) as error:
            decoder.check()
    assert error.value.code == ResponseCode.INVALID_REQUEST
    assert reason in error.value.message.decode()
    assert reason in str(listener.blamed[0])


async def test_server__gives_a_slow_request_up_without_blame(clock: Any) -> None:
    async with linked(None, Served(plus_one)) as (dialler, listener):
        stream, _ = await dialler.open_stream([PING.protocol_id])
        await stream.write(encode_request(b"12345678")[:5])
        started_s = trio.current_time()
        await read_raw(stream)
        assert trio.current_time() - started_s == pytest.approx(FAST.request_timeout_s)
    assert listener.blamed == []


async def test_server__blames_a_third_request_at_once(clock: Any) -> None:
    async with linked(None, Served(plus_one)) as (dialler, listener):
        streams = [(await dialler.open_stream([PING.protocol_id]))[0] for _ in range(3)]
        await trio.testing.wait_all_tasks_blocked()
        assert [str(violation) for violation in listener.blamed] == ["more than 2 requests at once"]
        for stream in streams[:2]:
            await stream.write(encode_request(bytes(8)))
            stream.close()
        assert len([await read_raw(stream) for stream in streams[:2]]) == 2
    assert len(listener.blamed) == 1


async def test_client__keeps_two_requests_open_and_lets_others_wait(clock: Any) -> None:
    open_now, most_open = 0, 0

    async def slow(*_: Any) -> AsyncGenerator[Any, None]:
        nonlocal open_now, most_open
        open_now += 1
        most_open = max(most_open, open_now)
        await trio.sleep(1)
        open_now -= 1
        yield 1

    client = RequestClient(FAST)
    async with linked(None, Served(slow)) as (dialler, listener), trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(client.ask, dialler, [PING], 1)
    assert most_open == 2
    assert (dialler.blamed, listener.blamed, client._slots) == ([], [], {})


async def test_server__withholds_answers_above_the_quota(clock: Any) -> None:
    settings = RequestSettings(quotas=dict.fromkeys(ProtocolName, Quota(2, 8.0)))
    async with linked(None, Served(plus_one, settings)) as (dialler, listener):
        client, times_s, started_s = RequestClient(FAST), [], trio.current_time()
        for number in range(4):
            assert (await client.ask(dialler, [PING], number))[1] == number + 1
            times_s.append(round(trio.current_time() - started_s))
    assert times_s == [0, 0, 4, 8]
    assert listener.blamed == []


async def test_server__holds_few_chunks_whatever_is_asked(clock: Any) -> None:
    held, most_held = 0, 0
    # What does not compress does not fit the window of a stream that nobody reads.
    noise = random.Random(1).randbytes(MIB)

    class Unread(Served):
        """Count the chunks that are looked up and not yet written."""

        async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
            nonlocal held
            try:
                await super().serve(link, protocol_id, stream)
            finally:
                held -= 1

    async def answer(*_: Any) -> AsyncGenerator[Any, None]:
        nonlocal held, most_held
        held += 1
        most_held = max(most_held, held)
        yield noise

    services = Unread(answer, FAST)
    async with AsyncExitStack() as stack:
        for number in range(12):
            dialler, listener = await stack.enter_async_context(linked(None, services))
            listener.peer_id = f"peer {number}"
            stream, _ = await dialler.open_stream([PROOFS.protocol_id])
            # Asked for a megabyte, and then nobody reads beyond the window.
            await stream.write(encode_request(b""))
            stream.close()
        await trio.sleep(5)
        assert (held, most_held) == (8, 8)
        # Who does not read is given up, and the others have their turn.
        await trio.sleep(30)
        assert (held, most_held) == (0, 8)


async def test_server__pays_for_big_answers_by_waiting(clock: Any) -> None:
    async def answer(*_: Any) -> AsyncGenerator[Any, None]:
        for _ in range(3):
            yield bytes(MIB)

    settings = replace(FAST, peer_bytes=Quota(MIB, 4.0))
    async with linked(None, Served(answer, settings)) as (dialler, listener):
        times_s, started_s = [], trio.current_time()
        async with RequestClient(FAST).open(dialler, [PROOFS], ()) as response:
            while await response.next() is not None:
                times_s.append(round(trio.current_time() - started_s))
    assert times_s == [0, 0, 4]
    assert listener.blamed == []
