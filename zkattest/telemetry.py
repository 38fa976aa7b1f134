"""
What a running node tells: counts, durations and log lines, behind one protocol.

May import the layers below and nothing that opens a socket or a file: the caller serves or prints.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

BUCKETS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 4_000, 8_000)


class Measure(StrEnum):
    """Name everything that is counted or timed; the unit is in the name."""

    GOSSIP_VERDICTS = "gossip_verdicts"
    BLOCKS_CHECKED = "blocks_checked"
    PROOFS_VERIFIED = "proofs_verified"
    DECISIONS = "decisions"
    STATIC_CHECK_MS = "static_check_ms"
    PROOF_VERIFY_MS = "proof_verify_ms"
    PROOF_ARRIVAL_MS = "proof_arrival_ms"


class Observer(Protocol):
    """Receive what happens; never raise, never block."""

    def count(self, measure: Measure, outcome: str) -> None:
        """Count one outcome (a verdict, a reason word, a decision)."""

    def observe_ms(self, measure: Measure, value_ms: float) -> None:
        """Record one duration in milliseconds."""

    def event(self, name: str, **fields: object) -> None:
        """Log one event with its operands."""


class NullObserver:
    """Ignore everything; the default wherever an observer is taken."""

    def count(self, measure: Measure, outcome: str) -> None:
        """Ignore a count."""

    def observe_ms(self, measure: Measure, value_ms: float) -> None:
        """Ignore a duration."""

    def event(self, name: str, **fields: object) -> None:
        """Ignore an event."""


class NodeObserver:
    """Keep Prometheus metrics in a registry of its own and log through structlog."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger | None = None) -> None:
        self._registry = CollectorRegistry()
        self._logger = logger if logger is not None else structlog.get_logger("zkattest")
        self._counters = {
            measure: Counter(
                f"zkattest_{measure}", words(measure), ["outcome"], registry=self._registry
            )
            for measure in Measure
            if not measure.endswith("_ms")
        }
        self._histograms = {
            measure: Histogram(
                f"zkattest_{measure}", words(measure), buckets=BUCKETS_MS, registry=self._registry
            )
            for measure in Measure
            if measure.endswith("_ms")
        }

    def count(self, measure: Measure, outcome: str) -> None:
        """Count one outcome under its label."""
        self._counters[measure].labels(outcome=outcome).inc()

    def observe_ms(self, measure: Measure, value_ms: float) -> None:
        """Put one duration into its histogram."""
        self._histograms[measure].observe(value_ms)

    def event(self, name: str, **fields: object) -> None:
        """Log one event; bytes are written as 0x-hex."""
        self._logger.info(name, **{key: readable(value) for key, value in fields.items()})

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)


def words(measure: Measure) -> str:
    """Turn a measure's name into a phrase."""
    return measure.replace("_", " ")


def readable(value: object) -> object:
    """Write bytes as 0x-hex and leave everything else to the log renderer."""
    return "0x" + value.hex() if isinstance(value, bytes) else value
