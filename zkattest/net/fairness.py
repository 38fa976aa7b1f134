"""
Share the processor among peers: who makes us work beyond its share waits before its next frame.

A frame of a few bytes can cost as much as a proof, so bytes are no measure of what a peer takes;
the time that our one thread works for it is.
"""

from __future__ import annotations

from zkattest.net.score import DecayingCount

HALF_LIFE_S = 1.0
# What a rate of one second a second counts up to, with this half-life.
STEADY_S = HALF_LIFE_S / 0.693
STRANGER_MOST = 0.25
STRANGER_LEAST = 0.02
STRANGERS_TOGETHER = 0.3
FRIEND_MOST = 0.75
LONGEST_PAUSE_S = 1.0
ACTIVE_FROM_S = 0.001


class WorkMeter:
    """Count the work done for each peer; the clock is the caller's."""

    def __init__(self) -> None:
        self._spent: dict[str, DecayingCount] = {}

    def spend(self, peer: str, work_s: float, now_s: float, *, is_friend: bool) -> float:
        """
        Count `work_s` seconds of work and return for how many seconds the peer is to wait.

        A friend has delivered what was accepted; strangers share a third of the processor.
        """
        spent = self._spent.setdefault(peer, DecayingCount(HALF_LIFE_S))
        spent.add(work_s, now_s)
        allowed_s = STEADY_S * (FRIEND_MOST if is_friend else self._share(now_s))
        if spent.value <= allowed_s:
            return 0.0
        # As long as it takes to decay to its share at least; the excess bounds it from above.
        return min(LONGEST_PAUSE_S, (spent.value - allowed_s) / allowed_s * HALF_LIFE_S)

    def forget(self, peer: str) -> None:
        """Drop what is known of a peer that is gone."""
        self._spent.pop(peer, None)

    def _share(self, now_s: float) -> float:
        active = sum(each.now(now_s) > ACTIVE_FROM_S for each in self._spent.values())
        return min(STRANGER_MOST, max(STRANGER_LEAST, STRANGERS_TOGETHER / max(1, active)))
