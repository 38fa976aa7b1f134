"""
Call methods of a JSON-RPC 2.0 server that may be slow, broken or hostile.

Every answer is bounded in time and in bytes before it is decoded, and nothing about it is believed
beyond its shape. No redirect is followed, no proxy of the environment is used, and no compression
is asked for or accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
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
class RpcLimits:
    """
    Bound what a question to a server may take; most checks ask none, and none asks more than three.

    `deadline_ms` and `requests` are for all of a question, `batch` and `response_bytes` for one
    request. A batch of one is sent as a plain call, for servers that know no batches.
    """

    deadline_ms: int = 2_000
    requests: int = 32
    batch: int = 64
    response_bytes: int = 1 << 22
    connections: int = 8


@dataclass(frozen=True, slots=True)
class Call:
    """Name a method and its parameters."""

    method: str
    params: Sequence[object]


class JsonRpcClient:
    """Keep connections to one server; threads may share it."""

    def __init__(self, url: str, limits: RpcLimits) -> None:
        """
        Prepare for a server; nothing is sent yet.

        Raises `ValueError` for what is no http(s) address.
        """
        self._url = parse_url(url)
        self._limits = limits
        # Paths and users can be secrets: only this much of an address is ever shown.
        host, port = self._url.host, self._url.port
        self.name = f"{host}:{port}" if port else host
        self._http = httpx.Client(
            transport=DeadlineTransport(limits.connections), headers=_HEADERS, trust_env=False
        )

    def within_deadline(self) -> AbstractContextManager[None]:
        """Bound all calls inside by one deadline; there are none outside."""
        return deadline(self._limits.deadline_ms)

    def call_all(self, calls: Sequence[Call]) -> list[object]:
        """
        Call some methods in one request and give their results in order.

        Raises `SourceTimeout`, or `SourceUnavailable` for every other answer than results.
        """
        requests = [
            {"jsonrpc": "2.0", "id": index, "method": call.method, "params": list(call.params)}
            for index, call in enumerate(calls)
        ]
        single = len(requests) == 1
        answer = self._decode(self._post(requests[0] if single else requests))
        answers = [answer] if single else answer
        if not isinstance(answers, list) or len(answers) != len(calls):
            # A server that takes no batch says so with one error.
            self._require_no_error(answer)
            self._refuse("the answer does not fit the calls")
        results: dict[int, object] = {}
        for one in answers:
            self._require_no_error(one)
            if not isinstance(one, dict) or "result" not in one or type(one.get("id")) is not int:
                self._refuse("the answer does not fit the calls")
            results[one["id"]] = one["result"]
        if results.keys() != set(range(len(calls))):
            self._refuse("the answer does not fit the calls")
        return [results[index] for index in range(len(calls))]

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _post(self, body: object) -> bytes:
        try:
            with self._http.stream("POST", self._url, json=body) as answer:
                return self._read(answer)
        except (httpcore.TimeoutException, httpx.TimeoutException):
            raise SourceTimeout(
                f"{self.name}: no answer within {self._limits.deadline_ms} ms"
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError) as error:
            self._refuse(str(error) or type(error).__name__)

    def _read(self, answer: httpx.Response) -> bytes:
        limit = self._limits.response_bytes
        if answer.status_code != httpx.codes.OK:
            self._refuse(f"HTTP status {answer.status_code}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            self._refuse("a compressed answer, which was not asked for")
        body = bytearray()
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > limit:
                self._refuse(f"an answer of more than {limit} bytes")
        return bytes(body)

    def _decode(self, body: bytes) -> Any:
        try:
            return parse_json(body)
        except ValueError:
            self._refuse("the answer is not JSON")

    def _require_no_error(self, answer: object) -> None:
        error = answer.get("error") if isinstance(answer, dict) else None
        if error is None:
            return
        message = error.get("message") if isinstance(error, dict) else None
        self._refuse(f"error: {message if isinstance(message, str) else 'without a message'}")

    def _refuse(self, detail: str) -> NoReturn:
        raise SourceUnavailable(f"{self.name}: {_shorten(detail)}") from None


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


def _shorten(text: str) -> str:
    """Keep one printable line of what a server says."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"
