"""Gossip hosts for tests: quick settings, collecting what arrives, a peer that breaks the rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import trio

from zkattest.net import GossipHost, GossipMessage, GossipSettings, Verdict, topic_string
from zkattest.net.address import Address
from zkattest.net.boundary import Identity, select_inbound, select_outbound
from zkattest.net.errors import PeerError
from zkattest.net.link import MESHSUB_PROTOCOLS, secure_dialled
from zkattest.net.muxer import Muxer, Stream
from zkattest.net.wire import Published, Rpc, encode_rpc

MIB = 1 << 20
PROOF_BYTES = 1_272_500
PROOFS = topic_string(bytes.fromhex("01020304"), "delayed_execution_proof")
BLOCKS = topic_string(bytes.fromhex("01020304"), "delayed_block")
TOPICS = {PROOFS: 4 * MIB + 145, BLOCKS: 10 * MIB}
ANY_PORT = "/ip4/127.0.0.1/tcp/0"
SETTINGS = GossipSettings(redial_first_s=0.02, redial_most_s=0.1)

Judge = Callable[[GossipMessage], Verdict | None]


def seed(number: int) -> bytes:
    """Return the key seed of a test's host."""
    return bytes([number]) * 32


def open_host(
    number: int,
    peers: Sequence[str] = (),
    listen: str = ANY_PORT,
    settings: GossipSettings = SETTINGS,
) -> AbstractAsyncContextManager[GossipHost]:
    """Open a host with both topics."""
    return GossipHost.open(listen, peers, TOPICS, seed(number), settings)


def accept(_: GossipMessage) -> Verdict | None:
    """Accept everything."""
    return Verdict.ACCEPT


class Collector:
    """Judge what a host receives and keep it."""

    def __init__(self, host: GossipHost, judge: Judge = accept) -> None:
        self.host = host
        self.received: list[GossipMessage] = []
        self._judge = judge
        self._arrived = trio.Event()

    async def run(self) -> None:
        """Receive until cancelled; a verdict of None is left to the test."""
        async for message in self.host.messages:
            self.received.append(message)
            verdict = self._judge(message)
            if verdict is not None:
                self.host.report(message.message_id, verdict)
            self._arrived.set()
            self._arrived = trio.Event()

    async def wait_for(self, message_id: bytes) -> GossipMessage:
        """Return a message when it has arrived."""
        while True:
            for message in self.received:
                if message.message_id == message_id:
                    return message
            await self._arrived.wait()


async def wait_until(host: GossipHost, condition: Callable[[], bool]) -> None:
    """Return when a condition on a host holds, looking again after each of its events."""
    while not condition():
        await host.wait_for_change()


class RawPeer:
    """Speak to a host below the level where manners are kept."""

    def __init__(self, muxer: Muxer, stream: Stream, ended: trio.Event) -> None:
        self.muxer = muxer
        self.stream = stream
        self.ended = ended
        """Set when the connection is over."""

    @classmethod
    @asynccontextmanager
    async def connect(cls, host: GossipHost, number: int) -> AsyncIterator[RawPeer]:
        """Connect and open a gossip stream that nothing is written to yet."""
        address = Address.parse(host.address)
        socket = await trio.open_tcp_stream(address.host, address.port)
        channel = await secure_dialled(Identity(seed(number)), socket, host.peer_id)
        muxer = Muxer(channel, is_initiator=True, keepalive_s=1000.0)
        ended = trio.Event()

        async def run() -> None:
            with suppress(PeerError):
                await muxer.run()
            ended.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            stream = muxer.open_stream()
            await select_outbound(stream, MESHSUB_PROTOCOLS)
            yield cls(muxer, stream, ended)
            nursery.cancel_scope.cancel()
        await socket.aclose()

    @staticmethod
    async def greet(host: GossipHost, number: int) -> None:
        """Connect and wait for the host to say something; raise when it hangs up instead."""
        address = Address.parse(host.address)
        socket = await trio.open_tcp_stream(address.host, address.port)
        try:
            channel = await secure_dialled(Identity(seed(number)), socket, host.peer_id)
            await channel.read()
        finally:
            await socket.aclose()

    async def accept_and_never_read(self) -> None:
        """Let the host open its gossip stream and leave what it sends there unread."""
        await select_inbound(await self.muxer.incoming.receive(), MESHSUB_PROTOCOLS)

    async def send(self, data: bytes) -> None:
        """Write bytes; a host that hangs up on them is what the test is about."""
        with suppress(PeerError):
            await self.stream.write(data)

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send one message with any payload."""
        await self.send(encode_rpc(Rpc(published=(Published((topic,), payload),))))
