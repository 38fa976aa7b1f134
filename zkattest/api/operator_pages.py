"""Serve what operators and their monitoring ask: alive, ready, metrics, status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from zkattest.api.fields import Model
from zkattest.api.operations import (
    JSON,
    TEXT,
    TEXT_BODY,
    Answered,
    Call,
    NoFields,
    Operation,
    Raw,
)

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Alive(Model):
    """Say that the process answers."""

    alive: bool


class Condition(Model):
    """Say whether one thing is there that a ready service needs."""

    ok: bool
    detail: str


class Ready(Model):
    """Say whether requests are worth sending, and what is missing."""

    ready: bool
    conditions: dict[str, Condition]


def operator_pages(
    conditions: Callable[[], dict[str, tuple[bool, str]]],
    exposition: Callable[[], bytes],
    status: Callable[[], Awaitable[dict[str, Any]]],
) -> tuple[Operation, ...]:
    """Describe the pages; all but the status are answered without a token."""

    async def health(_call: Call[NoFields, NoFields]) -> Response:
        return JSONResponse({"alive": True})

    async def ready(_call: Call[NoFields, NoFields]) -> Response:
        found = conditions()
        is_ready = all(ok for ok, _ in found.values())
        shown = {name: {"ok": ok, "detail": detail} for name, (ok, detail) in found.items()}
        return JSONResponse({"ready": is_ready, "conditions": shown}, 200 if is_ready else 503)

    async def metrics(_call: Call[NoFields, NoFields]) -> Response:
        return Response(exposition(), headers={"Content-Type": METRICS_TYPE})

    async def describe(_call: Call[NoFields, NoFields]) -> Response:
        return JSONResponse(await status())

    return (
        _page("/health", "health", "Tell whether the process answers", health, Alive),
        Operation(
            "GET",
            "/ready",
            "ready",
            "Tell whether requests are worth sending",
            ready,
            {
                200: Answered("All is there.", {JSON: Ready}),
                503: Answered("Something is missing.", {JSON: Ready}),
            },
            is_open=True,
            is_probe=True,
        ),
        Operation(
            "GET",
            "/metrics",
            "metrics",
            "Get the metrics of Prometheus",
            metrics,
            {200: Answered("The metrics.", {TEXT: TEXT_BODY})},
            is_open=True,
        ),
        _page(
            "/status",
            "status",
            "Describe the engine",
            describe,
            Raw({"type": "object"}),
            is_open=False,
        ),
    )


def _page(
    path: str,
    name: str,
    summary: str,
    handle: Callable[[Any], Awaitable[Response]],
    shape: type[BaseModel] | Raw,
    *,
    is_open: bool = True,
) -> Operation:
    answers = {200: Answered("The answer.", {JSON: shape})}
    return Operation("GET", path, name, summary, handle, answers, is_open=is_open, is_probe=is_open)
