"""Drive a machine: events one at a time, effects after each, a clock that wakes it."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import trio

from zkattest.ports import Clock

# Events that wait for the machine; beyond it the shells wait, and the network drops without blame.
QUEUE: int = 256
_Event = TypeVar("_Event")
_Effect = TypeVar("_Effect")


class SystemClock:
    """Tell the machine's wall-clock time."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return time.time_ns() // 1_000_000


@dataclass(slots=True)
class MachineLoop(Generic[_Event, _Effect]):
    """Carry events to `handle`, and what it returns to `perform`, in order."""

    handle: Callable[[_Event, int], list[_Effect]]
    perform: Callable[[list[_Effect]], Awaitable[None]]
    time_passed: _Event
    clock: Clock = field(default_factory=SystemClock)
    _wake: trio.Event = field(default_factory=trio.Event)
    _wake_at_ms: float = math.inf
    _unhandled: int = 0
    _handled: trio.Event = field(default_factory=trio.Event)
    _send: trio.MemorySendChannel[_Event] = field(init=False)
    _receive: trio.MemoryReceiveChannel[_Event] = field(init=False)

    def __post_init__(self) -> None:
        """Make the queue."""
        self._send, self._receive = trio.open_memory_channel[_Event](QUEUE)

    async def run(self) -> None:
        """Handle events until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_time)
            await self.tell(self.time_passed)
            async for event in self._receive:
                await self.perform(self.handle(event, self.clock.now_ms()))
                self._unhandled -= 1
                self.note_change()

    async def tell(self, event: _Event) -> None:
        """Queue an event; waits while the queue is full."""
        # Counted from here on: an event on its way to the loop stands in no queue.
        self._unhandled += 1
        try:
            await self._send.send(event)
        except trio.Cancelled:
            self._unhandled -= 1
            raise

    async def wait_until_idle(self, at_work: Callable[[], int]) -> None:
        """Return when every event has been handled, and nothing is at work that will bring one."""
        while self._unhandled or at_work():
            await self._handled.wait()

    def note_change(self) -> None:
        """Have whoever waits look again."""
        self._handled.set()
        self._handled = trio.Event()

    def wake_at(self, time_ms: int) -> None:
        """Have the machine told of this time; the newest word counts."""
        self._wake_at_ms = time_ms
        self._wake.set()

    @property
    def queued(self) -> int:
        """Count the events that wait."""
        return self._receive.statistics().current_buffer_used

    async def _keep_time(self) -> None:
        while True:
            self._wake = trio.Event()
            left_ms = self._wake_at_ms - self.clock.now_ms()
            with trio.move_on_after(max(0.0, left_ms / 1000)) as pause:
                await self._wake.wait()
            if pause.cancelled_caught:
                self._wake_at_ms = math.inf
                await self.tell(self.time_passed)
