"""Carry requests and responses over streams: read, limit, answer, ask, give up in time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, Protocol

import trio

from zkattest.net.errors import PeerError, ProtocolViolation, StreamEnded
from zkattest.net.muxer import Stream
from zkattest.net.reqresp_codec import (
    MalformedPayload,
    RequestDecoder,
    ResponseCode,
    ResponseDecoder,
    encode_chunk,
    encode_error,
    encode_request,
)
from zkattest.net.reqresp_limits import RequestLimits, RequestSettings
from zkattest.net.reqresp_protocols import MAX_CONCURRENT_REQUESTS, RequestProtocol
from zkattest.types.errors import DecodeError

READ_BYTES = 1 << 16
_END: Final = object()


class Refusal(Exception):
    """Answer a request with an error: a request that makes no sense, or what we do not have."""

    def __init__(self, code: ResponseCode, message: str) -> None:
        """Keep the code and at most 256 bytes that are sent along."""
        super().__init__(message)
        self.code = code
        self.message = message


class UnsupportedProtocol(PeerError):
    """The peer speaks none of the protocols that a request needs; no fault of its."""


class RequestTimeout(PeerError):
    """The peer did not answer in time."""


class Connection(Protocol):
    """What requests need of a link."""

    peer_id: str
    is_initiator: bool

    async def open_stream(self, protocol_ids: Sequence[str]) -> tuple[Stream, str]:
        """Start a stream for the first of these protocols that the peer speaks."""
        ...

    def blame(self, violation: ProtocolViolation) -> None:
        """Hold a breach of the protocol against the peer."""

    def close(self) -> None:
        """End the connection."""


Answer = Callable[[Connection, RequestProtocol, Any], AsyncGenerator[Any, None]]
"""Yield the values of a response, at most `most_chunks`; raise `Refusal` to end with an error."""


class RequestServer:
    """
    Answer requests.

    A malformed request is answered with `InvalidRequest` and held against the peer. Requests above
    the quota wait, those above the number that may be open at once are reset and held against it.
    What goes wrong on our side is `ServerError`, and nobody's fault.
    """

    def __init__(
        self, protocols: Sequence[RequestProtocol], answer: Answer, settings: RequestSettings
    ) -> None:
        """Serve these protocols; `answer` knows what to say."""
        self._protocols: Mapping[str, RequestProtocol] = {p.protocol_id: p for p in protocols}
        self._answer = answer
        self._settings = settings
        self._limits: RequestLimits | None = None
        self._slots = trio.Semaphore(settings.most_chunks_at_once)

    @property
    def protocol_ids(self) -> Sequence[str]:
        """Return the ids of what is served."""
        return tuple(self._protocols)

    async def serve(self, link: Connection, protocol_id: str, stream: Stream) -> None:
        """Answer one stream; `PeerError` and `trio.TooSlowError` are the caller's to handle."""
        if self._limits is None:
            self._limits = RequestLimits(self._settings, trio.current_time())
        limits = self._limits
        if not limits.enter(link.peer_id, protocol_id):
            raise ProtocolViolation(f"more than {MAX_CONCURRENT_REQUESTS} requests at once")
        try:
            await self._serve(link, self._protocols[protocol_id], stream, limits)
        finally:
            limits.leave(link.peer_id, protocol_id)

    async def _serve(
        self, link: Connection, protocol: RequestProtocol, stream: Stream, limits: RequestLimits
    ) -> None:
        delay_s = limits.request_delay_s(link.peer_id, protocol.name, trio.current_time())
        try:
            with trio.fail_after(self._settings.request_timeout_s):
                request = await _read_request(protocol, stream)
        except MalformedPayload as violation:
            link.blame(violation)
            await trio.sleep(delay_s)
            await self._send(stream, encode_error(ResponseCode.INVALID_REQUEST, str(violation)))
            stream.close()
            return
        await trio.sleep(delay_s)
        try:
            await self._send_chunks(link, protocol, request, stream, limits)
        except Refusal as refusal:
            await self._send(stream, encode_error(refusal.code, refusal.message))
        stream.close()

    async def _send_chunks(
        self,
        link: Connection,
        protocol: RequestProtocol,
        request: Any,
        stream: Stream,
        limits: RequestLimits,
    ) -> None:
        async with aclosing(self._answer(link, protocol, request)) as values:
            for _ in range(protocol.most_chunks):
                # What was sent before is paid for before the next chunk is looked up: who waits
                # for its turn holds no chunk in memory.
                await trio.sleep(limits.chunk_delay_s(link.peer_id, 0, trio.current_time()))
                async with self._slots:
                    value = await anext(values, _END)
                    if value is _END:
                        return
                    ssz_bytes = protocol.response.encode(value)
                    limits.chunk_delay_s(link.peer_id, len(ssz_bytes), trio.current_time())
                    await self._send(stream, encode_chunk(ssz_bytes))

    async def _send(self, stream: Stream, data: bytes) -> None:
        with trio.fail_after(self._settings.response_timeout_s):
            await stream.write(data)


class RequestClient:
    """Ask peers; at most two requests of a protocol are open with a peer at once, others wait."""

    def __init__(self, settings: RequestSettings) -> None:
        """Take the time-outs."""
        self._settings = settings
        self._slots: dict[tuple[str, str], tuple[trio.Semaphore, int]] = {}

    async def ask(
        self, link: Connection, protocols: Sequence[RequestProtocol], value: Any
    ) -> tuple[RequestProtocol, Any]:
        """
        Ask in the first of these protocols that the peer speaks; return it and the one answer.

        Raises as `open` and `Response.next` do, and `MalformedPayload` for an empty response.
        """
        async with self.open(link, protocols, value) as response:
            answer = await response.next()
            if answer is None:
                raise _blamed(link, MalformedPayload("no chunk where one was due"))
            return response.protocol, answer

    @asynccontextmanager
    async def open(
        self,
        link: Connection,
        protocols: Sequence[RequestProtocol],
        value: Any,
        most_chunks: int | None = None,
    ) -> AsyncIterator[Response]:
        """
        Send a request and give its response to read; what is left unread is reset.

        Raises `UnsupportedProtocol`, `RequestTimeout`, and `PeerError` when the connection ends.
        """
        async with self._slot(link.peer_id, protocols[0].protocol_id):
            stream, protocol = await _negotiate(link, protocols)
            response = Response(link, protocol, stream, self._settings, most_chunks)
            try:
                await self._send(stream, protocol, value)
                yield response
            finally:
                if not response.is_over:
                    stream.reset()

    async def _send(self, stream: Stream, protocol: RequestProtocol, value: Any) -> None:
        content = None if protocol.request is None else protocol.request.encode(value)
        with trio.move_on_after(self._settings.request_timeout_s) as scope:
            await stream.write(encode_request(content))
        if scope.cancelled_caught:
            raise RequestTimeout("the peer does not read")
        stream.close()

    @asynccontextmanager
    async def _slot(self, peer: str, protocol_id: str) -> AsyncIterator[None]:
        key = peer, protocol_id
        semaphore, users = self._slots.get(key, (None, 0))
        semaphore = semaphore or trio.Semaphore(MAX_CONCURRENT_REQUESTS)
        self._slots[key] = semaphore, users + 1
        try:
            async with semaphore:
                yield
        finally:
            semaphore, users = self._slots[key]
            if users == 1:
                del self._slots[key]
            else:
                self._slots[key] = semaphore, users - 1


class Response:
    """Read the chunks of one response, each decoded by the protocol's type."""

    def __init__(
        self,
        link: Connection,
        protocol: RequestProtocol,
        stream: Stream,
        settings: RequestSettings,
        most_chunks: int | None,
    ) -> None:
        """Use `RequestClient.open`."""
        self.protocol = protocol
        self._link = link
        self._stream = stream
        self._settings = settings
        self._decoder = ResponseDecoder(protocol, most_chunks)
        self._ready: list[Any] = []
        self._started = False
        self.is_over = False
        """Say whether the responder closed the stream in good order."""

    async def next(self) -> Any | None:
        """
        Return the next value, None after the last.

        Raises `ResponseError` for an error of the responder, `MalformedPayload` (held against the
        peer), `RequestTimeout`, and `PeerError` when the connection ends.
        """
        if not self._ready and not self.is_over:
            patience_s = self._settings.response_timeout_s
            with trio.move_on_after(patience_s) as scope:
                await self._read_until_chunk()
            if scope.cancelled_caught:
                raise RequestTimeout(f"no chunk in {patience_s} s")
        return self._ready.pop(0) if self._ready else None

    async def _read_until_chunk(self) -> None:
        try:
            while not self._ready and not self.is_over:
                self._decoder.check()
                if self._decoder.is_complete:
                    return
                data = await self._receive()
                if data is None:
                    self._decoder.finish()
                    self.is_over = True
                    return
                for chunk in self._decoder.feed(data):
                    self._ready.append(_decode(self.protocol, chunk.payload))
        except MalformedPayload as violation:
            raise _blamed(self._link, violation) from None

    async def _receive(self) -> bytes | None:
        first_byte_s = self._settings.first_byte_timeout_s
        deadline_s = float("inf") if self._started else first_byte_s
        try:
            with trio.move_on_after(deadline_s) as scope:
                data = await self._stream.receive_some(READ_BYTES)
        except StreamEnded:
            return None
        if scope.cancelled_caught:
            raise RequestTimeout(f"no answer in {first_byte_s} s")
        self._started = True
        return data


async def _negotiate(
    link: Connection, protocols: Sequence[RequestProtocol]
) -> tuple[Stream, RequestProtocol]:
    try:
        stream, chosen = await link.open_stream([p.protocol_id for p in protocols])
    except ProtocolViolation as error:
        raise UnsupportedProtocol(str(error)) from error
    except trio.TooSlowError as error:
        raise RequestTimeout("no protocol was agreed on") from error
    return stream, next(p for p in protocols if p.protocol_id == chosen)


async def _read_request(protocol: RequestProtocol, stream: Stream) -> Any:
    decoder = RequestDecoder(protocol)
    try:
        while protocol.request is not None:
            decoder.feed(await stream.receive_some(READ_BYTES))
    except StreamEnded:
        pass
    content = decoder.finish()
    if protocol.request is None:
        return None
    try:
        return protocol.request.decode(content)
    except DecodeError as error:
        raise MalformedPayload(str(error)) from error


def _decode(protocol: RequestProtocol, payload: bytes) -> Any:
    try:
        return protocol.response.decode(payload)
    except DecodeError as error:
        raise MalformedPayload(str(error)) from error


def _blamed(link: Connection, violation: MalformedPayload) -> MalformedPayload:
    link.blame(violation)
    return violation
