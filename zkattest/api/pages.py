"""
Serve a few pages and uploads beside a node, over the server that proof engines have, too.

A page answers a GET or a HEAD without a body; an upload takes a POST, whose head is judged before
its body is read. Paths are compared as they came: none of ours needs an escape.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from zkattest.api.answers import Answer
from zkattest.api.bodies import BodyRefused, read_body
from zkattest.api.limits import ServerLimits
from zkattest.api.server import AsgiServer
from zkattest.api.uploads import Body, Upload, failure, media_type

logger = logging.getLogger(__name__)

_READ_METHODS: Final = ("GET", "HEAD")
_NOT_ALLOWED: Final = 405

Page = Callable[[], Awaitable[Answer]]
Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bound what askers can take."""

    connections: int = 32
    head_bytes: int = 8_192
    requests: int = 1_000
    timeout_ms: int = 5_000
    """For each of a pause before a request, its head, its body, and the answer."""

    def of_server(self) -> ServerLimits:
        """Spell the bounds out, step by step."""
        return ServerLimits(
            connections=self.connections,
            connections_per_address=self.connections,
            requests=self.requests,
            head_bytes=self.head_bytes,
            idle_ms=self.timeout_ms,
            head_ms=self.timeout_ms,
            body_ms=self.timeout_ms,
            write_ms=self.timeout_ms,
        )


class HttpServer:
    """Listen from `open` on; answer pages from `serve` on."""

    def __init__(self, server: AsgiServer, limits: HttpLimits) -> None:
        """Use `HttpServer.open`."""
        self._server = server
        self._limits = limits

    @classmethod
    @asynccontextmanager
    async def open(
        cls, host: str, port: int, limits: HttpLimits | None = None
    ) -> AsyncIterator[HttpServer]:
        """
        Listen at an address until left; port 0 takes a free one.

        Raises `OSError` when the address is taken or is not of this machine.
        """
        limits = limits or HttpLimits()
        async with AsgiServer.open(host, port, limits.of_server()) as server:
            yield cls(server, limits)

    @property
    def port(self) -> int:
        """Return the port that is listened at."""
        return self._server.port

    async def serve(
        self, pages: Mapping[str, Page], uploads: Mapping[str, Upload] | None = None
    ) -> None:
        """Answer pages and take uploads by their path until cancelled."""
        await self._server.serve(pages_app(pages, uploads or {}, self._limits))


def pages_app(
    pages: Mapping[str, Page], uploads: Mapping[str, Upload], limits: HttpLimits
) -> ASGIApp:
    """Make an application of pages and uploads."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["raw_path"].decode("latin-1")
        upload = uploads.get(path)
        if upload is not None:
            answer, headers = await _take(request, upload)
        elif path not in pages:
            paths = " ".join(sorted([*pages, *uploads]))
            answer, headers = Answer(404, f"not found; there are {paths}\n".encode()), {}
        else:
            answer, headers = await _read(request, pages[path], limits)
        response = Response(
            answer.body,
            answer.status,
            headers={"Content-Type": answer.content_type, "Cache-Control": "no-store", **headers},
        )
        await response(scope, receive, send)

    return app


async def _read(request: Request, page: Page, limits: HttpLimits) -> tuple[Answer, Headers]:
    if request.method not in _READ_METHODS:
        return Answer(_NOT_ALLOWED, b"only GET and HEAD\n"), {"Allow": "GET, HEAD"}
    headers = request.headers
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        return Answer(413, b"no page takes a body\n"), {}
    return await _answered(page(), limits.timeout_ms), {}


async def _take(request: Request, upload: Upload) -> tuple[Answer, Headers]:
    """Judge the head of a POST, read its body within its bound, and have it answered."""
    fields = dict(request.headers.raw)
    refusal = upload.refuse(request.method, fields)
    if refusal is not None:
        return refusal, {"Allow": "POST"} if refusal.status == _NOT_ALLOWED else {}
    try:
        upload.slot().acquire_on_behalf_of_nowait(request)
    except trio.WouldBlock:
        return failure(503, "other bodies are being taken"), {"Retry-After": "1"}
    try:
        kind = media_type(fields)
        data = await read_body(request, upload.max_bytes[kind])
        return await _answered(upload.take(Body(kind, data)), upload.timeout_ms), {}
    except BodyRefused as error:
        return failure(error.status, error.message), {}
    finally:
        upload.slot().release_on_behalf_of(request)


async def _answered(answer: Awaitable[Answer], timeout_ms: int) -> Answer:
    found: Answer | None = None
    with trio.move_on_after(timeout_ms / 1000):
        try:
            found = await answer
        except Exception:  # a bug in a page must not end the node that it tells about
            logger.exception("a page failed")
            found = Answer(500, b"the page failed; the log says how\n")
    return found or failure(503, f"no answer within {timeout_ms} ms")
