"""Queue what one peer is to be sent: control first, within bounds, nothing it no longer wants."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import trio

from zkattest.net.settings import GossipSettings


@dataclass(frozen=True, slots=True)
class OutFrame:
    """Hold one frame; `message_id` names the message in it, if it is one."""

    data: bytes
    message_id: bytes | None


class Outbox:
    """Hand frames to the one task that writes to a peer."""

    def __init__(self, settings: GossipSettings, is_unwanted: Callable[[bytes], bool]) -> None:
        self._settings = settings
        self._is_unwanted = is_unwanted
        self._control: deque[OutFrame] = deque()
        self._messages: deque[OutFrame] = deque()
        self._size_bytes = 0
        self._filled = trio.Event()
        self._idle = trio.Event()

    def put(self, frame: OutFrame) -> bool:
        """Queue a frame; False when the peer reads too slowly for it to be kept."""
        size = len(self._control) + len(self._messages)
        full = (
            size >= self._settings.outbox_limit
            or self._size_bytes + len(frame.data) > self._settings.outbox_limit_bytes
        )
        if full:
            return False
        (self._control if frame.message_id is None else self._messages).append(frame)
        self._size_bytes += len(frame.data)
        self._filled.set()
        if self._idle.is_set():
            self._idle = trio.Event()
        return True

    async def wait_idle(self) -> None:
        """Return when everything was taken and what was taken last is sent."""
        await self._idle.wait()

    async def take(self) -> bytes:
        """Return what is to be sent next: all control there is, or one message."""
        while True:
            if self._control:
                frames = [frame.data for frame in self._control]
                self._control.clear()
                self._size_bytes -= sum(map(len, frames))
                return b"".join(frames)
            if self._messages:
                frame = self._messages.popleft()
                self._size_bytes -= len(frame.data)
                if frame.message_id is not None and self._is_unwanted(frame.message_id):
                    continue
                return frame.data
            self._idle.set()
            self._filled = trio.Event()
            await self._filled.wait()
