"""Listen, count connections, speak TLS where a certificate is given, and drain when told to."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio
from starlette.types import ASGIApp

from zkattest.api.connection import Connection
from zkattest.api.limits import ConnectionCount, ServerLimits, group_of


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Say where a certificate chain and its key lie, both in PEM."""

    certificate: Path
    key: Path


class CannotServeTls(Exception):
    """Say which file is no certificate or no key of it."""


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """Read a certificate and its key; raise `CannotServeTls` for anything else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password a key that has one is refused instead of asked for.
        context.load_cert_chain(files.certificate, files.key, password=lambda: b"")
    except (OSError, ssl.SSLError) as error:
        raise CannotServeTls(f"{files.certificate} with {files.key}: {error}") from error
    return context


class AsgiServer:
    """Listen from `open` on; answer from `serve` on, until `drain`."""

    def __init__(
        self,
        listeners: Sequence[trio.SocketListener],
        limits: ServerLimits,
        tls: ssl.SSLContext | None,
    ) -> None:
        """Use `AsgiServer.open`."""
        self._listeners = listeners
        self._limits = limits
        self._tls = tls
        self._app: ASGIApp | None = None
        self._accepting = trio.CancelScope()
        self._empty = trio.Event()
        self._connections: dict[Connection, str] = {}
        self.draining = trio.Event()
        self.count = ConnectionCount(limits)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        host: str,
        port: int,
        limits: ServerLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[AsgiServer]:
        """
        Listen at an address until left; port 0 takes a free one.

        Raises `OSError` when the address is taken or is not of this machine.
        """
        listeners = await trio.open_tcp_listeners(port, host=host)
        try:
            yield cls(listeners, limits or ServerLimits(), tls)
        finally:
            for listener in listeners:
                await listener.aclose()

    @property
    def port(self) -> int:
        """Return the port that is listened at."""
        return int(self._listeners[0].socket.getsockname()[1])

    async def serve(self, app: ASGIApp) -> None:
        """Answer until cancelled, or until all is answered that `drain` found."""
        self._app = app
        async with trio.open_nursery() as nursery:
            with self._accepting:
                await trio.serve_listeners(
                    self._accept, list(self._listeners), handler_nursery=nursery
                )

    async def drain(self) -> None:
        """Accept nobody, end what is idle, and return when the last answer is given."""
        self.draining.set()
        self._accepting.cancel()
        for listener in self._listeners:
            await listener.aclose()
        if self.count.open:
            await self._empty.wait()

    async def _accept(self, stream: trio.SocketStream) -> None:
        client = _client_of(stream)
        group = group_of(client[0]) if client else ""
        if not self.count.take(group) and not self._make_room(group):
            await trio.aclose_forcefully(stream)
            return
        try:
            await self._answer(stream, client, group)
        finally:
            self.count.give_back(group)
            if self.draining.is_set() and not self.count.open:
                self._empty.set()

    def _make_room(self, group: str) -> bool:
        """End the connection that is idle longest, of the address itself where that has most."""
        idle = [
            (connection.idle_since_s, connection)
            for connection, its_group in self._connections.items()
            if connection.idle_since_s is not None
            and (its_group == group or not self.count.is_at_limit(group))
        ]
        if not idle:
            return False
        _, longest = min(idle, key=lambda one: one[0])
        longest.end_idle()
        self.count.take_over(group)
        return True

    async def _answer(
        self, socket: trio.SocketStream, client: tuple[str, int] | None, group: str
    ) -> None:
        if self._app is None:
            raise AssertionError("nothing is served yet")
        stream: trio.abc.Stream = socket
        try:
            if self._tls is not None:
                secured = trio.SSLStream(socket, self._tls, server_side=True, https_compatible=True)
                with trio.fail_after(self._limits.handshake_ms / 1000):
                    await secured.do_handshake()
                stream = secured
            connection = Connection(
                stream,
                self._app,
                self._limits,
                client=client,
                scheme="https" if self._tls else "http",
                draining=self.draining,
            )
            self._connections[connection] = group
            try:
                await connection.run()
            finally:
                del self._connections[connection]
        except (trio.TooSlowError, trio.BrokenResourceError, ssl.SSLError):
            pass
        finally:
            await _close(stream, self._limits)


async def _close(stream: trio.abc.Stream, limits: ServerLimits) -> None:
    """Say goodbye where TLS has one, within its time."""
    with trio.move_on_after(limits.handshake_ms / 1000) as patience:
        patience.shield = True
        try:
            await stream.aclose()
        except trio.BrokenResourceError:
            return


def _client_of(stream: trio.SocketStream) -> tuple[str, int] | None:
    try:
        name = stream.socket.getpeername()
    except OSError:
        return None
    return (name[0], name[1])
