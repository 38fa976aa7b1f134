"""
Serve a few read-only pages over HTTP/1.1, within bounds on everything that an asker can take.

A request is a GET or a HEAD without a body; h11 parses it, and a page answers. Bounds: connections,
bytes of a head, time for a request to come and for an answer to be taken, requests on a connection.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import h11
import trio

logger = logging.getLogger(__name__)

_ALLOWED: Final = (b"GET", b"HEAD")
_TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what a page answers."""

    status: int
    body: bytes
    content_type: str = _TEXT


Page = Callable[[], Awaitable[Answer]]


def json_answer(value: object, status: int = 200) -> Answer:
    """Answer with JSON, one line with an end."""
    return Answer(status, json.dumps(value).encode() + b"\n", "application/json")


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

    async def serve(self, pages: Mapping[str, Page]) -> None:
        """Answer pages by their path until cancelled."""
        self._pages = dict(pages)
        await trio.serve_listeners(self._accept, [self._listener])

    async def _accept(self, stream: trio.SocketStream) -> None:
        if self._open >= self._limits.connections:
            await trio.aclose_forcefully(stream)
            return
        self._open += 1
        try:
            await _Connection(stream, self._pages, self._limits).run()
        finally:
            self._open -= 1
            await trio.aclose_forcefully(stream)


class _Connection:
    """Answer the requests of one connection, one after the other."""

    def __init__(
        self, stream: trio.abc.Stream, pages: Mapping[str, Page], limits: HttpLimits
    ) -> None:
        self._stream = stream
        self._pages = pages
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
                with trio.fail_after(timeout_s):
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

    async def _answer(self, request: h11.Request) -> None:
        answer, headers = await self._find(request)
        if _has_body(request):
            # Nobody will read it, so nothing that comes after it can be understood.
            headers.append(("Connection", "close"))
        await self._send(answer, headers, with_body=request.method != b"HEAD")

    async def _find(self, request: h11.Request) -> tuple[Answer, list[tuple[str, str]]]:
        page = self._pages.get(request.target.partition(b"?")[0].decode("latin-1"))
        if page is None:
            paths = " ".join(sorted(self._pages))
            return Answer(404, f"not found; there are {paths}\n".encode()), []
        if request.method not in _ALLOWED:
            return Answer(405, b"only GET and HEAD\n"), [("Allow", "GET, HEAD")]
        if _has_body(request):
            return Answer(413, b"no page takes a body\n"), []
        try:
            return await page(), []
        except Exception:  # a bug in a page must not end the node that it tells about
            logger.exception("a page failed")
            return Answer(500, b"the page failed; the log says how\n"), []

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


def _has_body(request: h11.Request) -> bool:
    fields = dict(request.headers)
    return b"transfer-encoding" in fields or fields.get(b"content-length", b"0") != b"0"
