"""
Stand before the application: who may ask, how often, and how much may be in memory at once.

Counters count by address (an IPv6 network of 64 bits is one), in tables of bounded size.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

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
    Bound what is in memory, and what is verified: both are taken before a body is read.

    A request takes the length that its head declares, or the most that its route takes, and one
    check where it brings a proof; one address has at most half of all. What is not there is waited
    for, by at most `waiting` requests, each for `wait_ms`.
    """

    body_bytes: int = 128 << 20
    checks: int = 32
    waiting: int = 32
    wait_ms: int = 2_000
    streams: int = 64

    @property
    def body_bytes_per_address(self) -> int:
        """Return what one address may have, so that it cannot keep all others out."""
        return max(1, self.body_bytes // 2)

    @property
    def checks_per_address(self) -> int:
        """Return how many checks one address may have asked for at a time, half of all."""
        return max(1, self.checks // 2)

    @property
    def streams_per_address(self) -> int:
        """Return how many streams of events one address may read, half of all."""
        return max(1, self.streams // 2)


@dataclass(frozen=True, slots=True)
class Place:
    """Hold bytes of memory and a check, or a place in the queue for them."""

    size_bytes: int
    checks: int
    address: str
    is_granted: trio.Event = field(default_factory=trio.Event)


class WorkBudget:
    """Hand out bytes of memory and checks in the order in which they are asked for."""

    def __init__(self, limits: WorkLimits) -> None:
        self._limits = limits
        self._left = limits.body_bytes
        self._checks_left = limits.checks
        self._bytes_by_address: Counter[str] = Counter()
        self._checks_by_address: Counter[str] = Counter()
        self._waiting: deque[Place] = deque()

    @property
    def used_bytes(self) -> int:
        """Return what is handed out."""
        return self._limits.body_bytes - self._left

    @property
    def checks(self) -> int:
        """Return how many requests hold a check."""
        return self._limits.checks - self._checks_left

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    async def take(self, size_bytes: int, address: str = "", *, checks: int = 0) -> Place:
        """
        Wait for so many bytes, at most all that an address may have, and for a check or none.

        Raises `TooBusy`: at once where too many wait, later where the wait was too long.
        """
        place = Place(min(size_bytes, self._limits.body_bytes_per_address), checks, address)
        self._waiting.append(place)
        self._serve_waiting()
        if place.is_granted.is_set():
            return place
        if len(self._waiting) > self._limits.waiting:
            self._waiting.remove(place)
            raise TooBusy(self._retry_after_s, is_full=True)
        with trio.move_on_after(self._limits.wait_ms / 1000):
            try:
                await place.is_granted.wait()
            except trio.Cancelled:
                self._leave(place)
                raise
            return place
        raise TooBusy(self._retry_after_s, is_full=False)

    def give_back(self, place: Place) -> None:
        """Take back what was handed out, and hand it to those who wait longest."""
        self._count(place, -1)
        self._serve_waiting()

    @property
    def _retry_after_s(self) -> int:
        return max(1, self._limits.wait_ms // 1000)

    def _leave(self, place: Place) -> None:
        """Give up a place, or what it was handed while its owner was being cancelled."""
        if place.is_granted.is_set():
            self.give_back(place)
            return
        self._waiting.remove(place)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        """
        Serve in turn.

        Who waits for its own address, or for a check, keeps nobody waiting who does not.
        """
        for place in list(self._waiting):
            if not self._is_within_address(place) or place.checks > self._checks_left:
                continue
            if place.size_bytes > self._left:
                return
            self._waiting.remove(place)
            self._count(place, 1)
            place.is_granted.set()

    def _is_within_address(self, place: Place) -> bool:
        limits, address = self._limits, place.address
        size_bytes = self._bytes_by_address[address] + place.size_bytes
        checks = self._checks_by_address[address] + place.checks
        return size_bytes <= limits.body_bytes_per_address and checks <= limits.checks_per_address

    def _count(self, place: Place, sign: int) -> None:
        """Hand a place out (1), or take it back (-1); an address that has nothing is forgotten."""
        self._left -= sign * place.size_bytes
        self._checks_left -= sign * place.checks
        for count, amount in (
            (self._bytes_by_address, place.size_bytes),
            (self._checks_by_address, place.checks),
        ):
            count[place.address] += sign * amount
            if not count[place.address]:
                del count[place.address]


class StreamCount:
    """Count streams of events, which last as long as their readers want."""

    def __init__(self, limits: WorkLimits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self.open = 0

    def take(self, address: str = "") -> None:
        """Take a place; raises `TooBusy` where there is none for this address."""
        limits, count = self._limits, self._by_address
        if self.open >= limits.streams or count[address] >= limits.streams_per_address:
            raise TooBusy(1, is_full=True)
        count[address] += 1
        self.open += 1

    def give_back(self, address: str = "") -> None:
        """Give a place back."""
        self.open -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
