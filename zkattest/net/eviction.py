"""
Choose, in a full host, whose place a newcomer gets; pure.

What an attacker cannot have for nothing protects: deliveries of accepted messages, a short way to
us, a long time here. Of the others, the youngest of the biggest crowd goes, and only to a crowd
that is smaller by two: so every network keeps a place that it has, and knocking again and again
gains nothing. (Bitcoin Core's way with inbound peers, but for that lead.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from zkattest.net.origin import Crowd, Origin

HANDSHAKE_GRACE_S = 3.0
"""For so long a handshake is taken for honest, where no crowd is bigger than another."""
BY_DELIVERIES = BY_TIME = 4
BY_LATENCY = 16
"""One place in so many is protected by each criterion."""


@dataclass(eq=False, slots=True)
class Seat:
    """Hold what bears on whether a connection from outside may stay."""

    origin: Origin
    since_s: float
    latency_s: float = math.inf
    """How long its handshake took; infinite while it is not over."""
    deliveries: float = 0.0

    @property
    def is_known(self) -> bool:
        """Say whether its other side has shown who it is."""
        return self.latency_s < math.inf


def choose_evicted(
    seats: Sequence[Seat], newcomer: Origin, places: int, now_s: float
) -> Seat | None:
    """
    Return whose connection ends for a newcomer, None where it is the newcomer that is refused.

    `places` is how many seats there may be; a part of them is protected by each criterion.
    """
    useful = _useful(seats, places)
    rest = [each for each in seats if each not in useful]
    spared = _spared([each for each in rest if each.is_known], places)
    # Who is useful is no crowd: an honest peer's address is not counted against its neighbour.
    crowd = Crowd(each.origin for each in rest)
    candidates = [each for each in rest if each not in spared]
    yielding = [each for each in candidates if crowd.gives_way(each.origin, newcomer)]
    if yielding:
        return max(yielding, key=lambda seat: (crowd.weight(seat.origin), *_newness(seat)))
    late = [s for s in rest if not s.is_known and now_s - s.since_s > HANDSHAKE_GRACE_S]
    return min(late, key=lambda seat: seat.since_s, default=None)


def _newness(seat: Seat) -> tuple[bool, float]:
    # Unfinished handshakes first, the oldest of them; then the youngest connection.
    return not seat.is_known, seat.since_s if seat.is_known else -seat.since_s


def _useful(seats: Sequence[Seat], places: int) -> set[Seat]:
    delivering = [each for each in seats if each.deliveries > 0]
    delivering.sort(key=lambda seat: seat.deliveries, reverse=True)
    return set(delivering[: places // BY_DELIVERIES])


def _spared(seats: list[Seat], places: int) -> set[Seat]:
    near = sorted(seats, key=lambda seat: seat.latency_s)[: places // BY_LATENCY]
    rest = [seat for seat in seats if seat not in near]
    return {*near, *sorted(rest, key=lambda seat: seat.since_s)[: places // BY_TIME]}
