"""
Share one connection among streams: yamux, without what makes the library's version hang.

py-libp2p 0.8.1's own yamux answers pings and new streams from its reading loop through the lock
that data is written under, so two sides that are both writing stop reading, for good; it counts
what a peer sends beyond its window and keeps it; it sends a window update for each read, polls for
credit every 10 ms and gives a stream up after 5 s without. Here the reading loop never writes: it
queues short frames for the writer. Windows are fixed and enforced, and credit is returned in
halves.

https://github.com/hashicorp/yamux/blob/master/spec.md
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import trio

from zkattest.net.errors import ConnectionLost, PeerError, ProtocolViolation, StreamEnded
from zkattest.net.tcp import READ_LIMIT_BYTES, cut

HEADER = struct.Struct("!BBHII")
VERSION = 0
DATA, WINDOW_UPDATE, PING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8

INITIAL_WINDOW_BYTES = 256 << 10
WINDOW_BYTES = 2 << 20
# Header and payload of a frame fill one Noise message.
FRAME_PAYLOAD_BYTES = 65519 - HEADER.size
MOST_STREAMS = 16
# Streams that were reset because there were too many; nobody who listens goes on like that.
MOST_REFUSED = 256
MOST_QUEUED_FRAMES = 4096
MOST_CREDIT_BYTES = 1 << 31
# So long a peer may be worked for before others get their turn.
TURN_S = 1e-3
# What was done for data before it came to us.
DECRYPT_S_PER_BYTE = 5e-9


Pace = Callable[[float], float]
"""Take how many seconds of work a peer caused; return how many it is to wait."""


def no_pause(_: float) -> float:
    """Let a peer cause any amount of work."""
    return 0.0


class Channel(Protocol):
    """What a muxer runs over."""

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly `n` bytes or, without `n`, what came next."""

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""


class Stream:
    """Exchange bytes with one peer, independently of the connection's other streams."""

    def __init__(self, muxer: Muxer, stream_id: int) -> None:
        self._muxer = muxer
        self.stream_id = stream_id
        self._received = bytearray()
        self._window = self._receive_window = INITIAL_WINDOW_BYTES
        self._consumed = 0
        self._credit = INITIAL_WINDOW_BYTES
        self._changed = trio.Event()
        self._write_lock = trio.Lock()
        self._receive_ended = False
        self._send_ended = False
        self._is_deaf = False
        self._broken: PeerError | None = None

    async def receive_some(self, limit_bytes: int) -> bytes:
        """Return what came next, at most `limit_bytes`; raise `StreamEnded` after the last."""
        while not self._received:
            if self._broken is not None:
                raise self._broken
            if self._receive_ended:
                raise StreamEnded
            await self._wait_for_change()
        data = cut(self._received, limit_bytes)
        self._return_credit(len(data))
        return data

    def take_ready(self, limit_bytes: int) -> bytes:
        """Return what has come already, at most `limit_bytes`; nothing where nothing has."""
        if not self._received:
            return b""
        data = cut(self._received, limit_bytes)
        self._return_credit(len(data))
        return data

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly `n` bytes; for negotiations, hence short."""
        if n is None or n > READ_LIMIT_BYTES:
            raise ProtocolViolation(f"a negotiation of {n} bytes")
        data = bytearray()
        while len(data) < n:
            data += await self.receive_some(n - len(data))
        return bytes(data)

    async def write(self, data: bytes | memoryview) -> None:
        """Send all of `data`, waiting for credit as often as it takes."""
        view = memoryview(data)
        await _acquire(self._write_lock)
        try:
            while view:
                if self._broken is not None:
                    raise self._broken
                if self._send_ended:
                    raise StreamEnded
                if not self._credit:
                    await self._wait_for_change()
                    continue
                size = min(self._credit, FRAME_PAYLOAD_BYTES, len(view))
                self._credit -= size
                header = HEADER.pack(VERSION, DATA, 0, self.stream_id, size)
                await self._muxer.write_frame(header + view[:size])
                view = view[size:]
        finally:
            self._write_lock.release()

    def close(self) -> None:
        """Promise to send no more; what was written before still arrives."""
        if not self._send_ended and self._broken is None:
            self._send_ended = True
            self._muxer.queue_frame(WINDOW_UPDATE, FIN, self.stream_id, 0)
            self._forget_when_over()

    def discard(self) -> None:
        """Drop what came and what will come: nobody reads it, and it would be kept."""
        self._is_deaf = True
        self._received.clear()

    def reset(self) -> None:
        """Give the stream up in both directions."""
        if self._broken is None:
            self._muxer.queue_frame(WINDOW_UPDATE, RST, self.stream_id, 0)
            self.fail(ConnectionLost("reset by us"))
            self._muxer.forget(self.stream_id)

    def grow_window(self) -> None:
        """Let the other side send megabytes ahead; what a stream may cost before is little."""
        if self._window == WINDOW_BYTES:
            return
        self._window = WINDOW_BYTES
        self._receive_window += WINDOW_BYTES - INITIAL_WINDOW_BYTES
        self._muxer.queue_frame(
            WINDOW_UPDATE, 0, self.stream_id, WINDOW_BYTES - INITIAL_WINDOW_BYTES
        )

    # What the muxer's reading loop tells a stream. None of it waits.

    def expect(self, size: int) -> None:
        """Charge data that is announced; raise before it comes when it is sent without credit."""
        self._receive_window -= size
        if self._receive_window < 0:
            raise ProtocolViolation("data beyond the window")

    def feed(self, data: bytes) -> None:
        """Take data that was announced; what came on a stream that we gave up is dropped."""
        if self._broken is None and not self._is_deaf:
            self._received += data
            self._announce_change()

    def add_credit(self, increment: int) -> None:
        """Let us send `increment` bytes more."""
        self._credit += increment
        if self._credit > MOST_CREDIT_BYTES:
            raise ProtocolViolation("window overflow")
        self._announce_change()

    def end_receiving(self) -> None:
        """Note that the other side sends no more."""
        self._receive_ended = True
        self._announce_change()
        self._forget_when_over()

    def fail(self, error: PeerError) -> None:
        """Make every read and write, waiting or to come, raise `error`."""
        self._broken = error
        self._received.clear()
        self._announce_change()

    def _return_credit(self, consumed: int) -> None:
        self._consumed += consumed
        if self._consumed >= self._window // 2 and not self._receive_ended:
            self._receive_window += self._consumed
            self._muxer.queue_frame(WINDOW_UPDATE, 0, self.stream_id, self._consumed)
            self._consumed = 0

    def _forget_when_over(self) -> None:
        if self._receive_ended and self._send_ended:
            self._muxer.forget(self.stream_id)

    def _announce_change(self) -> None:
        self._changed.set()

    async def _wait_for_change(self) -> None:
        # Readers and writers wait for different things: each looks again after any change.
        if self._changed.is_set():
            self._changed = trio.Event()
        await self._changed.wait()


class Muxer:
    """Run yamux over one connection."""

    def __init__(
        self,
        channel: Channel,
        *,
        is_initiator: bool,
        keepalive_s: float,
        pace: Pace = no_pause,
        turn_s: float = TURN_S,
    ) -> None:
        """Ask `pace` after each `turn_s` of work that the other side caused."""
        self._channel = channel
        self._pace = pace
        self._turn_s = turn_s
        self._keepalive_s = keepalive_s
        self._next_id = 1 if is_initiator else 2
        self._streams: dict[int, Stream] = {}
        self._accepted, self.incoming = trio.open_memory_channel[Stream](MOST_STREAMS)
        self._queued: deque[bytes] = deque()
        self._queued_any = trio.Event()
        self._write_lock = trio.Lock()
        self._heard = True
        self._refused = 0
        self._closed: PeerError | None = None

    async def run(self) -> None:
        """Serve the connection until it is lost or misused; raise the reason."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write_queued)
                nursery.start_soon(self._keep_alive)
                await self._read_frames()
        except* PeerError as errors:
            self._fail(_first(errors))
        finally:
            self._fail(ConnectionLost("closed"))
        raise self._closed or ConnectionLost("closed")

    def open_stream(self) -> Stream:
        """Start a stream of ours."""
        if self._closed is not None:
            raise self._closed
        stream = Stream(self, self._next_id)
        self._next_id += 2
        self._streams[stream.stream_id] = stream
        self.queue_frame(WINDOW_UPDATE, SYN, stream.stream_id, 0)
        return stream

    async def go_away(self) -> None:
        """Tell the other side that we end the connection."""
        await self.write_frame(HEADER.pack(VERSION, GO_AWAY, 0, 0, 0))

    async def write_frame(self, frame: bytes) -> None:
        """Send a frame after those that were queued before it."""
        await _acquire(self._write_lock)
        try:
            await self._flush()
            await self._channel.write(frame)
        finally:
            self._write_lock.release()

    def queue_frame(self, kind: int, flags: int, stream_id: int, length: int) -> None:
        """Have a frame without payload sent soon; never waits."""
        if len(self._queued) >= MOST_QUEUED_FRAMES:
            raise ProtocolViolation("frames that want answers, and nobody who reads them")
        self._queued.append(HEADER.pack(VERSION, kind, flags, stream_id, length))
        self._queued_any.set()

    def forget(self, stream_id: int) -> None:
        """Drop a stream that is over."""
        self._streams.pop(stream_id, None)

    async def _flush(self) -> None:
        if self._queued:
            frames = b"".join(self._queued)
            self._queued.clear()
            await self._channel.write(frames)

    async def _write_queued(self) -> None:
        while True:
            await self._queued_any.wait()
            self._queued_any = trio.Event()
            async with self._write_lock:
                await self._flush()

    async def _keep_alive(self) -> None:
        nonce = 0
        while True:
            await trio.sleep(self._keepalive_s)
            if not self._heard:
                raise ConnectionLost(f"silent for {2 * self._keepalive_s} s")
            self._heard = False
            nonce = (nonce + 1) & 0xFFFFFFFF
            self.queue_frame(PING, SYN, 0, nonce)

    async def _read_frames(self) -> None:
        reader = _FrameReader(self._channel, self._pace, self._turn_s)
        while True:
            version, kind, flags, stream_id, length = HEADER.unpack(await reader.take(HEADER.size))
            self._heard = True
            if version != VERSION or kind > GO_AWAY:
                raise ProtocolViolation(f"frame of version {version}, kind {kind}")
            if kind == GO_AWAY:
                raise ConnectionLost("the peer goes away")
            if kind == PING:
                if flags & SYN:
                    self.queue_frame(PING, ACK, 0, length)
                continue
            if flags & SYN:
                self._accept(stream_id)
            if kind == DATA:
                await self._receive(reader, stream_id, length)
            self._handle(flags, stream_id, 0 if kind == DATA else length)

    async def _receive(self, reader: _FrameReader, stream_id: int, length: int) -> None:
        """Hand data on as it comes; a frame is never held whole, and never beyond its window."""
        if length > WINDOW_BYTES:
            raise ProtocolViolation(f"frame of {length} bytes")
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.expect(length)
        while length:
            data = await reader.take_some(length)
            length -= len(data)
            # Its reader may have given the stream up meanwhile.
            if stream is not None:
                stream.feed(data)

    def _handle(self, flags: int, stream_id: int, increment: int) -> None:
        stream = self._streams.get(stream_id)
        if stream is None:
            # Frames may cross our reset on the way; yamux lets us drop them.
            return
        if flags & RST:
            self.forget(stream_id)
            stream.fail(ConnectionLost("reset by the peer"))
            return
        if increment:
            stream.add_credit(increment)
        if flags & FIN:
            stream.end_receiving()

    def _accept(self, stream_id: int) -> None:
        if stream_id % 2 == self._next_id % 2 or stream_id in self._streams or not stream_id:
            raise ProtocolViolation(f"stream {stream_id} opened by the wrong side or twice")
        if len(self._streams) >= MOST_STREAMS:
            self._refused += 1
            if self._refused > MOST_REFUSED:
                raise ProtocolViolation("streams without end")
            self.queue_frame(WINDOW_UPDATE, RST, stream_id, 0)
            return
        stream = Stream(self, stream_id)
        self._streams[stream_id] = stream
        self.queue_frame(WINDOW_UPDATE, ACK, stream_id, 0)
        try:
            self._accepted.send_nowait(stream)
        except trio.WouldBlock:
            stream.reset()

    def _fail(self, error: PeerError) -> None:
        if self._closed is None:
            self._closed = error
        for stream in self._streams.values():
            stream.fail(self._closed)
        self._streams.clear()
        self._accepted.close()


class _FrameReader:
    """Cut frames out of what a channel returns."""

    def __init__(self, channel: Channel, pace: Pace, turn_s: float) -> None:
        self._channel = channel
        self._pace = pace
        self._turn_s = turn_s
        self._data = b""
        self._position = 0
        self._since_s = time.thread_time()
        self._worked_s = 0.0

    async def take(self, size: int) -> bytes:
        """Return exactly `size` bytes; for headers, hence short."""
        data = self._cut(size)
        while len(data) < size:
            await self._fill()
            data += self._cut(size - len(data))
        return data

    async def take_some(self, limit: int) -> bytes:
        if self._position == len(self._data):
            await self._fill()
        return self._cut(limit)

    def _cut(self, limit: int) -> bytes:
        data = self._data[self._position : self._position + limit]
        self._position += len(data)
        return data

    async def _fill(self) -> None:
        # Between two reads nothing here waits, so this is the time that the frames took. Those of
        # twelve bytes come by the thousand: others get their turn by the time.
        self._worked_s += time.thread_time() - self._since_s
        if self._worked_s >= self._turn_s:
            worked_s, self._worked_s = self._worked_s, 0.0
            await trio.sleep(self._pace(worked_s))
        else:
            # Who waits for these bytes takes them now: they would pile up before it.
            await trio.lowlevel.cancel_shielded_checkpoint()
        self._data, self._position = b"", 0
        data = await self._channel.read()
        self._since_s = time.thread_time() - DECRYPT_S_PER_BYTE * len(data)
        self._data = data


async def _acquire(lock: trio.Lock) -> None:
    """Take a lock; nobody gets a turn where it is free, for what is done under it waits anyway."""
    try:
        lock.acquire_nowait()
    except trio.WouldBlock:
        await lock.acquire()


def _first(errors: BaseExceptionGroup[PeerError]) -> PeerError:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
