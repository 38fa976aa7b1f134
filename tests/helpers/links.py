"""Two ends of one connection in memory: real muxers and negotiation, without sockets or gossip."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio
import trio.testing

from zkattest.net.boundary import select_inbound, select_outbound
from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation
from zkattest.net.link import StreamServices
from zkattest.net.muxer import Muxer, Stream


class MemoryChannel:
    """Make an in-memory stream look like a secured connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream

    async def read(self, n: int | None = None) -> bytes:
        """Return what came next."""
        assert n is None
        try:
            data = await self.stream.receive_some(65536)
        except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
            raise ConnectionLost("memory") from error
        if not data:
            raise ConnectionLost("memory ended")
        return bytes(data)

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        try:
            await self.stream.send_all(data)
        except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
            raise ConnectionLost("memory") from error


class MemoryLink:
    """Be a link that speaks the services and nothing else; keeps what its peer is blamed for."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        peer_id: str,
        services: StreamServices | None,
        is_initiator: bool,
    ) -> None:
        self.peer_id = peer_id
        self.is_initiator = is_initiator
        self.blamed: list[ProtocolViolation] = []
        self.ended = trio.Event()
        self._stream = stream
        self._services = services
        self._scope = trio.CancelScope()
        self._muxer = Muxer(MemoryChannel(stream), is_initiator=is_initiator, keepalive_s=1e6)

    def blame(self, violation: ProtocolViolation) -> None:
        """Keep what the peer did."""
        self.blamed.append(violation)

    def close(self) -> None:
        """End the connection."""
        self._scope.cancel()

    async def open_stream(self, protocol_ids: Sequence[str]) -> tuple[Stream, str]:
        """Start a stream for the first of these protocols that the peer speaks."""
        stream = self._muxer.open_stream()
        with trio.fail_after(10):
            return stream, await select_outbound(stream, protocol_ids)

    async def run(self) -> None:
        """Serve the other end until the connection ends."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._muxer.run)
                    if self._services is not None:
                        nursery.start_soon(self._services.attend, self)
                    async for stream in self._muxer.incoming:
                        nursery.start_soon(self._serve, stream)
        except* PeerError:
            pass
        finally:
            with trio.CancelScope(shield=True):
                await self._stream.aclose()
            self.ended.set()

    async def _serve(self, stream: Stream) -> None:
        ids = self._services.protocol_ids if self._services else ()
        try:
            protocol_id = await select_inbound(stream, ids)
        except PeerError:
            stream.reset()
            return
        try:
            assert self._services is not None
            await self._services.serve(self, protocol_id, stream)
        except ProtocolViolation as violation:
            stream.reset()
            self.blame(violation)
        except (PeerError, trio.TooSlowError):
            stream.reset()


@asynccontextmanager
async def linked(
    dialler: StreamServices | None, listener: StreamServices | None
) -> AsyncIterator[tuple[MemoryLink, MemoryLink]]:
    """Connect two services; yields the end that dialled and the other one."""
    left, right = trio.testing.memory_stream_pair()
    ends = (
        MemoryLink(left, "listener", dialler, is_initiator=True),
        MemoryLink(right, "dialler", listener, is_initiator=False),
    )
    async with trio.open_nursery() as nursery:
        for end in ends:
            nursery.start_soon(end.run)
        yield ends
        nursery.cancel_scope.cancel()
