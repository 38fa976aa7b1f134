"""Exact reads from a socket."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from zkattest.net.errors import ConnectionLost, ProtocolViolation
from zkattest.net.tcp import (
    HANDSHAKE_LIMIT_BYTES,
    MOST_WAITED_FOR_BYTES,
    READ_LIMIT_BYTES,
    TcpPipe,
    Traffic,
    choose_congestion_control,
    cut,
)


@asynccontextmanager
async def pipe() -> AsyncIterator[tuple[TcpPipe, trio.SocketStream]]:
    left, right = socket.socketpair()
    near = trio.SocketStream(trio.socket.from_stdlib_socket(left))
    async with trio.SocketStream(trio.socket.from_stdlib_socket(right)) as far:
        made = TcpPipe(near, is_initiator=True)
        yield made, far
        await made.close()


def test_cut__removes_what_it_returns() -> None:
    buffer = bytearray(b"abcdef")
    assert cut(buffer, 2) == b"ab"
    assert cut(buffer, 10) == b"cdef"
    assert buffer == b""


async def test_read__returns_exactly_what_is_asked() -> None:
    async with pipe() as (near, far):
        await far.send_all(b"abcdef")
        assert [await near.read(n) for n in (1, 0, 4)] == [b"a", b"", b"bcde"]


async def test_traffic__counted_both_ways() -> None:
    left, right = socket.socketpair()
    traffic = Traffic()
    near = trio.SocketStream(trio.socket.from_stdlib_socket(left))
    async with trio.SocketStream(trio.socket.from_stdlib_socket(right)) as far:
        made = TcpPipe(near, traffic, is_initiator=True)
        await far.send_all(b"abcdef")
        await made.read(2)
        await made.write(b"xyz")
        await made.close()
    assert traffic == Traffic(bytes_in=6, bytes_out=3)


async def test_read__waits_for_many_short_pieces() -> None:
    async with pipe() as (near, far), trio.open_nursery() as nursery:

        async def drip() -> None:
            for _ in range(300):
                await far.send_all(b"x")

        nursery.start_soon(drip)
        assert await near.read(300) == b"x" * 300


async def test_read__raises_when_the_rest_never_comes() -> None:
    async with pipe() as (near, far):
        await far.send_all(b"ab")
        await far.send_eof()
        with pytest.raises(ConnectionLost, match="closed by the peer"):
            await near.read(3)


async def test_read__refuses_more_than_any_handshake_needs() -> None:
    async with pipe() as (near, _):
        with pytest.raises(ProtocolViolation, match="1025 bytes"):
            await near.read(HANDSHAKE_LIMIT_BYTES + 1)
        near.lift_limit()
        with pytest.raises(ProtocolViolation, match="65537 bytes"):
            await near.read(READ_LIMIT_BYTES + 1)


async def test_write__raises_when_the_pipe_is_closed() -> None:
    async with pipe() as (near, _):
        await near.close()
        with pytest.raises(ConnectionLost):
            await near.write(b"x")
        with pytest.raises(ConnectionLost):
            await near.read(1)


async def test_pipe__sleeps_until_what_is_asked_for_has_come() -> None:
    listener = trio.socket.socket()
    await listener.bind(("127.0.0.1", 0))
    listener.listen()
    near = await trio.open_tcp_stream(*listener.getsockname())
    far, _ = await listener.accept()
    made = TcpPipe(near, is_initiator=True)
    made.lift_limit()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.read, 40_000)
        await trio.testing.wait_all_tasks_blocked()
        assert near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == MOST_WAITED_FOR_BYTES
        await trio.SocketStream(far).send_all(bytes(40_001))
    assert await made.read(1) == b"\0"
    # What ends early wakes us up as well.
    async with trio.open_nursery() as nursery:
        nursery.start_soon(raises_lost, made)
        await trio.testing.wait_all_tasks_blocked()
        far.close()
    listener.close()
    await made.close()


async def raises_lost(made: TcpPipe) -> None:
    with pytest.raises(ConnectionLost):
        await made.read(30_000)


async def test_congestion_control__is_the_kernel_s_to_refuse() -> None:
    left, right = socket.socketpair()
    async with (
        trio.SocketStream(trio.socket.from_stdlib_socket(left)) as unix,
        trio.SocketStream(trio.socket.from_stdlib_socket(right)),
        trio.SocketStream(trio.socket.socket()) as tcp,
    ):
        assert not choose_congestion_control(unix, "reno")
        assert not choose_congestion_control(tcp, "no such thing")
        # Reno is in every kernel, and for everybody.
        assert choose_congestion_control(tcp, "reno")
        name = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
        assert bytes(name).rstrip(b"\0") == b"reno"
