"""
Serve a few pages and uploads over HTTP/1.1, within bounds on everything that an asker can take.

A page answers a GET or a HEAD without a body; an upload takes a POST, whose head is judged before
its body is read. h11 parses. Bounds: connections, bytes of a head and of a body, time for a request
to come and for an answer to be taken, requests on a connection.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import h11
import trio

from zkattest.api.answers import Answer
from zkattest.api.uploads import Body, Upload, failure, media_type, too_large

logger = logging.getLogger(__name__)

_ALLOWED: Final = (b"GET", b"HEAD")
_NOT_ALLOWED: Final = 405
_BODY_READ_BYTES: Final = 1 << 16

Page = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bound what askers can take."""

    connections: int = 32
    head_bytes: int = 8_192
    requests: int = 1_000
    timeout_ms: int = 5_000


class HttpServer:
    """Listen from `open` on; answer pages from `serve` on."""

    def __init__(self, listener: trio.SocketListener, limits: HttpLimits) -> None:
        """Use `HttpServer.open`."""
        self._listener = listener
        self._pages: Mapping[str, Page] = {}
        self._uploads: Mapping[str, Upload] = {}
        self._limits = limits
        self._open = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, host: str, port: int, limits: HttpLimits | None = None
    ) -> AsyncIterator[HttpServer]:
        """
        Listen at an address until left; port 0 takes a free one.

        Raises `OSError` when the address is taken or is not of this machine.
        """
        listeners = await trio.open_tcp_listeners(port, host=host)
        async with listeners[0]:
            yield cls(listeners[0], limits or HttpLimits())

    @property
    def port(self) -> int:
        """Return the port that is listened at."""
        return int(self._listener.socket.getsockname()[1])

    async def serve(
        self, pages: Mapping[str, Page], uploads: Mapping[str, Upload] | None = None
    ) -> None:
        """Answer pages and take uploads by their path until cancelled."""
        self._pages, self._uploads = dict(pages), dict(uploads or {})
        await trio.serve_listeners(self._accept, [self._listener])

    async def _accept(self, stream: trio.SocketStream) -> None:
        if self._open >= self._limits.connections:
            await trio.aclose_forcefully(stream)
            return
        self._open += 1
        try:
            await _Connection(stream, self._pages, self._limits, self._uploads).run()
        finally:
            self._open -= 1
            await trio.aclose_forcefully(stream)


class _Connection:
    """Answer the requests of one connection, one after the other."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        pages: Mapping[str, Page],
        limits: HttpLimits,
        uploads: Mapping[str, Upload] | None = None,
    ) -> None:
        self._stream = stream
        self._pages = pages
        self._uploads = uploads or {}
        self._limits = limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)

    async def run(self) -> None:
        """Answer until the asker leaves, is too slow, or sends what is no request."""
        timeout_s = self._limits.timeout_ms / 1000
        try:
            for _ in range(self._limits.requests):
                # One bound for the pause before a request, for the request, and for the answer.
                with trio.fail_after(timeout_s):
                    request = await self._next_request()
                if request is None:
                    return
                with trio.fail_after(self._timeout_s(request)):
                    await self._answer(request)
                if self._http.our_state is h11.MUST_CLOSE:
                    return
                self._http.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            return
        except h11.RemoteProtocolError as error:
            with trio.move_on_after(timeout_s):
                await self._refuse(error.error_status_hint)

    async def _next_request(self) -> h11.Request | None:
        """Read a whole request, or only its head where a body is to come; nothing at the end."""
        request: h11.Request | None = None
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                data = await self._stream.receive_some(self._limits.head_bytes)
                self._http.receive_data(data)
            elif isinstance(event, h11.Request):
                request = event
                if _has_body(request):
                    return request
            elif isinstance(event, h11.EndOfMessage):
                return request
            else:
                return None

    def _timeout_s(self, request: h11.Request) -> float:
        upload = self._uploads.get(_path(request))
        return (upload or self._limits).timeout_ms / 1000

    async def _answer(self, request: h11.Request) -> None:
        upload = self._uploads.get(_path(request))
        answer, headers = await (
            self._find(request) if upload is None else self._take(request, upload)
        )
        if _has_body(request) and self._http.their_state is not h11.DONE:
            # Nobody will read it, so nothing that comes after it can be understood.
            headers.append(("Connection", "close"))
        await self._send(answer, headers, with_body=request.method != b"HEAD")

    async def _take(
        self, request: h11.Request, upload: Upload
    ) -> tuple[Answer, list[tuple[str, str]]]:
        """Judge the head of a POST, read its body within its bound, and have it answered."""
        refusal = upload.refuse(request)
        if refusal is not None:
            return refusal, [("Allow", "POST")] if refusal.status == _NOT_ALLOWED else []
        try:
            upload.slot().acquire_on_behalf_of_nowait(self)
        except trio.WouldBlock:
            return failure(503, "other bodies are being taken"), [("Retry-After", "1")]
        try:
            kind = media_type(dict(request.headers))
            data = await self._read_body(upload.max_bytes[kind])
            if data is None:
                return too_large(upload.max_bytes[kind]), []
            body = Body(kind, data)
            return await _answered(upload.take(body)), []
        finally:
            upload.slot().release_on_behalf_of(self)

    async def _read_body(self, max_bytes: int) -> bytes | None:
        """Read a body to its end, nothing where it is larger than it may be."""
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._stream.send_all(self._http.send(go_on) or b"")
        body = bytearray()
        with trio.fail_after(self._limits.timeout_ms / 1000):
            while not isinstance(event := self._http.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    self._http.receive_data(await self._stream.receive_some(_BODY_READ_BYTES))
                elif isinstance(event, h11.Data):
                    body += event.data
                if len(body) > max_bytes:
                    return None
        return bytes(body)

    async def _find(self, request: h11.Request) -> tuple[Answer, list[tuple[str, str]]]:
        page = self._pages.get(_path(request))
        if page is None:
            paths = " ".join(sorted([*self._pages, *self._uploads]))
            return Answer(404, f"not found; there are {paths}\n".encode()), []
        if request.method not in _ALLOWED:
            return Answer(_NOT_ALLOWED, b"only GET and HEAD\n"), [("Allow", "GET, HEAD")]
        if _has_body(request):
            return Answer(413, b"no page takes a body\n"), []
        return await _answered(page()), []

    async def _refuse(self, status: int) -> None:
        """Answer what is no request, and let the connection go."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        try:
            answer = Answer(status, b"bad request\n")
            await self._send(answer, [("Connection", "close")], with_body=True)
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.LocalProtocolError):
            return

    async def _send(
        self, answer: Answer, headers: list[tuple[str, str]], *, with_body: bool
    ) -> None:
        head = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *headers,
        ]
        data = self._http.send(h11.Response(status_code=answer.status, headers=head)) or b""
        if with_body:
            data += self._http.send(h11.Data(data=answer.body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        await self._stream.send_all(data)


async def _answered(answer: Awaitable[Answer]) -> Answer:
    try:
        return await answer
    except Exception:  # a bug in a page must not end the node that it tells about
        logger.exception("a page failed")
        return Answer(500, b"the page failed; the log says how\n")


def _path(request: h11.Request) -> str:
    return request.target.partition(b"?")[0].decode("latin-1")


def _has_body(request: h11.Request) -> bool:
    fields = dict(request.headers)
    return b"transfer-encoding" in fields or fields.get(b"content-length", b"0") != b"0"
