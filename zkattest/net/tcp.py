"""Read and write a TCP stream in the way that libp2p's handshakes expect."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

import trio

from zkattest.net.errors import ConnectionLost, ProtocolViolation

RECEIVE_BYTES = 1 << 18
# The longest thing anyone reads at once is a Noise message.
READ_LIMIT_BYTES = 1 << 16
# A handshake holds a key and a signature. The library parses any key that it is sent, a private
# RSA key with a primality test included: 18 KiB of one stop the event loop for 0.7 s.
HANDSHAKE_LIMIT_BYTES = 1024
# Over a bad line the bytes of one message come by the packet, and waking up for each of them costs
# more than all else that is done for it. Nobody can use a Noise message before it is whole.
MOST_WAITED_FOR_BYTES = 1 << 15


@dataclass(slots=True)
class Traffic:
    """Count the bytes of all connections of a host, as they cross the socket."""

    bytes_in: int = 0
    bytes_out: int = 0


def cut(buffer: bytearray, size: int) -> bytes:
    """Remove and return the first `size` bytes, copied once."""
    with memoryview(buffer) as view:
        data = bytes(view[:size])
    del buffer[:size]
    return data


def choose_congestion_control(stream: trio.SocketStream, name: str) -> bool:
    """
    Ask the kernel for a congestion control by name; False when it does not let us have it.

    One that takes every lost packet for congestion sends a message of a megabyte in eight seconds
    where one of a hundred packets is lost; BBR does not (docs/operators/delivery.md).
    """
    option = getattr(socket, "TCP_CONGESTION", None)
    if option is None:
        return False
    try:
        stream.setsockopt(socket.IPPROTO_TCP, option, name.encode())
    except OSError:
        return False
    return True


class TcpPipe:
    """
    Read exact counts from one socket.

    libp2p's own wrapper returns what one `recv` returned, and its callers give up after a hundred
    short reads: a slow link breaks them.
    """

    def __init__(
        self, stream: trio.SocketStream, traffic: Traffic | None = None, *, is_initiator: bool
    ) -> None:
        self._stream = stream
        self._traffic = traffic if traffic is not None else Traffic()
        self._buffer = bytearray()
        self._limit_bytes = HANDSHAKE_LIMIT_BYTES
        self._waited_for_bytes = 1
        self.is_initiator = is_initiator

    def lift_limit(self) -> None:
        """Let whole Noise messages through, now that we know who is there."""
        self._limit_bytes = READ_LIMIT_BYTES

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly `n` bytes; raise `ConnectionLost` when fewer will ever come."""
        if n is None or n > self._limit_bytes:
            raise ProtocolViolation(f"a frame of {n} bytes before the muxer")
        while len(self._buffer) < n:
            self._wait_for(min(n - len(self._buffer), MOST_WAITED_FOR_BYTES))
            self._buffer += await self._receive()
        return cut(self._buffer, n)

    def _wait_for(self, size_bytes: int) -> None:
        """Have the kernel wake us up when so much has come, or the stream has ended."""
        if size_bytes != self._waited_for_bytes:
            self._waited_for_bytes = size_bytes
            with suppress(OSError):
                self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size_bytes)

    async def _receive(self) -> bytes:
        try:
            data = await self._stream.receive_some(RECEIVE_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionLost("read") from error
        if not data:
            raise ConnectionLost("closed by the peer")
        self._traffic.bytes_in += len(data)
        return bytes(data)

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionLost("write") from error
        self._traffic.bytes_out += len(data)

    async def close(self) -> None:
        """Close the socket; later reads and writes raise `ConnectionLost`."""
        await self._stream.aclose()

    def get_remote_address(self) -> tuple[str, int] | None:
        """Answer nothing: nobody here decides by address."""
        return None
