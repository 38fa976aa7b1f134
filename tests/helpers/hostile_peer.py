"""
Connect to a host as a stranger would: TCP, Noise and yamux, and below them whatever one likes.

None of our router takes part. Frames of yamux are written by hand where an attack is about them.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

import trio

from zkattest.net.address import Address
from zkattest.net.boundary import Identity, SecureChannel, select_inbound, select_outbound
from zkattest.net.errors import PeerError
from zkattest.net.link import MESHSUB_PROTOCOLS, secure_dialled
from zkattest.net.muxer import Muxer, Stream
from zkattest.net.wire import Published, Rpc, decode_rpc, encode_rpc, read_frame

FRAME_LIMIT_BYTES = 16 << 20
TRANSPORT_ERRORS = (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)
LONGEST_DIAL_S = 5.0


@dataclass(slots=True)
class Target:
    """
    Name the host that is attacked, from where, and the topics it has.

    `source` is an address to connect from, or `ADDRESS/COUNT` for so many that follow each other,
    or `ADDRESS/COUNT/SEED` to take them in an order of one's choice.
    """

    address: str
    source: str
    proofs: str
    blocks: str
    seeds: itertools.count[int] = field(default_factory=itertools.count)
    salt: bytes = field(default_factory=lambda: os.urandom(16))
    order: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        """Begin the order of addresses."""
        if self.source.count("/") == 2:
            self.order.seed(int(self.source.rpartition("/")[2]))

    def new_identity(self) -> Identity:
        """Make an identity that nobody has seen."""
        return Identity(self.salt + next(self.seeds).to_bytes(16, "big"))

    async def connect(self) -> trio.SocketStream:
        """Open a TCP connection."""
        place = Address.parse(self.address)
        with trio.fail_after(LONGEST_DIAL_S):
            return await trio.open_tcp_stream(
                place.host, place.port, local_address=self.next_source()
            )

    def next_source(self) -> str:
        """Choose an address to come from."""
        first, count = [*self.source.split("/"), "1"][:2]
        return str(ip_address(first) + self.order.randrange(int(count)))


@dataclass(slots=True)
class Tally:
    """Count what an attacker did and what became of it."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, amount: int = 1) -> None:
        """Count something."""
        self.counts[name] += amount


class HostilePeer:
    """Hold one secured connection, its muxer and its gossip stream."""

    def __init__(self, muxer: Muxer, stream: Stream, tally: Tally, peer_id: str) -> None:
        self.muxer = muxer
        self.stream = stream
        self.tally = tally
        self.peer_id = peer_id
        self.ended = trio.Event()
        """Set when the connection is over."""

    async def send(self, data: bytes) -> None:
        """Write to the gossip stream; raises `PeerError` when the host parted."""
        self.tally.add("frames")
        self.tally.add("bytes", len(data))
        await self.stream.write(data)

    async def say(self, rpc: Rpc) -> None:
        """Send one RPC."""
        await self.send(encode_rpc(rpc))

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send one message with any payload."""
        self.tally.add("messages")
        await self.say(Rpc(published=(Published((topic,), payload),)))

    async def join(self, topics: Sequence[str]) -> None:
        """Subscribe, and ask for a place in each mesh."""
        await self.say(Rpc(subscribe=tuple(topics), graft=tuple(topics)))

    async def hear(self) -> AsyncIterator[Rpc]:
        """Yield what the host sends, from its own gossip stream."""
        async for stream in self.muxer.incoming:
            with suppress(PeerError):
                protocols = [*MESHSUB_PROTOCOLS, "/ipfs/ping/1.0.0"]
                if await select_inbound(stream, protocols) not in MESHSUB_PROTOCOLS:
                    continue
                stream.grow_window()
                while True:
                    yield decode_rpc(await read_frame(stream, FRAME_LIMIT_BYTES))


@asynccontextmanager
async def secured(target: Target, tally: Tally) -> AsyncIterator[tuple[SecureChannel, Identity]]:
    """Connect and shake hands; what comes after is the attack's."""
    socket = await target.connect()
    tally.add("connections")
    try:
        identity = target.new_identity()
        peer = Address.parse(target.address).peer_id or ""
        with trio.fail_after(LONGEST_DIAL_S):
            channel = await secure_dialled(identity, socket, peer)
        tally.add("handshakes")
        yield channel, identity
    finally:
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(socket)


@asynccontextmanager
async def joined(target: Target, tally: Tally) -> AsyncIterator[HostilePeer]:
    """Connect and open a gossip stream that nothing is written to yet."""
    async with secured(target, tally) as (channel, identity), trio.open_nursery() as nursery:
        muxer = Muxer(channel, is_initiator=True, keepalive_s=1000.0)

        async def run() -> None:
            with suppress(PeerError):
                await muxer.run()
            peer.ended.set()
            tally.add("parted")

        stream = muxer.open_stream()
        peer = HostilePeer(muxer, stream, tally, identity.peer_id)
        nursery.start_soon(run)
        with trio.fail_after(LONGEST_DIAL_S):
            await select_outbound(stream, MESHSUB_PROTOCOLS)
        yield peer
        nursery.cancel_scope.cancel()
