"""Answer with server-sent events, for as long as the reader wants and the server runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from zkattest.api.operations import EVENTS

Write: TypeAlias = Callable[[str], Awaitable[None]]
# Proxies that gather answers would hold events back.
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """Have `follow` write events until it returns, the reader leaves, or the server drains."""

    media_type = EVENTS

    def __init__(
        self,
        follow: Callable[[Write], Awaitable[None]],
        draining: trio.Event,
        at_end: Callable[[], None],
    ) -> None:
        """Call `at_end` once, however the stream ends."""
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._follow = follow
        self._draining = draining
        self._at_end = at_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end."""

        async def write(text: str) -> None:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_when_gone, receive, nursery.cancel_scope)
                nursery.start_soon(_cancel_after, self._draining, nursery.cancel_scope)
                await self._follow(write)
                nursery.cancel_scope.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._at_end()


async def _cancel_when_gone(receive: Receive, scope: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
