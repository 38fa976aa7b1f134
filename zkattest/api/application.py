"""
Route requests to operations: rate, token, path, query, kind and size come before the body.

Errors are `{"code": …, "message": …}` with the status, as zkboost and the Beacon API write them.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from zkattest.api.bodies import BodyRefused, read_body
from zkattest.api.errors import shown
from zkattest.api.guard import Place, RateLimiter, StreamCount, TooBusy, WorkBudget
from zkattest.api.jwt_auth import JwtGuard, NotAuthenticated
from zkattest.api.limits import address_of
from zkattest.api.operations import Call, Hold, HttpFailure, Operation, Taken

logger = logging.getLogger(__name__)

_NO_STORE: Final = {"Cache-Control": "no-store"}


@dataclass(slots=True)
class Gate:
    """Hold who may ask, how often, and what may be in memory; shared by all operations."""

    rate: RateLimiter
    work: WorkBudget
    streams: StreamCount
    token: JwtGuard | None = None
    counts: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    """Answers by operation and status."""


def application(operations: Sequence[Operation], gate: Gate) -> ASGIApp:
    """Make an ASGI application of operations."""
    by_path: dict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in operations:
        by_path[operation.path][operation.method] = operation
    app = Starlette(
        routes=[
            # Without methods: a resource says itself which ones it has.
            Route(path, _Resource(methods, gate))
            for path, methods in by_path.items()
        ],
        exception_handlers={HTTPException: partial(_answer_http_exception, gate)},
    )
    open_paths = frozenset(operation.path for operation in operations if operation.is_open)
    probes = frozenset(operation.path for operation in operations if operation.is_probe)
    # A path is one path: nobody is sent elsewhere, least of all with a body.
    app.router.redirect_slashes = False
    return _Doorkeeper(app, gate, open_paths, probes)


def failure(status: int, message: str, **more: Any) -> JSONResponse:
    """Answer an error; what came from outside is shown as one printable line."""
    return JSONResponse({"code": status, "message": shown(message), **more}, status, _NO_STORE)


class _Doorkeeper:
    """Count each request by its address, and look at its token, before anything is routed."""

    def __init__(
        self, app: ASGIApp, gate: Gate, open_paths: frozenset[str], probes: frozenset[str]
    ) -> None:
        self._app = app
        self._gate = gate
        self._open_paths = open_paths
        self._probes = probes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have it answered."""
        is_probe = scope["path"] in self._probes
        wait_s = 0 if is_probe else self._gate.rate.take(address_of(scope))
        if wait_s:
            answer = failure(429, "too many requests from this address")
            answer.headers["Retry-After"] = str(wait_s)
            await self._refuse(answer, scope, receive, send)
            return
        if self._gate.token is not None and scope["path"] not in self._open_paths:
            try:
                self._gate.token.check_all(Request(scope).headers.getlist("authorization"))
            except NotAuthenticated as error:
                answer = failure(401, str(error))
                answer.headers["WWW-Authenticate"] = "Bearer"
                await self._refuse(answer, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refuse(self, answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
        self._gate.counts["refused", answer.status_code] += 1
        await answer(scope, receive, send)


class _Resource:
    """Answer the methods of one path."""

    def __init__(self, methods: Mapping[str, Operation], gate: Gate) -> None:
        self._methods = methods
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read what the operation takes, and have it answered."""
        request = Request(scope, receive)
        name = "GET" if request.method == "HEAD" else request.method
        operation = self._methods.get(name)
        if operation is None:
            answer: Response = failure(405, f"expected {' or '.join(sorted(self._methods))}")
            answer.headers["Allow"] = ", ".join(sorted(self._methods))
            self._gate.counts["unknown", 405] += 1
            await answer(scope, receive, send)
            return
        # What a body takes of the memory is given back when the answer has gone out.
        async with self._held(operation, request) as result:
            self._gate.counts[operation.operation_id, result.status_code] += 1
            result.headers.setdefault("Cache-Control", "no-store")
            await result(scope, receive, send)

    @asynccontextmanager
    async def _held(self, operation: Operation, request: Request) -> AsyncIterator[Response]:
        taken: list[Place] = []
        address = address_of(request.scope)

        async def hold(size_bytes: int, checks: int = 0) -> None:
            taken.append(await self._gate.work.take(size_bytes, address, checks=checks))

        try:
            try:
                answer = await _answered(operation, request, hold)
            except HttpFailure as error:
                answer = failure(error.status, error.message, **error.more)
                answer.headers.update(error.headers)
            except BodyRefused as error:
                answer = failure(error.status, error.message)
            except TooBusy as error:
                answer = failure(429 if error.is_full else 503, str(error))
                answer.headers["Retry-After"] = str(error.retry_after_s)
            except Exception:  # the outermost shell of a request
                logger.exception("a page failed")
                answer = failure(500, "internal error; the log says how")
            yield answer
        finally:
            for place in taken:
                self._gate.work.give_back(place)


async def _answered(operation: Operation, request: Request, hold: Hold) -> Response:
    """Judge a request by what costs nothing, then take the room that it needs, then read it."""
    query = _read(operation.query, _pairs(request))
    path = _read(operation.path_fields, dict(request.path_params))
    kind, most = _judge_head(operation.body, request)
    refusal = operation.judge(query, path) if operation.judge is not None else None
    if refusal is not None:
        return refusal
    if operation.body is not None:
        await hold(most, int(operation.is_check))
    body = await read_body(request, most) if operation.body else b""
    return await operation.handle(Call(query, path, kind, body, request, hold))


def _pairs(request: Request) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for key, value in request.query_params.multi_items():
        if key in pairs:
            raise HttpFailure(400, f"query: {shown(key)} stands there twice")
        pairs[key] = value
    return pairs


def _read(model: type[BaseModel], values: dict[str, str]) -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise HttpFailure(400, describe(error)) from None


def describe(error: ValidationError) -> str:
    """Say in one line which field is wrong first, and how."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return shown(f"{place}: {first['msg'].removeprefix('Value error, ')}")


def _judge_head(taken: Taken | None, request: Request) -> tuple[str, int]:
    """Return a body's kind and how many bytes it may have; refuse what is not worth reading."""
    if taken is None:
        has_length = request.headers.get("content-length", "0") != "0"
        if has_length or "transfer-encoding" in request.headers:
            raise HttpFailure(413, "no body is taken here")
        return "", 0
    headers = request.headers
    # A program posts here, never a web page: browsers name the page that sends.
    if "origin" in headers:
        raise HttpFailure(403, "web pages may not post here")
    if "content-encoding" in headers:
        raise HttpFailure(415, "content-encoding: compressed bodies are not taken")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in taken.shapes:
        if not taken.takes_any_kind:
            expected = " or ".join(taken.shapes)
            raise HttpFailure(415, f"content-type: expected {expected}")
        kind = next(iter(taken.shapes))
    most = taken.max_bytes[kind]
    length = headers.get("content-length")
    if length is None:
        return kind, most
    # The parser has checked that it is a number of at most 20 digits.
    if int(length) > most:
        raise HttpFailure(413, f"at most {most} bytes are taken")
    return kind, int(length)


async def _answer_http_exception(gate: Gate, _request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    gate.counts["unknown", error.status_code] += 1
    answer = failure(error.status_code, error.detail.lower())
    answer.headers.update(error.headers or {})
    return answer
