"""Handshakes and negotiations with strangers."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from zkattest.net.boundary import (
    MOST_PLAINTEXT_BYTES,
    NEGOTIATION_LIMIT_BYTES,
    Identity,
    SecureChannel,
    select_inbound,
)
from zkattest.net.errors import ConnectionLost, ProtocolViolation
from zkattest.net.tcp import READ_LIMIT_BYTES, TcpPipe

HELLO = b"\x13/multistream/1.0.0\n"
LIMIT_S = 5


class Script:
    """Play what a stranger sends, and take what it is sent."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.read_bytes = 0

    async def read(self, n: int | None = None) -> bytes:
        """Return the next bytes."""
        assert n is not None
        taken = self.data[self.read_bytes : self.read_bytes + n]
        self.read_bytes += n
        return taken

    async def write(self, data: bytes) -> None:
        """Take an answer."""


async def test_negotiation__refused_when_proposals_have_no_end() -> None:
    script = Script(HELLO + b"\x03ls\n" * 100_000)
    with pytest.raises(ProtocolViolation, match="a negotiation above"):
        await select_inbound(script, ["/meshsub/1.1.0"])
    assert script.read_bytes <= NEGOTIATION_LIMIT_BYTES


async def test_negotiation__takes_the_second_proposal() -> None:
    script = Script(HELLO + b"\x07/other\n" + b"\x07/noise\n")
    assert await select_inbound(script, ["/noise"]) == "/noise"


async def test_handshake__refused_by_its_length_before_a_key_is_parsed() -> None:
    near, far = socket.socketpair()
    async with trio.SocketStream(trio.socket.from_stdlib_socket(far)) as stranger:
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(near))
        await stranger.send_all(HELLO + b"\x07/noise\n" + (1025).to_bytes(2, "big"))
        with trio.fail_after(LIMIT_S), pytest.raises(ProtocolViolation, match="1025 bytes"):
            await Identity(bytes(32)).secure_inbound(TcpPipe(stream, is_initiator=False))
        await stream.aclose()


@asynccontextmanager
async def shaken_hands() -> AsyncIterator[tuple[SecureChannel, SecureChannel, TcpPipe]]:
    """Yield both ends of a private connection, and what the second one writes to."""
    ends = [trio.SocketStream(trio.socket.from_stdlib_socket(end)) for end in socket.socketpair()]
    here, there = (Identity(bytes([n]) * 32) for n in (1, 2))
    pipes = [TcpPipe(end, is_initiator=not n) for n, end in enumerate(ends)]
    channels: dict[int, SecureChannel] = {}

    async def dial() -> None:
        channels[0] = await here.secure_outbound(pipes[0], there.peer_id)

    async def accept() -> None:
        channels[1] = await there.secure_inbound(pipes[1])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(dial)
        nursery.start_soon(accept)
    assert (channels[0].peer_id, channels[1].peer_id) == (there.peer_id, here.peer_id)
    yield channels[0], channels[1], pipes[1]
    for pipe in pipes:
        await pipe.close()


async def test_channel__carries_more_than_a_noise_message_holds() -> None:
    sent = bytes(range(256)) * 1000
    async with shaken_hands() as (near, far, _), trio.open_nursery() as nursery:
        nursery.start_soon(far.write, sent)
        first = await near.read()
        assert len(first) == MOST_PLAINTEXT_BYTES
        received = first + await near.read(5) + await near.read()
        while len(received) < len(sent):
            received += await near.read()
        assert received == sent


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x10" + bytes(16),
        b"\x00\x00",
        b"\xff\xff" + bytes(65535),
    ],
    ids=["forged", "without a tag", "longest"],
)
async def test_channel__ended_by_what_is_no_noise_message(raw: bytes) -> None:
    async with shaken_hands() as (near, _, pipe), trio.open_nursery() as nursery:
        nursery.start_soon(pipe.write, raw)
        with pytest.raises(ProtocolViolation, match="Noise"):
            await near.read()


async def test_channel__ended_by_a_message_of_nothing() -> None:
    async with shaken_hands() as (near, far, pipe):
        empty: bytes = far._noise.encrypt(b"")
        await pipe.write(len(empty).to_bytes(2, "big") + empty)
        with pytest.raises(ConnectionLost, match="an empty Noise message"):
            await near.read()


async def test_channel__refuses_to_hold_more_than_a_noise_message() -> None:
    async with shaken_hands() as (near, _, _):
        with pytest.raises(ProtocolViolation, match="65537 bytes"):
            await near.read(READ_LIMIT_BYTES + 1)
