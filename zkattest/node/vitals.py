"""Watch what every promise about time rests on: the event loop, and the clock on the wall."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import trio

from zkattest.ports import Clock
from zkattest.telemetry import Measure, Observer

PULSE_MS: Final = 100
# What gossip forgives a peer (MAXIMUM_GOSSIP_CLOCK_DISPARITY) is what we forgive ourselves.
MAX_JUMP_MS: Final = 500
WINDOW_MS: Final = 60_000


@dataclass(slots=True)
class ClockGuard:
    """
    Compare the clock on the wall with one that never jumps, over the last minute.

    A clock that is slewed moves by 500 millionths at most, 30 ms a minute; one that is set, or
    that stood still while the machine slept, moves at once.
    """

    window_ms: float = WINDOW_MS
    max_jump_ms: float = MAX_JUMP_MS
    _offsets: deque[tuple[float, float]] = field(default_factory=deque)

    def sample(self, wall_ms: float, monotonic_ms: float) -> None:
        """Take both clocks at one moment."""
        self._offsets.append((monotonic_ms, wall_ms - monotonic_ms))
        while self._offsets[0][0] < monotonic_ms - self.window_ms:
            self._offsets.popleft()

    @property
    def jump_ms(self) -> float:
        """Return by how much the clock on the wall moved against the other, at most."""
        offsets = [offset for _, offset in self._offsets]
        return max(offsets) - min(offsets) if offsets else 0.0

    @property
    def is_sane(self) -> bool:
        """Tell whether the clock on the wall only ran."""
        return self.jump_ms <= self.max_jump_ms


@dataclass(slots=True)
class Vitals:
    """Hold what the pulse found last."""

    observer: Observer
    clock: Clock
    guard: ClockGuard = field(default_factory=ClockGuard)
    lag_ms: float = 0.0
    """How much too late the loop came back, at most, within the last second or so."""

    async def run(self) -> None:
        """Feel the pulse until cancelled."""
        was_sane, recent = True, deque[float](maxlen=math.ceil(1_000 / PULSE_MS))
        while True:
            due_s = trio.current_time() + PULSE_MS / 1000
            await trio.sleep_until(due_s)
            now_s = trio.current_time()
            recent.append((now_s - due_s) * 1000)
            self.lag_ms = max(recent)
            self.observer.observe_ms(Measure.EVENT_LOOP_LAG_MS, recent[-1])
            self.guard.sample(self.clock.now_ms(), now_s * 1000)
            if was_sane and not self.guard.is_sane:
                self.observer.event("clock_jumped", jump_ms=round(self.guard.jump_ms))
            was_sane = self.guard.is_sane
