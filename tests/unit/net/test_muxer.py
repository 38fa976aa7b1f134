"""Yamux over an in-memory connection: streams, credit, misuse, silence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
import trio.testing

from tests.helpers.links import MemoryChannel
from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation, StreamEnded
from zkattest.net.muxer import (
    DATA,
    FIN,
    GO_AWAY,
    HEADER,
    INITIAL_WINDOW_BYTES,
    MOST_REFUSED,
    MOST_STREAMS,
    PING,
    RST,
    SYN,
    WINDOW_BYTES,
    WINDOW_UPDATE,
    Muxer,
    Stream,
)

MIB = 1 << 20


def connection() -> tuple[MemoryChannel, MemoryChannel]:
    """Return both ends of a connection that holds few bytes, so that writers must wait."""
    left, right = trio.testing.lockstep_stream_pair()
    return MemoryChannel(left), MemoryChannel(right)


@asynccontextmanager
async def muxers(keepalive_s: float = 1000.0) -> AsyncIterator[tuple[Muxer, Muxer]]:
    left, right = connection()
    dialler = Muxer(left, is_initiator=True, keepalive_s=keepalive_s)
    listener = Muxer(right, is_initiator=False, keepalive_s=keepalive_s)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dialler.run)
            nursery.start_soon(listener.run)
            yield dialler, listener
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def raw_peer(
    keepalive_s: float = 1000.0,
) -> AsyncIterator[tuple[Muxer, MemoryChannel, list[PeerError]]]:
    """Run a muxer against a peer whose bytes the test writes by hand."""
    left, right = connection()
    muxer = Muxer(left, is_initiator=False, keepalive_s=keepalive_s)
    ends: list[PeerError] = []

    async def run() -> None:
        try:
            await muxer.run()
        except PeerError as error:
            ends.append(error)

    async def drain() -> None:
        try:
            while True:
                await right.read()
        except ConnectionLost:
            return

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            nursery.start_soon(drain)
            yield muxer, right, ends
            nursery.cancel_scope.cancel()


def frame(kind: int, flags: int, stream_id: int, length: int, version: int = 0) -> bytes:
    return HEADER.pack(version, kind, flags, stream_id, length)


async def read_all(stream: Stream, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        data += await stream.receive_some(size - len(data))
    return bytes(data)


async def test_stream__carries_megabytes_in_order() -> None:
    data = bytes(range(256)) * 20_000
    async with muxers() as (dialler, listener), trio.open_nursery() as nursery:
        outgoing = dialler.open_stream()
        nursery.start_soon(outgoing.write, data)
        incoming = await listener.incoming.receive()
        incoming.grow_window()
        assert await read_all(incoming, len(data)) == data


async def test_streams__do_not_hang_when_both_sides_write() -> None:
    data = bytes(4 * MIB)
    async with muxers() as (dialler, listener):
        here, there = dialler.open_stream(), listener.open_stream()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.write, data)
            nursery.start_soon(there.write, data)
            from_here = await listener.incoming.receive()
            from_there = await dialler.incoming.receive()
            nursery.start_soon(read_all, from_here, len(data))
            nursery.start_soon(read_all, from_there, len(data))


async def test_stream__that_nobody_reads_does_not_stop_another() -> None:
    async with muxers() as (dialler, listener), trio.open_nursery() as nursery:
        stuck, lively = dialler.open_stream(), dialler.open_stream()
        nursery.start_soon(stuck.write, bytes(INITIAL_WINDOW_BYTES + 1))
        nursery.start_soon(lively.write, b"alive")
        await listener.incoming.receive()
        assert await read_all(await listener.incoming.receive(), 5) == b"alive"
        nursery.cancel_scope.cancel()


async def test_stream__ends_after_what_was_sent() -> None:
    async with muxers() as (dialler, listener):
        outgoing = dialler.open_stream()
        await outgoing.write(b"last")
        outgoing.close()
        incoming = await listener.incoming.receive()
        assert await read_all(incoming, 4) == b"last"
        with pytest.raises(StreamEnded):
            await incoming.receive_some(1)
        with pytest.raises(StreamEnded):
            await outgoing.write(b"more")


async def test_stream__answers_after_the_other_half_is_closed() -> None:
    async with muxers() as (dialler, listener):
        asking = dialler.open_stream()
        await asking.write(b"?")
        asking.close()
        answering = await listener.incoming.receive()
        await answering.write(b"!")
        assert await asking.receive_some(1) == b"!"


async def test_stream__reset_breaks_both_sides() -> None:
    async with muxers() as (dialler, listener):
        outgoing = dialler.open_stream()
        await outgoing.write(b"x")
        incoming = await listener.incoming.receive()
        incoming.reset()
        with pytest.raises(ConnectionLost, match="reset by the peer"):
            await outgoing.receive_some(1)
        with pytest.raises(ConnectionLost, match="reset by us"):
            await incoming.write(b"y")


async def test_stream__reads_fail_when_the_connection_is_lost() -> None:
    async with raw_peer() as (muxer, peer, ends):
        stream = muxer.open_stream()
        await peer.write(frame(GO_AWAY, 0, 0, 0))
        with pytest.raises(ConnectionLost, match="goes away"):
            await stream.receive_some(1)
        with pytest.raises(ConnectionLost):
            muxer.open_stream()
        assert len(ends) == 1


@pytest.mark.parametrize(
    "misuse",
    [
        frame(DATA, 0, 1, 0, version=9),
        frame(77, 0, 1, 0),
        frame(DATA, SYN, 2, 0),
        frame(DATA, SYN, 0, 0),
        frame(WINDOW_UPDATE, SYN, 1, 0) * 2,
        frame(DATA, SYN, 1, WINDOW_BYTES + 1),
        frame(WINDOW_UPDATE, SYN, 1, 0xFFFFFFFF),
        # Refused by its header: not one byte of it has come.
        frame(DATA, SYN, 1, INITIAL_WINDOW_BYTES + 1),
    ],
    ids=["version", "kind", "parity", "zero", "twice", "length", "credit", "window"],
)
async def test_muxer__ends_a_connection_that_is_misused(misuse: bytes) -> None:
    async with raw_peer() as (_, peer, ends):
        with suppress(ConnectionLost):
            await peer.write(misuse)
        while not ends:
            await trio.lowlevel.checkpoint()
        assert isinstance(ends[0], ProtocolViolation)


async def test_muxer__resets_streams_above_its_limit() -> None:
    async with raw_peer() as (muxer, peer, ends):
        for index in range(MOST_STREAMS + 5):
            await peer.write(frame(WINDOW_UPDATE, SYN, 1 + 2 * index, 0))
        await trio.testing.wait_all_tasks_blocked()
        assert not ends
        assert muxer.incoming.statistics().current_buffer_used == MOST_STREAMS


async def test_muxer__ends_a_connection_that_opens_streams_without_end() -> None:
    async with raw_peer() as (_, peer, ends):
        for index in range(MOST_STREAMS + MOST_REFUSED):
            await peer.write(frame(WINDOW_UPDATE, SYN, 1 + 2 * index, 0))
        await trio.testing.wait_all_tasks_blocked()
        assert not ends
        await peer.write(frame(WINDOW_UPDATE, SYN, 100_001, 0))
        await trio.testing.wait_all_tasks_blocked()
        assert [str(end) for end in ends] == ["streams without end"]


async def test_muxer__drops_data_for_a_stream_that_is_gone() -> None:
    async with raw_peer() as (muxer, peer, ends):
        await peer.write(frame(WINDOW_UPDATE, SYN, 1, 0) + frame(WINDOW_UPDATE, RST, 1, 0))
        await peer.write(frame(DATA, 0, 1, 4) + b"late" + frame(DATA, SYN, 3, 2) + b"ok")
        await muxer.incoming.receive()
        assert await (await muxer.incoming.receive()).receive_some(10) == b"ok"
        assert not ends


async def test_muxer__ends_a_flood_of_pings_that_nobody_reads() -> None:
    left, right = connection()
    muxer = Muxer(left, is_initiator=False, keepalive_s=1000.0)

    async def flood() -> None:
        with suppress(ConnectionLost):
            while True:
                await right.write(frame(PING, SYN, 0, 7) * 1000)

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            with pytest.raises(ProtocolViolation, match="nobody who reads"):
                await muxer.run()
            nursery.cancel_scope.cancel()


async def test_muxer__keeps_an_idle_connection(autojump_clock: trio.testing.MockClock) -> None:
    async with muxers(keepalive_s=1.0) as (dialler, listener):
        with trio.move_on_after(10):
            await trio.sleep_forever()
        outgoing = dialler.open_stream()
        await outgoing.write(b"x")
        assert await (await listener.incoming.receive()).receive_some(1) == b"x"


async def test_muxer__gives_up_a_silent_peer(autojump_clock: trio.testing.MockClock) -> None:
    async with raw_peer(keepalive_s=5.0) as (_, _, ends):
        with trio.move_on_after(11):
            await trio.sleep_forever()
        assert [str(end) for end in ends] == ["silent for 10.0 s"]


async def test_muxer__hands_on_what_came_of_a_frame_that_is_not_complete() -> None:
    async with raw_peer() as (muxer, peer, ends):
        await peer.write(frame(WINDOW_UPDATE, SYN, 1, 0) + frame(DATA, 0, 1, 100_000) + b"begun")
        stream = await muxer.incoming.receive()
        assert await stream.receive_some(100) == b"begun"
        assert not ends


async def test_muxer__drops_what_comes_for_a_stream_that_is_not_read() -> None:
    async with raw_peer() as (muxer, peer, ends):
        await peer.write(frame(WINDOW_UPDATE, SYN, 1, 0) + frame(DATA, 0, 1, 5) + b"early")
        stream = await muxer.incoming.receive()
        await trio.testing.wait_all_tasks_blocked()
        stream.discard()
        await peer.write(frame(DATA, 0, 1, 4) + b"late" + frame(DATA, FIN, 1, 0))
        await trio.testing.wait_all_tasks_blocked()
        assert stream._received == b""
        with pytest.raises(StreamEnded):
            await stream.receive_some(1)
        assert not ends


async def test_muxer__reads_no_faster_than_its_pace_lets_a_peer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    near, far = connection()
    muxer = Muxer(near, is_initiator=False, keepalive_s=1e9, pace=lambda _: 2.0, turn_s=0.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(muxer.run)
        await far.write(frame(PING, SYN, 0, 7))
        await far.read()
        first_s = trio.current_time()
        await far.write(frame(PING, SYN, 0, 8))
        await far.read()
        assert trio.current_time() - first_s == 2.0
        nursery.cancel_scope.cancel()


async def test_muxer__asks_nobody_for_less_than_a_turn_of_work() -> None:
    near, far = connection()
    asked: list[float] = []

    def pace(work_s: float) -> float:
        asked.append(work_s)
        return 0.0

    muxer = Muxer(near, is_initiator=False, keepalive_s=1e9, pace=pace, turn_s=0.001)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(muxer.run)
        for nonce in range(5000):
            await far.write(frame(PING, SYN, 0, nonce))
            await far.read()
        nursery.cancel_scope.cancel()
    # Five thousand pings take more than 1 ms on any machine, and nothing of it is forgotten.
    assert 1 <= len(asked) < 2500
    assert min(asked) >= 0.001


async def test_stream__hands_over_what_has_come_without_waiting() -> None:
    async with raw_peer() as (muxer, peer, _):
        await peer.write(frame(WINDOW_UPDATE, SYN, 1, 0) + frame(DATA, 0, 1, 5) + b"early")
        stream = await muxer.incoming.receive()
        await trio.testing.wait_all_tasks_blocked()
        assert [stream.take_ready(n) for n in (3, 3, 3)] == [b"ear", b"ly", b""]
