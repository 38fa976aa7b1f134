"""Ask an engine's application without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import trio

from tests.helpers.service import PROFILE, open_gate
from zkattest.api.application import Gate
from zkattest.api.engine_service import ServiceSettings, engine_application, engine_operations
from zkattest.ports import GuestWorker, ProofEngine


class Unread:
    """A body of one byte that notes whether anybody reads it."""

    def __init__(self) -> None:
        self.was_read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.was_read = True
        yield b"x"


async def ask(
    engine: ProofEngine,
    method: str,
    path: str,
    *,
    gate: Gate | None = None,
    settings: ServiceSettings | None = None,
    worker: GuestWorker | None = None,
    **options: Any,
) -> httpx.Response:
    """Send one request to an application made for it."""
    gate = gate or open_gate()
    operations = engine_operations(
        engine, PROFILE, settings or ServiceSettings(), gate, trio.Event(), worker
    )
    transport = httpx.ASGITransport(engine_application(operations, gate, "test"))
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
        return await client.request(method, path, **options)
