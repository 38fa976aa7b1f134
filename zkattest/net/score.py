"""
Judge peers by what they deliver.

The score is `deliveries - 10 x rejected^2 - excess^2`: first deliveries of accepted messages
(at most 20 count), messages that were rejected, and breaches of manners above the few that a busy
honest peer commits. Each count halves in its half-life. Our own faults (IGNORE, time-outs, full
queues) are never counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

DELIVERIES_LIMIT = 20.0
REJECTED_WEIGHT = 10.0
MANNERS_FREE = 6.0
DELIVERIES_HALF_LIFE_S = 300.0
FAULTS_HALF_LIFE_S = 300.0

MESH_THRESHOLD = 0.0
"""Below it a peer is in no mesh of ours."""
GOSSIP_THRESHOLD = -20.0
"""Below it nobody tells it what we have, or asks it."""
GRAYLIST_THRESHOLD = -80.0
"""Below it a peer is disconnected: at the third rejected message in a short time."""
PARDON_THRESHOLD = -40.0
"""Above it a peer that was disconnected may come back."""
REMEMBERED_LIMIT = 4096


@dataclass(slots=True)
class DecayingCount:
    """Count events; each weighs half as much after a half-life."""

    half_life_s: float
    value: float = 0.0
    at_s: float = 0.0

    def now(self, now_s: float) -> float:
        """Return what the count is worth now."""
        return self.value * math.exp2((self.at_s - now_s) / self.half_life_s)

    def add(self, amount: float, now_s: float, limit: float = float("inf")) -> None:
        """Count `amount` more, at most up to `limit`."""
        self.value = min(self.now(now_s) + amount, limit)
        self.at_s = now_s


@dataclass(slots=True)
class Conduct:
    """Hold the counts of one peer."""

    deliveries: DecayingCount = field(default_factory=lambda: DecayingCount(DELIVERIES_HALF_LIFE_S))
    rejected: DecayingCount = field(default_factory=lambda: DecayingCount(FAULTS_HALF_LIFE_S))
    manners: DecayingCount = field(default_factory=lambda: DecayingCount(FAULTS_HALF_LIFE_S))
    is_graylisted: bool = False

    def score(self, now_s: float) -> float:
        """Weigh the counts."""
        excess = max(0.0, self.manners.now(now_s) - MANNERS_FREE)
        rejected = self.rejected.now(now_s)
        return self.deliveries.now(now_s) - REJECTED_WEIGHT * rejected**2 - excess**2


class ScoreBook:
    """Remember the conduct of peers, also of those that left, in bounded memory."""

    def __init__(self) -> None:
        self._conduct: dict[str, Conduct] = {}

    def delivered(self, peer: str, now_s: float) -> None:
        """Credit the first delivery of a message that was accepted."""
        self._of(peer).deliveries.add(1.0, now_s, DELIVERIES_LIMIT)

    def rejected(self, peer: str, now_s: float) -> None:
        """Debit a message that no honest peer sends."""
        self._of(peer).rejected.add(1.0, now_s)

    def breached(self, peer: str, now_s: float, times: float = 1.0) -> None:
        """Debit a breach of protocol manners."""
        self._of(peer).manners.add(times, now_s)

    def score(self, peer: str, now_s: float) -> float:
        """Return the score; 0 for a stranger."""
        conduct = self._conduct.get(peer)
        return conduct.score(now_s) if conduct else 0.0

    def scores(self, now_s: float) -> dict[str, float]:
        """Return every score that is remembered."""
        return {peer: conduct.score(now_s) for peer, conduct in self._conduct.items()}

    def is_graylisted(self, peer: str, now_s: float) -> bool:
        """Say whether a peer is to stay away: once below the threshold, until pardoned."""
        conduct = self._conduct.get(peer)
        if conduct is None:
            return False
        limit = PARDON_THRESHOLD if conduct.is_graylisted else GRAYLIST_THRESHOLD
        conduct.is_graylisted = conduct.score(now_s) < limit
        return conduct.is_graylisted

    def _of(self, peer: str) -> Conduct:
        if peer not in self._conduct and len(self._conduct) >= REMEMBERED_LIMIT:
            # Identities are free: strangers push each other out, oldest first.
            del self._conduct[next(iter(self._conduct))]
        return self._conduct.setdefault(peer, Conduct())
