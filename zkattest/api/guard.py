"""
Stand before the application: who may ask, how often, and how much may be in memory at once.

Counters count by address (an IPv6 network of 64 bits is one), in tables of bounded size.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

import trio

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Let an address ask `burst` times at once, and `per_second` times in the long run."""

    per_second: float = 50.0
    burst: int = 200
    addresses: int = 4_096


class RateLimiter:
    """
    Count requests by address with token buckets.

    An address that is pushed out of the table begins anew with a full bucket; only as many
    addresses as the table has can gain by that, and connections are counted besides.
    """

    def __init__(self, limits: RateLimits, clock_s: Clock = trio.current_time) -> None:
        self._limits = limits
        self._clock_s = clock_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> int:
        """Count one request; return 0, or the seconds after which the next one is taken."""
        now_s, limits = self._clock_s(), self._limits
        tokens, since_s = self._buckets.pop(address, (float(limits.burst), now_s))
        tokens = min(limits.burst, tokens + (now_s - since_s) * limits.per_second)
        wait_s = 0 if tokens >= 1 else math.ceil((1 - tokens) / limits.per_second)
        self._buckets[address] = (tokens if wait_s else tokens - 1, now_s)
        if len(self._buckets) > limits.addresses:
            self._buckets.popitem(last=False)
        return wait_s


class TooBusy(Exception):
    """Say that there is no room now; `is_full` where even the queue is."""

    def __init__(self, retry_after_s: int, *, is_full: bool) -> None:
        """Keep when asking again makes sense."""
        super().__init__("other requests are being worked on")
        self.retry_after_s = retry_after_s
        self.is_full = is_full


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """
    Bound what is in memory: bytes of bodies, and requests that wait for their turn.

    A request takes the length that its head declares, or the most that its route takes. `wait_ms`
    is how long it waits for others to end.
    """

    body_bytes: int = 128 << 20
    waiting: int = 32
    wait_ms: int = 2_000
    streams: int = 64


class ByteBudget:
    """Hand out bytes of memory in the order in which they are asked for."""

    def __init__(self, limits: WorkLimits) -> None:
        self._limits = limits
        self._left = limits.body_bytes
        self._waiting: deque[tuple[int, trio.Event]] = deque()

    @property
    def used_bytes(self) -> int:
        """Return what is handed out."""
        return self._limits.body_bytes - self._left

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    async def take(self, size_bytes: int) -> int:
        """
        Wait for so many bytes, at most all there are, and return how many were taken.

        Raises `TooBusy`: at once where too many wait, later where the wait was too long.
        """
        size_bytes = min(size_bytes, self._limits.body_bytes)
        if not self._waiting and size_bytes <= self._left:
            self._left -= size_bytes
            return size_bytes
        if len(self._waiting) >= self._limits.waiting:
            raise TooBusy(self._retry_after_s, is_full=True)
        place = (size_bytes, trio.Event())
        self._waiting.append(place)
        with trio.move_on_after(self._limits.wait_ms / 1000):
            try:
                await place[1].wait()
            except trio.Cancelled:
                self._leave(place)
                raise
            return size_bytes
        raise TooBusy(self._retry_after_s, is_full=False)

    def give_back(self, size_bytes: int) -> None:
        """Take bytes back, and hand them to those who wait longest."""
        self._left += size_bytes
        self._serve_waiting()

    @property
    def _retry_after_s(self) -> int:
        return max(1, self._limits.wait_ms // 1000)

    def _leave(self, place: tuple[int, trio.Event]) -> None:
        """Give up a place, or what it was handed while its owner was being cancelled."""
        if place[1].is_set():
            self.give_back(place[0])
            return
        self._waiting.remove(place)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._left:
            size_bytes, event = self._waiting.popleft()
            self._left -= size_bytes
            event.set()


class StreamCount:
    """Count streams of events, which last as long as their readers want."""

    def __init__(self, limits: WorkLimits) -> None:
        self._most = limits.streams
        self.open = 0

    def take(self) -> None:
        """Take a place; raises `TooBusy` where there is none."""
        if self.open >= self._most:
            raise TooBusy(1, is_full=True)
        self.open += 1

    def give_back(self) -> None:
        """Give a place back."""
        self.open -= 1
