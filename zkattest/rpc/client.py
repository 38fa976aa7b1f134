"""Call methods of a JSON-RPC 2.0 server that may be slow, broken or hostile."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from zkattest.rpc.bounded_http import BoundedHttp

_OK: Final = 200


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
        self._limits = limits
        self._http = BoundedHttp(
            url, connections=limits.connections, deadline_ms=limits.deadline_ms
        )
        self.name = self._http.name

    def within_deadline(self) -> AbstractContextManager[None]:
        """Bound all calls inside by one deadline; there are none outside."""
        return self._http.within_deadline()

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
        answer = self._post(requests[0] if single else requests)
        answers = [answer] if single else answer
        if not isinstance(answers, list) or len(answers) != len(calls):
            # A server that takes no batch says so with one error.
            self._require_no_error(answer)
            self._http.refuse("the answer does not fit the calls")
        results: dict[int, object] = {}
        for one in answers:
            self._require_no_error(one)
            if not isinstance(one, dict) or "result" not in one or type(one.get("id")) is not int:
                self._http.refuse("the answer does not fit the calls")
            results[one["id"]] = one["result"]
        if results.keys() != set(range(len(calls))):
            self._http.refuse("the answer does not fit the calls")
        return [results[index] for index in range(len(calls))]

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _post(self, body: object) -> Any:
        answer = self._http.exchange("POST", json=body, max_bytes=self._limits.response_bytes)
        if answer.status != _OK:
            self._http.refuse(f"HTTP status {answer.status}")
        return self._http.decode(answer.body)

    def _require_no_error(self, answer: object) -> None:
        error = answer.get("error") if isinstance(answer, dict) else None
        if error is None:
            return
        message = error.get("message") if isinstance(error, dict) else None
        self._http.refuse(f"error: {message if isinstance(message, str) else 'without a message'}")
