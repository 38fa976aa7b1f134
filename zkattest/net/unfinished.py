"""Bound what half-received frames of all peers take together; the one that holds most gives up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Unfinished:
    """Hold what has come of one frame; `close` ends the connection that it comes by."""

    close: Callable[[], None]
    since_s: float
    size_bytes: int = 0


class UnfinishedFrames:
    """Count what is held, and part with who holds much for long."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._frames: dict[Unfinished, None] = {}
        self.size_bytes = 0

    def begin(self, close: Callable[[], None], now_s: float) -> Unfinished:
        """Note that a frame has begun."""
        frame = Unfinished(close, now_s)
        self._frames[frame] = None
        return frame

    def grow(self, frame: Unfinished, added_bytes: int, now_s: float) -> None:
        """Count bytes that came; where all together are too many, close what weighs most."""
        if frame not in self._frames:
            return
        frame.size_bytes += added_bytes
        self.size_bytes += added_bytes
        while self.size_bytes > self._limit_bytes:
            # Size times age: an honest frame that is big is soon complete.
            heaviest = max(
                self._frames, key=lambda each: each.size_bytes * (now_s - each.since_s + 0.001)
            )
            self.end(heaviest)
            heaviest.close()

    def end(self, frame: Unfinished) -> None:
        """Forget a frame that is complete, or will never be; twice is no harm."""
        if frame in self._frames:
            del self._frames[frame]
            self.size_bytes -= frame.size_bytes
