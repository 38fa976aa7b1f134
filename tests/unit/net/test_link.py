"""One connection over memory: what peers ask of us besides gossip, and what they are blamed for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
import trio.testing
from libp2p.identity.identify.pb.identify_pb2 import Identify

from tests.helpers.links import MemoryChannel
from zkattest.net.boundary import Identity, select_outbound
from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation, StreamEnded
from zkattest.net.link import (
    IDENTIFY_PROTOCOL,
    MESHSUB_PROTOCOLS,
    PING_BYTES,
    PING_PROTOCOL,
    PROTOCOLS,
    Link,
)
from zkattest.net.mesh import Place
from zkattest.net.muxer import Muxer, Stream
from zkattest.net.outbox import Outbox
from zkattest.net.settings import GossipSettings
from zkattest.net.unfinished import UnfinishedFrames
from zkattest.net.wire import Rpc

SETTINGS = GossipSettings()
IDENTITY = Identity(bytes(32))
ADDRESS = b"\x04\x7f\x00\x00\x01\x06\x10\x00"


class Channel(MemoryChannel):
    """Be a secured connection to a peer with a name."""

    peer_id = "peer"


class Owner:
    """Be a host that only keeps what it is told."""

    def __init__(self) -> None:
        self.versions: list[bool] = []
        self.received: list[Rpc] = []
        self.misuse: list[str] = []
        self.unfinished = UnfinishedFrames(1 << 20)

    def link_opened(self, link: Link) -> None:
        """Need nothing."""

    def link_negotiated(self, link: Link, *, understands_idontwant: bool) -> None:
        """Keep the version."""
        self.versions.append(understands_idontwant)

    def link_received(self, link: Link, rpc: Rpc) -> None:
        """Keep the message."""
        self.received.append(rpc)

    def link_progressed(self, link: Link) -> None:
        """Need nothing."""

    def link_worked(self, link: Link, work_s: float) -> float:
        """Have all the time there is."""
        return 0.0

    def link_dawdled(self, link: Link) -> None:
        """Keep the blame."""
        self.misuse.append("dawdled")

    def link_misused(self, link: Link, error: ProtocolViolation) -> None:
        """Keep the blame."""
        self.misuse.append(str(error))


@asynccontextmanager
async def peer_of(owner: Owner) -> AsyncIterator[Muxer]:
    """Run a link; yields the other side's muxer, which leaves our gossip stream unanswered."""
    ours, theirs = trio.testing.memory_stream_pair()
    link = Link(
        owner,
        Channel(ours),
        Place(),
        SETTINGS,
        1 << 20,
        lambda protocols: IDENTITY.identify(protocols, ADDRESS),
        Outbox(SETTINGS, lambda _: False),
        is_initiator=False,
    )
    muxer = Muxer(MemoryChannel(theirs), is_initiator=True, keepalive_s=1e6)

    async def run(call) -> None:
        with suppress(PeerError, BaseExceptionGroup):
            await call()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, link.run)
        nursery.start_soon(run, muxer.run)
        yield muxer
        nursery.cancel_scope.cancel()


async def open_stream(muxer: Muxer, protocol: str) -> Stream:
    stream = muxer.open_stream()
    await select_outbound(stream, [protocol])
    return stream


async def is_echoed(stream: Stream, byte: int) -> bool:
    ping = bytes([byte]) * PING_BYTES
    await stream.write(ping)
    return await stream.read(PING_BYTES) == ping


async def test_identify__tells_key_address_and_protocols_and_closes() -> None:
    owner = Owner()
    async with peer_of(owner) as muxer:
        stream = await open_stream(muxer, IDENTIFY_PROTOCOL)
        size = (await stream.read(1))[0] & 0x7F | (await stream.read(1))[0] << 7
        said = Identify.FromString(await stream.read(size))
        with pytest.raises(StreamEnded):
            await stream.read(1)
    assert said == Identify.FromString(IDENTITY.identify(PROTOCOLS, ADDRESS))
    assert (list(said.protocols), said.agent_version) == (list(PROTOCOLS), "zkattest")
    assert list(said.listen_addrs) == [ADDRESS]
    assert owner.misuse == []


async def test_ping__is_echoed_as_often_as_it_comes() -> None:
    owner = Owner()
    async with peer_of(owner) as muxer:
        stream = await open_stream(muxer, PING_PROTOCOL)
        assert [await is_echoed(stream, byte) for byte in (1, 2, 3)] == [True] * 3
        stream.close()
        with pytest.raises(StreamEnded):
            await stream.read(1)
    assert owner.misuse == []


async def test_ping__is_echoed_on_two_streams_and_a_third_takes_the_place_of_the_first() -> None:
    owner = Owner()
    async with peer_of(owner) as muxer:
        first = await open_stream(muxer, PING_PROTOCOL)
        second = await open_stream(muxer, PING_PROTOCOL)
        assert await is_echoed(first, 1)
        assert await is_echoed(second, 2)
        third = await open_stream(muxer, PING_PROTOCOL)
        assert await is_echoed(third, 3)
        with pytest.raises(ConnectionLost):
            await first.read(PING_BYTES)
        assert await is_echoed(second, 4)
    assert owner.misuse == []


@pytest.mark.parametrize(
    "proposed",
    [
        ["/ipfs/id/push/1.0.0"],
        ["/meshsub/1.3.0", "/floodsub/1.0.0"],
        ["/eth2/beacon_chain/req/beacon_blocks_by_range/2/ssz_snappy"],
    ],
)
async def test_stream__for_a_protocol_that_we_do_not_speak_is_declined_without_blame(proposed):
    owner = Owner()
    async with peer_of(owner) as muxer:
        stream = muxer.open_stream()
        with pytest.raises(ProtocolViolation, match="none of"):
            await select_outbound(stream, proposed)
        stream.reset()
        assert await is_echoed(await open_stream(muxer, PING_PROTOCOL), 1)
    assert owner.misuse == []


async def test_stream__that_is_closed_before_a_protocol_is_chosen_is_nobody_s_fault() -> None:
    owner = Owner()
    async with peer_of(owner) as muxer:
        muxer.open_stream().close()
        muxer.open_stream().reset()
        assert await is_echoed(await open_stream(muxer, PING_PROTOCOL), 1)
    assert owner.misuse == []


async def test_gossip__is_negotiated_down_from_a_version_that_we_do_not_speak() -> None:
    owner = Owner()
    async with peer_of(owner) as muxer:
        stream = muxer.open_stream()
        assert (
            await select_outbound(stream, ["/meshsub/1.3.0", *MESHSUB_PROTOCOLS])
            == (MESHSUB_PROTOCOLS[0])
        )
        await stream.write(b"\x00")
        await trio.testing.wait_all_tasks_blocked()
    assert (owner.received, owner.misuse) == ([Rpc()], [])
