"""
Carry the requests of one connection to an ASGI application, within bounds; h11 parses.

ASGI 3, HTTP only (asgi.readthedocs.io, specification of HTTP 2.3). What goes wrong with a
connection ends that connection; the application learns of it by `http.disconnect` or `OSError`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

import h11
import trio
from starlette.types import ASGIApp

from zkattest.api.limits import ServerLimits

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
_READ_BYTES: Final = 1 << 16
# An asker that is still sending what nobody reads would lose the answer to a reset.
_LINGER_MS: Final = 1_000
_LINGER_BYTES: Final = 16 << 20
_UNREAD: Final = (h11.SEND_BODY, h11.ERROR)
_SERVER_HEADERS: Final = ((b"x-content-type-options", b"nosniff"),)


class Gone(OSError):
    """Say to the application that nobody takes its answer."""


class BadBody(Exception):
    """Say to the application that what comes is not the body that the head announced."""


class Connection:
    """Answer the requests of one connection, one after the other."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        app: ASGIApp,
        limits: ServerLimits,
        *,
        client: tuple[str, int] | None = None,
        scheme: str = "http",
        draining: trio.Event | None = None,
    ) -> None:
        self._stream = stream
        self._app = app
        self._limits = limits
        self._client = client
        self._scheme = scheme
        self._draining = trio.Event() if draining is None else draining
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)
        self._requests_left = limits.requests
        self._waiting: trio.CancelScope | None = None
        self.idle_since_s: float | None = None
        """Since when nothing was asked, None while something is; who is done comes before all."""

    async def run(self) -> None:
        """Answer until the asker leaves, is too slow, or sends what is no request."""
        try:
            while self._requests_left:
                request = await self._next_request()
                if request is None:
                    break
                self._requests_left -= 1
                exchange = _Exchange(self, request)
                await exchange.run()
                if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                    break
                self._http.start_next_cycle()
            await self._linger()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, Gone):
            return
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint)
            await self._linger()

    async def _next_request(self) -> h11.Request | None:
        """Wait for a request's first byte, unless we drain, and then for its whole head."""
        if not self._http.trailing_data[0] and not await self._first_bytes():
            return None
        with trio.fail_after(self._limits.head_ms / 1000):
            while (event := self._http.next_event()) is h11.NEED_DATA:
                await self.read(self._limits.head_bytes)
        if not isinstance(event, h11.Request):
            return None
        _refuse_two_framings(event)
        if not has_body(event):
            self._http.next_event()  # the end of the request
        return event

    async def _first_bytes(self) -> bool:
        """Tell whether something came within the time that an idle connection is kept."""
        came = False
        self.idle_since_s = trio.current_time()
        with trio.move_on_after(self._limits.idle_ms / 1000) as self._waiting:
            async with trio.open_nursery() as nursery:

                async def until_drained() -> None:
                    await self._draining.wait()
                    nursery.cancel_scope.cancel()

                nursery.start_soon(until_drained)
                await self.read(self._limits.head_bytes)
                came = True
                nursery.cancel_scope.cancel()
        self.idle_since_s = None
        return came

    def end_idle(self) -> None:
        """End the wait for another request, or for the asker to go, and so the connection."""
        if self.idle_since_s is not None and self._waiting is not None:
            self.idle_since_s = None
            self._waiting.cancel()

    async def read(self, most_bytes: int = _READ_BYTES) -> bool:
        """Hand h11 what the socket has; False at the end."""
        data = await self._stream.receive_some(most_bytes)
        self._http.receive_data(data)
        return bool(data)

    async def write(self, data: bytes) -> None:
        """Send, or end the connection because the asker does not take it."""
        try:
            with trio.fail_after(self._limits.write_ms / 1000):
                await self._stream.send_all(data)
        except (trio.TooSlowError, trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.aclose_forcefully(self._stream)
            raise Gone("nobody takes the answer") from None

    async def _linger(self) -> None:
        """Let the asker read the last answer although it has not sent all of its request."""
        stream = self._stream
        # What comes is thrown away as it is: nothing of it is decrypted.
        raw = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
        if self._http.their_state not in _UNREAD or not isinstance(raw, trio.SocketStream):
            return
        left, self.idle_since_s = _LINGER_BYTES, -math.inf
        with (
            trio.move_on_after(_LINGER_MS / 1000) as self._waiting,
            suppress(trio.BrokenResourceError),
        ):
            if raw is stream:  # the end of TLS has to be said by TLS, when the stream is closed
                await raw.send_eof()
            while left > 0 and (data := await raw.receive_some(_READ_BYTES)):
                left -= len(data)

    async def _refuse(self, status: int) -> None:
        """Answer what is no request, and let the connection go."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        body = b"bad request\n"
        head = [("Connection", "close"), ("Content-Length", str(len(body)))]
        with suppress(Gone, h11.LocalProtocolError):
            data = self._http.send(h11.Response(status_code=status, headers=head)) or b""
            data += self._http.send(h11.Data(data=body)) or b""
            await self.write(data + (self._http.send(h11.EndOfMessage()) or b""))

    @property
    def http(self) -> h11.Connection:
        """Return the parser."""
        return self._http

    @property
    def limits(self) -> ServerLimits:
        """Return the bounds."""
        return self._limits

    @property
    def app(self) -> ASGIApp:
        """Return the application."""
        return self._app

    @property
    def is_last(self) -> bool:
        """Tell whether the connection takes no request after this one."""
        return self._draining.is_set() or not self._requests_left

    def scope(self, request: h11.Request) -> dict[str, Any]:
        """Describe a request as ASGI does."""
        path, _, query = request.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode("ascii"),
            "method": request.method.decode("ascii"),
            "scheme": self._scheme,
            "path": unquote(path.decode("latin-1")),
            "raw_path": bytes(path),
            "query_string": bytes(query),
            "root_path": "",
            "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
            "client": self._client,
            "server": None,
            "state": {},
        }


class _Exchange:
    """Hold one request and what was answered of it so far."""

    def __init__(self, connection: Connection, request: h11.Request) -> None:
        self._connection = connection
        self._http = connection.http
        self._request = request
        self._has_body = has_body(request)
        self._body_began_s: float | None = None
        self._body_bytes = 0
        self._end_was_told = False
        self._start: Message | None = None

    async def run(self) -> None:
        """Have the application answer; a bug of it costs this answer and nothing else."""
        try:
            await self._connection.app(
                self._connection.scope(self._request), self._receive, self._send
            )
        except Exception as error:  # the outermost shell of a connection
            if _is_gone(error):
                raise Gone("nobody takes the answer") from None
            status, said = 400, b"bad request\n"
            if not isinstance(error, BadBody):
                logger.exception("a page failed")
                status, said = 500, b"internal error\n"
            if self._http.our_state is not h11.SEND_RESPONSE:
                raise Gone("the answer broke off") from None
            self._start = {"status": status, "headers": [(b"content-type", b"text/plain")]}
            await self._send({"type": "http.response.body", "body": said})
        if self._http.our_state is h11.SEND_BODY:
            raise Gone("the answer broke off")

    async def _receive(self) -> Message:
        """Bring a piece of the body, or wait until the asker is gone; raises `BadBody`."""
        http = self._http
        if self._end_was_told:
            return await self._until_gone()
        if not self._has_body:
            self._end_was_told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        if http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._connection.write(http.send(go_on) or b"")
        if self._body_began_s is None:
            self._body_began_s = trio.current_time()
        most_s = self._connection.limits.body_time_s(self._body_bytes)
        with trio.move_on_at(self._body_began_s + most_s) as patience:
            try:
                piece = await self._next_piece()
            except h11.RemoteProtocolError as error:
                raise BadBody(str(error)) from None
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return {"type": "http.disconnect"}
        return {"type": "http.disconnect"} if patience.cancelled_caught else piece

    async def _next_piece(self) -> Message:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            await self._connection.read()
        match event:
            case h11.Data():
                self._body_bytes += len(event.data)
                return {"type": "http.request", "body": bytes(event.data), "more_body": True}
            case h11.EndOfMessage():
                self._end_was_told = True
                return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.disconnect"}

    async def _until_gone(self) -> Message:
        """Wait; a request that comes meanwhile waits in the parser."""
        try:
            if await self._connection.read():
                await trio.sleep_forever()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        """Write a piece of the answer; its head goes out with the first bytes of its body."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        data = b""
        if self._start is not None:
            data = self._http.send(self._head(self._start)) or b""
            self._start = None
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if body and self._request.method != b"HEAD":
            if data and len(body) > _READ_BYTES:  # not copied behind its head
                await self._connection.write(data)
                data = b""
            data += self._http.send(h11.Data(data=body)) or b""
        if is_last:
            data += self._http.send(h11.EndOfMessage()) or b""
        if data:
            await self._connection.write(data)

    def _head(self, start: Message) -> h11.Response:
        headers = [*_names(start["headers"]), *_SERVER_HEADERS]
        # What is not read of a request stands before the next one.
        if self._http.their_state is not h11.DONE or self._connection.is_last:
            headers.append((b"connection", b"close"))
        return h11.Response(status_code=start["status"], headers=headers)


def _is_gone(error: BaseException) -> bool:
    """Tell whether nothing but the asker's leaving ended an application, in a nursery or not."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_gone, error.exceptions))
    return isinstance(error, Gone)


def _refuse_two_framings(request: h11.Request) -> None:
    """
    Refuse a body whose end another program may see elsewhere (RFC 9112, section 6.1).

    The parser takes chunks before a length; a proxy that does not would pass on a second request.
    """
    names = {name for name, _ in request.headers}
    is_old = request.http_version < b"1.1"
    if b"transfer-encoding" in names and (b"content-length" in names or is_old):
        raise h11.RemoteProtocolError("two framings of one body", error_status_hint=400)


def has_body(request: h11.Request) -> bool:
    """Tell whether a body follows a request's head."""
    fields = dict(request.headers)
    return b"transfer-encoding" in fields or int(fields.get(b"content-length", b"0")) != 0


def _names(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(value)) for name, value in headers]
