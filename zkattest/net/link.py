"""Run one connection to one peer: handshakes, streams, frames in and out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import trio

from zkattest.net.boundary import (
    YAMUX_PROTOCOL,
    Identity,
    SecureChannel,
    select_inbound,
    select_outbound,
)
from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation, StreamEnded
from zkattest.net.mesh import Place
from zkattest.net.muxer import FRAME_PAYLOAD_BYTES, TURN_S, Muxer, Stream
from zkattest.net.outbox import Outbox
from zkattest.net.settings import GossipSettings
from zkattest.net.tcp import TcpPipe, Traffic
from zkattest.net.unfinished import Unfinished, UnfinishedFrames
from zkattest.net.wire import Rpc, decode_rpc, encode_varint, read_frame

MESHSUB_V12 = "/meshsub/1.2.0"
MESHSUB_PROTOCOLS = (MESHSUB_V12, "/meshsub/1.1.0")
IDENTIFY_PROTOCOL = "/ipfs/id/1.0.0"
PING_PROTOCOL = "/ipfs/ping/1.0.0"
PING_BYTES = 32
MOST_PING_STREAMS = 2
GOODBYE_S = 0.2
# A slow peer may take long for a message, as long as it keeps taking.
PATIENCE_BYTES = 4 * FRAME_PAYLOAD_BYTES
# What it takes to read a crumb: frames of no bytes cost nothing else, and come by the million.
READ_S = 2e-5
PROTOCOLS = (*MESHSUB_PROTOCOLS, IDENTIFY_PROTOCOL, PING_PROTOCOL)


class LinkOwner(Protocol):
    """What a link tells the host."""

    def link_opened(self, link: Link) -> None:
        """Take note of a peer and queue a greeting."""

    def link_negotiated(self, link: Link, *, understands_idontwant: bool) -> None:
        """Take note of what the peer's protocol version allows."""

    def link_received(self, link: Link, rpc: Rpc) -> None:
        """Handle what the peer sent."""

    def link_progressed(self, link: Link) -> None:
        """Note that a part of a frame came."""

    def link_worked(self, link: Link, work_s: float) -> float:
        """Count the work that a peer causes and return how many seconds it is to wait."""

    def link_dawdled(self, link: Link) -> None:
        """Note that a peer is parted with because it did not finish what it began."""

    @property
    def unfinished(self) -> UnfinishedFrames:
        """Return what counts the frames that are half received."""

    def link_misused(self, link: Link, error: ProtocolViolation) -> None:
        """Debit a stream that broke the protocol."""


class StreamServices(Protocol):
    """What a host speaks with its peers besides gossip: requests, and what follows a connection."""

    @property
    def protocol_ids(self) -> Sequence[str]:
        """Return the protocols that streams of peers may be negotiated for."""
        ...

    def may_dial(self, peer: str) -> bool:
        """Say whether a peer may be dialled now."""
        ...

    async def serve(self, link: Link, protocol_id: str, stream: Stream) -> None:
        """Answer one stream of a peer; what it raises is handled as for gossip."""

    async def attend(self, link: Link) -> None:
        """Keep a connection company until it ends; returning early is no harm."""

    async def part(self, link: Link) -> None:
        """Take leave of a peer that we disconnect from."""


class Link:
    """Hold one secured, multiplexed connection."""

    def __init__(
        self,
        owner: LinkOwner,
        channel: SecureChannel,
        place: Place,
        settings: GossipSettings,
        frame_limit_bytes: int,
        describe: Callable[[Sequence[str]], bytes],
        outbox: Outbox,
        services: StreamServices | None = None,
        *,
        is_initiator: bool,
    ) -> None:
        self.peer_id = channel.peer_id
        self.place = place
        self.is_initiator = is_initiator
        self.outbox = outbox
        self._owner = owner
        self._channel = channel
        self._settings = settings
        self._frame_limit_bytes = frame_limit_bytes
        self._describe = describe
        self._services = services
        self._protocols = (*PROTOCOLS, *(services.protocol_ids if services else ()))
        self._muxer = Muxer(
            channel, is_initiator=is_initiator, keepalive_s=settings.keepalive_s, pace=self._pace
        )
        self._inbound: Stream | None = None
        self._pings: deque[Stream] = deque()
        self._worked_s = 0.0
        self._scope = trio.CancelScope()

    def close(self) -> None:
        """End the link from outside."""
        self._scope.cancel()

    def _pace(self, work_s: float) -> float:
        return self._owner.link_worked(self, work_s)

    async def open_stream(self, protocol_ids: Sequence[str]) -> tuple[Stream, str]:
        """
        Start a stream of ours for the first of these protocols that the peer speaks.

        Raises `ProtocolViolation` when it speaks none, `ConnectionLost`, and `trio.TooSlowError`.
        """
        stream = self._muxer.open_stream()
        try:
            with trio.fail_after(self._settings.dial_timeout_s):
                return stream, await select_outbound(stream, protocol_ids)
        except BaseException:
            stream.reset()
            raise

    def blame(self, violation: ProtocolViolation) -> None:
        """Hold a breach of the protocol against the peer."""
        self._owner.link_misused(self, violation)

    async def run(self) -> None:
        """Serve the peer until either side ends the connection."""
        with self._scope:
            self._owner.link_opened(self)
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._run_muxer)
                    nursery.start_soon(self._send_gossip)
                    if self._services is not None:
                        nursery.start_soon(self._services.attend, self)
                    async for stream in self._muxer.incoming:
                        nursery.start_soon(self._serve, stream)
                    nursery.cancel_scope.cancel()
            finally:
                await self._say_goodbye()

    async def _run_muxer(self) -> None:
        try:
            await self._muxer.run()
        except ProtocolViolation as violation:
            self.blame(violation)
            raise

    async def _say_goodbye(self) -> None:
        # Older stubs of trio, which libp2p brings along, know no shorter way to say it.
        with trio.CancelScope(deadline=trio.current_time() + GOODBYE_S, shield=True):
            try:
                await self._muxer.go_away()
            except PeerError:
                return

    async def _send_gossip(self) -> None:
        with trio.fail_after(self._settings.dial_timeout_s):
            stream = self._muxer.open_stream()
            protocol = await select_outbound(stream, MESHSUB_PROTOCOLS)
        self._owner.link_negotiated(self, understands_idontwant=protocol == MESHSUB_V12)
        while True:
            data = memoryview(await self.outbox.take())
            for start in range(0, len(data), PATIENCE_BYTES):
                await self._write_patiently(stream, data[start : start + PATIENCE_BYTES])

    async def _write_patiently(self, stream: Stream, data: memoryview) -> None:
        with trio.move_on_after(self._settings.stall_s) as patience:
            await stream.write(data)
        if patience.cancelled_caught:
            # Half a frame is out: the connection is of no more use.
            raise ConnectionLost(f"took no {PATIENCE_BYTES} bytes in {self._settings.stall_s} s")

    async def _serve(self, stream: Stream) -> None:
        try:
            with trio.fail_after(self._settings.dial_timeout_s):
                protocol = await select_inbound(stream, self._protocols)
            if protocol == IDENTIFY_PROTOCOL:
                description = self._describe(self._protocols)
                await stream.write(encode_varint(len(description)) + description)
                stream.close()
                stream.discard()
            elif protocol == PING_PROTOCOL:
                await self._answer_pings(stream)
            elif self._services is not None and protocol in self._services.protocol_ids:
                await self._services.serve(self, protocol, stream)
            else:
                await self._receive_gossip(stream)
        except StreamEnded:
            stream.close()
        except ProtocolViolation as violation:
            stream.reset()
            self._owner.link_misused(self, violation)
        except (ConnectionLost, trio.TooSlowError):
            stream.reset()

    async def _answer_pings(self, stream: Stream) -> None:
        # Two, as the protocol says, for a peer may open the next before we hear that it closed the
        # last; more could sit on what they sent.
        if len(self._pings) == MOST_PING_STREAMS:
            self._pings.popleft().reset()
        self._pings.append(stream)
        try:
            while True:
                await stream.write(await stream.read(PING_BYTES))
        finally:
            if stream in self._pings:
                self._pings.remove(stream)

    async def _receive_gossip(self, stream: Stream) -> None:
        # One stream of gossip at a time: a second one replaces the first, as in other clients.
        if self._inbound is not None:
            self._inbound.reset()
        self._inbound = stream
        stream.grow_window()

        def progressed() -> None:
            self._owner.link_progressed(self)

        while True:
            timeout_s = self._settings.frame_timeout_s
            with _FrameSource(stream, self._owner.unfinished, self._give_up, timeout_s) as source:
                frame = await read_frame(source, self._frame_limit_bytes, progressed)
            await self._handle_frame(frame, source.reads * READ_S)

    async def _handle_frame(self, frame: bytes, spent_s: float) -> None:
        started_s = time.thread_time() - spent_s
        for rpc in decode_rpc(frame).parts():
            self._owner.link_received(self, rpc)
            self._worked_s += time.thread_time() - started_s
            if self._worked_s >= TURN_S:
                # Others get their turn; this peer's next message comes in its time.
                worked_s, self._worked_s = self._worked_s, 0.0
                await trio.sleep(self._pace(worked_s))
            started_s = time.thread_time()

    def _give_up(self) -> None:
        self._owner.link_dawdled(self)
        self.close()


class _FrameSource:
    """Read the bytes of one frame, which are counted and have to come in time."""

    def __init__(
        self,
        stream: Stream,
        frames: UnfinishedFrames,
        give_up: Callable[[], None],
        timeout_s: float,
    ) -> None:
        self._stream = stream
        self._frames = frames
        self._give_up = give_up
        self._timeout_s = timeout_s
        self._frame: Unfinished | None = None
        self._deadline_s = 0.0
        self.reads = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._frame is not None:
            self._frames.end(self._frame)

    async def receive_some(self, limit_bytes: int) -> bytes:
        """Return what came next; between frames a peer may be silent for ever."""
        self.reads += 1
        # What has come already needs no clock to wait by.
        data = self._stream.take_ready(limit_bytes)
        if self._frame is None:
            data = data or await self._stream.receive_some(limit_bytes)
            self._frame = self._frames.begin(self._give_up, trio.current_time())
            self._deadline_s = trio.current_time() + self._timeout_s
        elif not data:
            with trio.move_on_at(self._deadline_s) as patience:
                data = await self._stream.receive_some(limit_bytes)
            if patience.cancelled_caught:
                self._give_up()
                raise ConnectionLost(f"a frame unfinished for {self._timeout_s} s")
        self._frames.grow(self._frame, len(data), trio.current_time())
        return data


async def secure_dialled(
    identity: Identity, stream: trio.SocketStream, peer: str, traffic: Traffic | None = None
) -> SecureChannel:
    """Make a connection that we dialled private and multiplexed."""
    channel = await identity.secure_outbound(TcpPipe(stream, traffic, is_initiator=True), peer)
    await select_outbound(channel, [YAMUX_PROTOCOL])
    return channel


async def secure_accepted(
    identity: Identity, stream: trio.SocketStream, traffic: Traffic | None = None
) -> SecureChannel:
    """Make a connection that we accepted private and multiplexed."""
    channel = await identity.secure_inbound(TcpPipe(stream, traffic, is_initiator=False))
    await select_inbound(channel, [YAMUX_PROTOCOL])
    return channel
