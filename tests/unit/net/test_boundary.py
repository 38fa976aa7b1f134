"""Handshakes and negotiations with strangers."""

from __future__ import annotations

import socket

import pytest
import trio

from zkattest.net.boundary import NEGOTIATION_LIMIT_BYTES, Identity, select_inbound
from zkattest.net.errors import ProtocolViolation
from zkattest.net.tcp import TcpPipe

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
