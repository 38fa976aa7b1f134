"""
Exchange HTTP requests with one server that may be slow, broken or hostile.

Every answer is bounded in time and in bytes before it is decoded, and nothing about it is believed
beyond its shape. No redirect is followed, no proxy of the environment is used, and no compression
is asked for or accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import httpcore
import httpx

from zkattest.rpc.transport import DeadlineTransport, deadline
from zkattest.types.errors import SourceTimeout, SourceUnavailable
from zkattest.types.json_text import parse_json

_SHOWN_CHARACTERS: Final = 160
_HEADERS: Final = {"accept": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Hold an answer: its status, and a body within its bound."""

    status: int
    body: bytes


class BoundedHttp:
    """Keep connections to one server; threads may share it."""

    def __init__(self, url: str, *, connections: int, deadline_ms: int) -> None:
        """
        Prepare for a server; nothing is sent yet.

        Raises `ValueError` for what is no http(s) address.
        """
        self._url = parse_url(url)
        self._deadline_ms = deadline_ms
        # Paths and users can be secrets: only this much of an address is ever shown.
        host, port = self._url.host, self._url.port
        self.name = f"{host}:{port}" if port else host
        self._http = httpx.Client(
            transport=DeadlineTransport(connections), headers=_HEADERS, trust_env=False
        )

    def within_deadline(self) -> AbstractContextManager[None]:
        """Bound all exchanges of this thread inside by one deadline; outside there are none."""
        return deadline(self._deadline_ms)

    def exchange(
        self,
        method: str,
        path: str = "",
        *,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int,
    ) -> HttpAnswer:
        """
        Send one request under the thread's deadline and read its answer, whatever its status.

        `path` is put behind the server's own path; `body` is sent as it is, `json` encoded. Raises
        `SourceTimeout`, or `SourceUnavailable` for what is no answer of at most `max_bytes`.
        """
        url = self._url
        if path:
            url = url.copy_with(
                raw_path=url.raw_path.partition(b"?")[0].rstrip(b"/") + path.encode()
            )
        try:
            with self._http.stream(method, url, json=json, content=body, headers=headers) as answer:
                return HttpAnswer(answer.status_code, self._read(answer, max_bytes))
        except (httpcore.TimeoutException, httpx.TimeoutException):
            raise SourceTimeout(f"{self.name}: no answer within {self._deadline_ms} ms") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError) as error:
            self.refuse(str(error) or type(error).__name__)

    def decode(self, body: bytes) -> Any:
        """Decode a JSON body; raises `SourceUnavailable`."""
        try:
            return parse_json(body)
        except ValueError:
            self.refuse("the answer is not JSON")

    def refuse(self, detail: str) -> NoReturn:
        """Raise `SourceUnavailable` with the server's name and one printable line."""
        raise SourceUnavailable(f"{self.name}: {shorten(detail)}") from None

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _read(self, answer: httpx.Response, max_bytes: int) -> bytes:
        if answer.headers.get("content-encoding", "identity") != "identity":
            self.refuse("a compressed answer, which was not asked for")
        body = bytearray()
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > max_bytes:
                self.refuse(f"an answer of more than {max_bytes} bytes")
        return bytes(body)


def parse_url(url: str) -> httpx.URL:
    """Take a server's address apart; raise `ValueError` for what is no http(s) address."""
    try:
        parsed = httpx.URL(url)
        # Resolving a name would fail in its own way for what is none.
        parsed.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError(f"not an address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or "%" in parsed.host:
        raise ValueError("expected http://host[:port][/path] or https://…")
    return parsed


def shorten(text: str) -> str:
    """Keep one printable line of what a server says."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"
