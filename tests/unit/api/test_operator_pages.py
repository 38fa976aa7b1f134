"""Whoever watches an engine is answered, however busy others make it."""

import httpx

from tests.helpers.service import open_gate
from tests.unit.api.test_jwt_auth import NOW_S, SECRET
from zkattest.api.application import application
from zkattest.api.guard import RateLimits
from zkattest.api.jwt_auth import JwtGuard
from zkattest.api.operator_pages import operator_pages


async def statuses(gate, *paths, is_ready=True):
    """Ask for pages one after the other, from one address."""

    async def describe():
        return {"versions": {}}

    pages = operator_pages(lambda: {"engine": (is_ready, "said")}, lambda: b"metrics\n", describe)
    transport = httpx.ASGITransport(application(pages, gate))
    async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
        return [(await client.get(path)).status_code for path in paths]


async def test_probes__answered_to_an_address_that_asks_too_often():
    gate = open_gate(rate=RateLimits(per_second=0.1, burst=1))
    asked = ["/status", "/status", "/health", "/ready", "/health", "/metrics"]
    assert await statuses(gate, *asked) == [200, 429, 200, 200, 200, 429]


async def test_pages__open_but_for_the_status():
    gate = open_gate(token=JwtGuard(SECRET, lambda: NOW_S))
    assert await statuses(gate, "/health", "/ready", "/metrics", "/status") == [200, 200, 200, 401]


async def test_ready__answers_503_where_something_is_missing():
    assert await statuses(open_gate(), "/ready", "/health", is_ready=False) == [503, 200]
