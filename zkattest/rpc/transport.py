"""
Carry HTTP requests that end at a deadline, whatever the other side does.

HTTP libraries bound each read by itself, so a server that sends one byte now and then is never
late. Here every wait on the socket, the handshake's included, gets only what is left of the whole.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

# Blocking calls stay in their thread, and so does the deadline that they run under.
_ENDS_AT_S: ContextVar[float] = ContextVar("ends_at_s")


@contextmanager
def deadline(duration_ms: float) -> Iterator[None]:
    """Have every request of this thread end within so many milliseconds from now."""
    token = _ENDS_AT_S.set(time.monotonic() + duration_ms / 1000)
    try:
        yield
    finally:
        _ENDS_AT_S.reset(token)


class DeadlineTransport(httpx.BaseTransport):
    """Send requests over pooled connections, under the deadline of the calling thread."""

    def __init__(self, max_connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=max_connections,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send one request; its answer's body is read by whoever asked.

        Raises the errors of `httpcore`: `TimeoutException`, `NetworkError`, `ProtocolError`.
        """
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.read(),
            extensions={"timeout": {"pool": _left_s()}},
        )
        answer = self._pool.handle_request(sent)
        return httpx.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer)
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._inner.connect_tcp(host, port, _left_s(), local_address, socket_options)
        )


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left_s())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left_s()))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left_s() -> float:
    left_s = _ENDS_AT_S.get() - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left_s
