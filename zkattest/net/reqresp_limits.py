"""
Decide when requests of peers are served: token buckets and slots, without I/O or a clock.

A peer that asks too much is answered later, never with an error and never by closing its stream,
as the specification of the requests has it. What it may have open at once is two requests of each
protocol; a third one is a breach of manners. Our budget for big answers is shared by all peers.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from zkattest.net.reqresp_protocols import MAX_CONCURRENT_REQUESTS, ProtocolName

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Quota:
    """Allow `burst` at once, and that much again every `period_s`."""

    burst: float
    period_s: float


_DEFAULT_QUOTAS: Final = MappingProxyType(
    {
        ProtocolName.STATUS: Quota(5, 15.0),
        ProtocolName.GOODBYE: Quota(1, 10.0),
        ProtocolName.PING: Quota(4, 10.0),
        ProtocolName.METADATA: Quota(4, 10.0),
        ProtocolName.PROOF_STATUS: Quota(5, 15.0),
        ProtocolName.PROOFS_BY_RANGE: Quota(4, 10.0),
        ProtocolName.PROOFS_BY_ROOT: Quota(8, 10.0),
    }
)


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """
    Hold the numbers of requests and responses; times in seconds.

    `first_byte_timeout_s` and `response_timeout_s` are the specification's former TTFB_TIMEOUT
    and RESP_TIMEOUT: how long we wait for the first byte of a response, and for each chunk.
    `most_chunks_at_once` bounds the memory of answers, over all peers.
    """

    first_byte_timeout_s: float = 5.0
    response_timeout_s: float = 10.0
    request_timeout_s: float = 5.0
    quotas: Mapping[ProtocolName, Quota] = field(default_factory=lambda: _DEFAULT_QUOTAS)
    peer_bytes: Quota = Quota(16.0 * MIB, 8.0)
    total_bytes: Quota = Quota(64.0 * MIB, 8.0)
    longest_delay_s: float = 30.0
    most_chunks_at_once: int = 8
    remembered_peers: int = 1024


class TokenBucket:
    """Spread a cost over time: what exceeds the burst is paid for by waiting."""

    __slots__ = ("_at_s", "_quota", "_tokens")

    def __init__(self, quota: Quota, now_s: float) -> None:
        """Begin full."""
        self._quota = quota
        self._tokens = quota.burst
        self._at_s = now_s

    def reserve(self, cost: float, now_s: float) -> float:
        """Take `cost` and return for how many seconds whoever took it has to wait."""
        self._fill(now_s)
        self._tokens -= cost
        return max(0.0, -self._tokens * self._quota.period_s / self._quota.burst)

    def take(self, cost: float, now_s: float) -> bool:
        """Take `cost` if it is there; False, and nothing is taken, when it is not."""
        self._fill(now_s)
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True

    def _fill(self, now_s: float) -> None:
        rate = self._quota.burst / self._quota.period_s
        self._tokens = min(self._quota.burst, self._tokens + (now_s - self._at_s) * rate)
        self._at_s = now_s


@dataclass(slots=True)
class _PeerBudget:
    """Hold the buckets of one peer."""

    requests: dict[ProtocolName, TokenBucket]
    bytes_out: TokenBucket


class RequestLimits:
    """Keep the budgets of peers, in bounded memory; those that left are kept for a while."""

    def __init__(self, settings: RequestSettings, now_s: float) -> None:
        """Begin with full buckets."""
        self._settings = settings
        self._total = TokenBucket(settings.total_bytes, now_s)
        self._peers: OrderedDict[str, _PeerBudget] = OrderedDict()
        self._open: Counter[tuple[str, str]] = Counter()

    def enter(self, peer: str, protocol_id: str) -> bool:
        """Open a request; False when the peer has as many of its kind open as it may."""
        if self._open[peer, protocol_id] >= MAX_CONCURRENT_REQUESTS:
            return False
        self._open[peer, protocol_id] += 1
        return True

    def leave(self, peer: str, protocol_id: str) -> None:
        """Close a request that was opened."""
        self._open[peer, protocol_id] -= 1
        if not self._open[peer, protocol_id]:
            del self._open[peer, protocol_id]

    def request_delay_s(self, peer: str, name: ProtocolName, now_s: float) -> float:
        """Count a request and return for how long its answer is withheld."""
        return self._capped(self._budget(peer, now_s).requests[name].reserve(1, now_s))

    def chunk_delay_s(self, peer: str, size_bytes: int, now_s: float) -> float:
        """Count a chunk of an answer and return for how long it is withheld."""
        own_s = self._budget(peer, now_s).bytes_out.reserve(size_bytes, now_s)
        return self._capped(max(own_s, self._total.reserve(size_bytes, now_s)))

    @property
    def open_requests(self) -> int:
        """Count the requests that are being served."""
        return sum(self._open.values())

    def _capped(self, delay_s: float) -> float:
        return min(delay_s, self._settings.longest_delay_s)

    def _budget(self, peer: str, now_s: float) -> _PeerBudget:
        budget = self._peers.get(peer)
        if budget is None:
            quotas = self._settings.quotas.items()
            budget = _PeerBudget(
                {name: TokenBucket(quota, now_s) for name, quota in quotas},
                TokenBucket(self._settings.peer_bytes, now_s),
            )
            self._peers[peer] = budget
            if len(self._peers) > self._settings.remembered_peers:
                self._peers.popitem(last=False)
        self._peers.move_to_end(peer)
        return budget
