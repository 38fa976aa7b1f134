"""Two ends of one connection in memory: the real links, muxers and services, without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import cast

import trio
import trio.testing

from zkattest.net.boundary import Rpc, SecureChannel
from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation
from zkattest.net.link import Link, StreamServices
from zkattest.net.outbox import Outbox
from zkattest.net.settings import GossipSettings

SETTINGS = GossipSettings(keepalive_s=1000.0)


class MemoryChannel:
    """Make an in-memory stream look like a secured connection to a named peer."""

    def __init__(self, stream: trio.abc.Stream, peer_id: str) -> None:
        self.peer_id = peer_id
        self._stream = stream

    async def read(self, n: int | None = None) -> bytes:
        """Return what came next."""
        assert n is None
        try:
            data = await self._stream.receive_some(65536)
        except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
            raise ConnectionLost("memory") from error
        if not data:
            raise ConnectionLost("memory ended")
        return bytes(data)

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        try:
            await self._stream.send_all(data)
        except (trio.ClosedResourceError, trio.BrokenResourceError) as error:
            raise ConnectionLost("memory") from error

    async def close(self) -> None:
        """Close our end."""
        await self._stream.aclose()


class LinkEnd:
    """Own one end: keep what its link reports, and know when it is over."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        peer_id: str,
        services: StreamServices | None,
        is_initiator: bool,
    ) -> None:
        self.blamed: list[ProtocolViolation] = []
        self.ended = trio.Event()
        self._channel = MemoryChannel(stream, peer_id)
        self.link = Link(
            self,
            cast("SecureChannel", self._channel),
            SETTINGS,
            1 << 20,
            lambda _: b"",
            Outbox(SETTINGS, lambda _: False),
            services,
            is_initiator=is_initiator,
        )

    def link_opened(self, link: Link) -> None:
        """Nothing to greet with."""

    def link_negotiated(self, link: Link, *, understands_idontwant: bool) -> None:
        """No router listens."""

    def link_received(self, link: Link, rpc: Rpc) -> None:
        """No router listens."""

    def link_misused(self, link: Link, error: ProtocolViolation) -> None:
        """Keep what the peer is blamed for."""
        self.blamed.append(error)

    async def run(self) -> None:
        """Run the link until it ends."""
        with suppress(PeerError):
            try:
                await self.link.run()
            except* PeerError:
                pass
        await self._channel.close()
        self.ended.set()


@asynccontextmanager
async def linked(
    dialler: StreamServices | None, listener: StreamServices | None
) -> AsyncIterator[Sequence[LinkEnd]]:
    """Connect two services; yields the end that dialled and the other one."""
    left, right = trio.testing.memory_stream_pair()
    ends = LinkEnd(left, "listener", dialler, True), LinkEnd(right, "dialler", listener, False)
    async with trio.open_nursery() as nursery:
        for end in ends:
            nursery.start_soon(end.run)
        yield ends
        nursery.cancel_scope.cancel()
