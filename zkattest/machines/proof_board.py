"""
Remember which proofs of payload requests have come, are waited for, or will not come.

Who asks late is told what happened before (catch-up); a proof that is not there in time is a
failure, until it comes after all. Time comes in as an argument; everything is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from zkattest.types.ids import ProofType, Root
from zkattest.types.verification import EngineEvent, FailureReason, ProofComplete, ProofFailure


@dataclass(frozen=True, slots=True)
class BoardLimits:
    """Bound what callers can make us remember."""

    # Payload requests that something is known of; beyond it those longest unheard of go.
    requests: int = 1_024
    # Proofs that are waited for, over all requests.
    expected: int = 4_096


@dataclass(slots=True)
class _Request:
    """Hold the last word about each type of one payload request."""

    events: dict[ProofType, EngineEvent] = field(default_factory=dict)
    until_ms: dict[ProofType, int] = field(default_factory=dict)


@dataclass(slots=True)
class ProofBoard:
    """Keep the last word about every proof, and say what is new."""

    limits: BoardLimits = field(default_factory=BoardLimits)
    _requests: OrderedDict[Root, _Request] = field(default_factory=OrderedDict)
    _expected: int = 0

    def expect(self, root: Root, proof_types: Iterable[ProofType], until_ms: int) -> bool:
        """Wait for proofs until a time; False, and no change, where too many are waited for."""
        known = self._requests.get(root)
        wanted = {
            kind
            for kind in proof_types
            if known is None or not isinstance(known.events.get(kind), ProofComplete)
        }
        waited_for = known.until_ms if known else {}
        if self._expected + len(wanted - set(waited_for)) > self.limits.expected:
            return False
        if known is None and not self._has_room():
            return False
        request = self._touch(root)
        for kind in wanted:
            self._expected += kind not in request.until_ms
            request.until_ms[kind] = until_ms
            request.events.pop(kind, None)
        return True

    def complete(self, root: Root, proof_type: ProofType) -> EngineEvent | None:
        """Note that a valid proof is there; the event, where that is news."""
        event = ProofComplete(root, proof_type)
        if root not in self._requests and not self._has_room():
            # It is told to who listens now, and not remembered for who comes later.
            return event
        request = self._touch(root)
        self._stop_waiting(request, proof_type)
        is_news = request.events.get(proof_type) != event
        request.events[proof_type] = event
        return event if is_news else None

    def withdraw(self, root: Root, proof_type: ProofType, error: str) -> EngineEvent | None:
        """Note that a proof counts no longer; the event, where it did."""
        request = self._requests.get(root)
        if request is None or not isinstance(request.events.get(proof_type), ProofComplete):
            return None
        event = ProofFailure(root, proof_type, FailureReason.PROVING_ERROR, error)
        request.events[proof_type] = event
        return event

    def expire(self, now_ms: int) -> list[EngineEvent]:
        """Give up on what was not there in time."""
        failures: list[EngineEvent] = []
        for root, request in self._requests.items():
            for kind in [kind for kind, until in request.until_ms.items() if until <= now_ms]:
                self._stop_waiting(request, kind)
                failure = ProofFailure(
                    root, kind, FailureReason.PROVING_TIMEOUT, "no proof came in time"
                )
                request.events[kind] = failure
                failures.append(failure)
        return failures

    def catch_up(self, root: Root | None) -> tuple[EngineEvent, ...]:
        """Return the last word about each proof of a payload request, or of all of them."""
        if root is None:
            return tuple(e for request in self._requests.values() for e in request.events.values())
        request = self._requests.get(root)
        return tuple(request.events.values()) if request else ()

    def next_expiry_ms(self) -> int | None:
        """Say when `expire` has something to do, None where nothing is waited for."""
        times = [until for one in self._requests.values() for until in one.until_ms.values()]
        return min(times, default=None)

    @property
    def expected(self) -> int:
        """Count the proofs that are waited for."""
        return self._expected

    def _touch(self, root: Root) -> _Request:
        """Find a request, or make one where there is room; it is the last that was heard of."""
        request = self._requests.setdefault(root, _Request())
        self._requests.move_to_end(root)
        return request

    def _has_room(self) -> bool:
        """Make room for one more request; False where all that are there are waited for."""
        if len(self._requests) < self.limits.requests:
            return True
        idle = next((root for root, one in self._requests.items() if not one.until_ms), None)
        if idle is None:
            return False
        del self._requests[idle]
        return True

    def _stop_waiting(self, request: _Request, proof_type: ProofType) -> None:
        if request.until_ms.pop(proof_type, None) is not None:
            self._expected -= 1
