"""
Targets for one connection: negotiation, frames of yamux, and every handler of a stream behind them.

What a fuzzer writes is what a peer sends once Noise is done. The real link, muxer, gossip router
and request handlers take it, under a virtual clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final, cast

import trio
import trio.testing

from zkattest.net.boundary import Identity, SecureChannel, select_inbound
from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation
from zkattest.net.gossipsub import GossipRouter
from zkattest.net.link import PROTOCOLS, Link
from zkattest.net.mesh import NOWHERE
from zkattest.net.muxer import DATA, FIN, HEADER, MOST_STREAMS, SYN, Muxer
from zkattest.net.outbox import Outbox, OutFrame
from zkattest.net.peering import Peering
from zkattest.net.settings import GossipSettings
from zkattest.net.status import FixedChain
from zkattest.net.unfinished import UnfinishedFrames
from zkattest.net.wire import Rpc
from zkattest.types.ids import Root, Slot
from zkattest.types.peering import ForkDigest, MetaData, Status
from zkattest.types.proof_profiles import PROFILES, ProfileName

TOPIC: Final = "/eth2/01020304/execution_proof/ssz_snappy"
LIMIT_BYTES: Final = 1 << 16
PIECE_BYTES: Final = 1000
LONGEST_S: Final = 3600.0
HELLO: Final = b"\x13/multistream/1.0.0\n"
SETTINGS: Final = GossipSettings()
STATUS: Final = Status(ForkDigest(b"abcd"), Root(bytes(32)), 5, Root(bytes(32)), Slot(200), Slot(7))
METADATA: Final = MetaData(3, attnets=bytes(8), syncnets=b"\x00", custody_group_count=4)


class Script:
    """Play what a peer sends, in pieces, and hang up."""

    peer_id = "fuzzer"

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.written_bytes = 0

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly `n` bytes, or what comes next."""
        await trio.lowlevel.checkpoint()
        size = PIECE_BYTES if n is None else n
        taken, self._data = self._data[:size], self._data[size:]
        if not taken if n is None else len(taken) < n:
            raise ConnectionLost("the script is over")
        return taken

    async def write(self, data: bytes) -> None:
        """Take an answer."""
        await trio.lowlevel.checkpoint()
        self.written_bytes += len(data)


def run(scenario: Callable[[], Any]) -> Any:
    """Run a scenario in virtual time; one that waits for ever is a finding."""
    result = []

    async def bounded() -> None:
        with trio.fail_after(LONGEST_S):
            result.append(await scenario())

    trio.run(bounded, clock=trio.testing.MockClock(autojump_threshold=0))
    return result[0]


def fuzz_negotiation(data: bytes) -> None:
    """Negotiate a protocol with any bytes."""

    async def scenario() -> str | None:
        try:
            return await select_inbound(Script(data), PROTOCOLS)
        except PeerError:
            return None

    assert run(scenario) in {None, *PROTOCOLS}


def fuzz_yamux(data: bytes) -> None:
    """Take any frames; whatever streams they open are read to their end."""

    async def scenario() -> None:
        script = Script(data)
        muxer = Muxer(script, is_initiator=False, keepalive_s=1000.0)
        ours = muxer.open_stream()

        async def read() -> None:
            async for stream in muxer.incoming:
                nursery.start_soon(drain, stream)

        async def drain(stream: Any) -> None:
            try:
                while True:
                    assert len(muxer._streams) <= MOST_STREAMS
                    await stream.write(await stream.receive_some(100))
            except PeerError:
                return

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            nursery.start_soon(drain, ours)
            try:
                await muxer.run()
            except PeerError as error:
                assert str(error)
        assert not muxer._streams

    run(scenario)


class Owner:
    """Be what a host is to a link, with the real router."""

    def __init__(self) -> None:
        self.router = GossipRouter({TOPIC: LIMIT_BYTES}, SETTINGS, random.Random(0))
        self.unfinished = UnfinishedFrames(SETTINGS.unfinished_limit_bytes)
        self.outbox = Outbox(SETTINGS, lambda _: False)

    def link_opened(self, link: Link) -> None:
        """Greet."""
        self._perform(self.router.connected(link.peer_id))

    def link_negotiated(self, link: Link, *, understands_idontwant: bool) -> None:
        """Note the version."""
        self.router.negotiated(link.peer_id, understands_idontwant=understands_idontwant)

    def link_received(self, link: Link, rpc: Rpc) -> None:
        """Route."""
        self._perform(self.router.received(link.peer_id, rpc, trio.current_time()))

    def link_progressed(self, link: Link) -> None:
        """Note progress."""
        self.router.progressed(link.peer_id, trio.current_time())

    def link_worked(self, link: Link, work_s: float) -> float:
        """Let it go on: real time is not part of a script."""
        assert work_s >= 0
        return 0.0

    def link_dawdled(self, link: Link) -> None:
        """Let it go."""

    def link_misused(self, link: Link, error: ProtocolViolation) -> None:
        """Debit."""
        assert str(error)
        self._perform(self.router.misbehaved(link.peer_id, trio.current_time()))

    def _perform(self, actions: list[Any]) -> None:
        for action in actions:
            if hasattr(action, "frame"):
                self.outbox.put(OutFrame(action.frame, action.message_id))


def fuzz_link(data: bytes) -> None:
    """
    Serve a peer whose streams hold any bytes.

    Each stream is a byte that chooses its protocol, two bytes of length, and what is sent on it.
    """
    frames, number = bytearray(), 1
    services = Peering(FixedChain(STATUS), METADATA, None, PROFILES[ProfileName.GLOAS_AUG])
    protocols = (*PROTOCOLS, *services.protocol_ids)
    while len(data) >= 3 and number < 2 * MOST_STREAMS:
        protocol = protocols[data[0] % len(protocols)]
        size = int.from_bytes(data[1:3], "big")
        body = HELLO + bytes([len(protocol) + 1]) + protocol.encode() + b"\n" + data[3 : 3 + size]
        flags = SYN | (FIN if size % 2 else 0)
        frames += HEADER.pack(0, DATA, flags, number, len(body)) + body
        data, number = data[3 + size :], number + 2

    async def scenario() -> None:
        owner, script = Owner(), Script(bytes(frames))
        link = Link(
            owner,
            cast("SecureChannel", script),
            NOWHERE,
            SETTINGS,
            LIMIT_BYTES * 2,
            lambda protocols: Identity(bytes(32)).identify(protocols, b""),
            owner.outbox,
            services,
            is_initiator=False,
        )
        try:
            await link.run()
        except* PeerError:
            pass
        except* trio.TooSlowError:
            pass
        assert owner.unfinished.size_bytes == 0

    run(scenario)
