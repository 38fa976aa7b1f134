"""Exact reads from a socket."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from zkattest.net.errors import ConnectionLost, ProtocolViolation
from zkattest.net.tcp import (
    HANDSHAKE_LIMIT_BYTES,
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
