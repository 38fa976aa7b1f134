"""
What a running node tells: counts, durations and log lines, behind one protocol.

May import the layers below and nothing that opens a socket or a file: the caller serves or prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from zkattest.types.gossip import Verdict

BUCKETS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 4_000, 8_000)
# Around a deadline: what is negative came in time, and what is close to zero is worth a look.
DEADLINE_BUCKETS_MS: Final = (
    -16_000, -8_000, -4_000, -2_000, -1_000, -500, -200, -100, -50, 0,
    50, 100, 200, 500, 1_000, 2_000, 4_000, 8_000, 16_000,
)  # fmt: skip
LAG_BUCKETS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 4_000)


class Measure(StrEnum):
    """Name everything that is counted or timed; the unit is in the name."""

    GOSSIP_VERDICTS = "gossip_verdicts"
    BLOCKS_CHECKED = "blocks_checked"
    PROOFS_VERIFIED = "proofs_verified"
    OWN_PROOFS = "own_proofs"
    DECISIONS = "decisions"
    LOG_LINES_LEFT_OUT = "log_lines_left_out"
    ENGINE_VERDICTS = "engine_verdicts"
    REGISTRY_UPDATES = "registry_updates"
    PROOFS_LOST = "proofs_lost"
    STATIC_CHECK_MS = "static_check_ms"
    PROOF_VERIFY_MS = "proof_verify_ms"
    PROOF_AFTER_DEADLINE_MS = "proof_after_deadline_ms"
    OWN_PROOF_PUBLISHED_MS = "own_proof_published_ms"
    EVENT_LOOP_LAG_MS = "event_loop_lag_ms"


@dataclass(frozen=True, slots=True)
class Shape:
    """Say what a measure means, what its label is and, of a duration, where its buckets end."""

    meaning: str
    label: str | None = None
    buckets_ms: tuple[int, ...] = ()


SHAPES: Final[Mapping[Measure, Shape]] = MappingProxyType(
    {
        Measure.GOSSIP_VERDICTS: Shape(
            "Gossip messages by verdict; a refusal counts under its reason", "outcome"
        ),
        Measure.BLOCKS_CHECKED: Shape("Blocks by status; a refusal by its reason", "outcome"),
        Measure.PROOFS_VERIFIED: Shape("Proofs by verdict; a refusal by its reason", "outcome"),
        Measure.OWN_PROOFS: Shape(
            "Proofs handed in to be published, by what became of them at each try", "outcome"
        ),
        Measure.DECISIONS: Shape("Decisions of the attester, slot by slot", "outcome"),
        Measure.LOG_LINES_LEFT_OUT: Shape(
            "Log lines that were left out because their like came too often", "outcome"
        ),
        Measure.ENGINE_VERDICTS: Shape(
            "Answers of the proof engine; a refusal by its reason, no answer by its cause",
            "outcome",
        ),
        Measure.REGISTRY_UPDATES: Shape("New registry files, loaded or refused", "outcome"),
        Measure.PROOFS_LOST: Shape(
            "Blocks that a change of the registry took the proof from, by the program", "outcome"
        ),
        Measure.STATIC_CHECK_MS: Shape("Static checks of valid blocks", None, BUCKETS_MS),
        Measure.PROOF_VERIFY_MS: Shape("Verifications of proofs", "system", BUCKETS_MS),
        Measure.PROOF_AFTER_DEADLINE_MS: Shape(
            "Arrival of good proofs against the deadline that needs them; negative is in time",
            None,
            DEADLINE_BUCKETS_MS,
        ),
        Measure.OWN_PROOF_PUBLISHED_MS: Shape(
            "From handing a proof in to its publication", None, BUCKETS_MS
        ),
        Measure.EVENT_LOOP_LAG_MS: Shape(
            "How much later than asked for the event loop came back", None, LAG_BUCKETS_MS
        ),
    }
)


class Observer(Protocol):
    """Receive what happens; never raise, never block."""

    def count(self, measure: Measure, outcome: str) -> None:
        """Count one outcome (a verdict, a reason word, a decision)."""

    def observe_ms(self, measure: Measure, value_ms: float, label: str = "") -> None:
        """Record one duration in milliseconds, under a label where the measure has one."""

    def event(self, name: str, **fields: object) -> None:
        """Log one event with its operands."""


class NullObserver:
    """Ignore everything; the default wherever an observer is taken."""

    def count(self, measure: Measure, outcome: str) -> None:
        """Ignore a count."""

    def observe_ms(self, measure: Measure, value_ms: float, label: str = "") -> None:
        """Ignore a duration."""

    def event(self, name: str, **fields: object) -> None:
        """Ignore an event."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold one number that stands at the moment of asking, or that somebody else counts."""

    name: str
    meaning: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    is_counter: bool = False


class NodeObserver:
    """Keep Prometheus metrics in a registry of its own and log through structlog."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger | None = None) -> None:
        self.registry = CollectorRegistry()
        self._logger = logger if logger is not None else structlog.get_logger("zkattest")
        self._counters: dict[Measure, Counter] = {}
        self._histograms: dict[Measure, Histogram] = {}
        for measure, shape in SHAPES.items():
            name, labels = f"zkattest_{measure}", [shape.label] if shape.label else []
            if shape.buckets_ms:
                self._histograms[measure] = Histogram(
                    name, shape.meaning, labels, buckets=shape.buckets_ms, registry=self.registry
                )
            else:
                self._counters[measure] = Counter(
                    name, shape.meaning, labels, registry=self.registry
                )

    def count(self, measure: Measure, outcome: str) -> None:
        """Count one outcome under its label."""
        self._counters[measure].labels(outcome).inc()

    def observe_ms(self, measure: Measure, value_ms: float, label: str = "") -> None:
        """Put one duration into its histogram."""
        histogram = self._histograms[measure]
        (histogram.labels(label) if SHAPES[measure].label else histogram).observe(value_ms)

    def event(self, name: str, **fields: object) -> None:
        """Log one event at the level of its kind; bytes are written as 0x-hex."""
        shown = {key: readable(value) for key, value in fields.items()}
        getattr(self._logger, level_of(name, fields))(name, **shown)

    def add_readings(self, source: Callable[[], Iterable[Reading]]) -> None:
        """Take numbers from `source` whenever somebody asks for all metrics."""
        self.registry.register(_Readings(source))

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class _Readings:
    """Turn readings into families of metrics; readings of one name stand together."""

    def __init__(self, source: Callable[[], Iterable[Reading]]) -> None:
        self._source = source

    def describe(self) -> list[Metric]:
        """Name nothing in advance: nobody is asked before there is a node."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask the source."""
        families: dict[str, Metric] = {}
        for reading in self._source():
            kind = CounterMetricFamily if reading.is_counter else GaugeMetricFamily
            family = families.setdefault(
                reading.name,
                kind(f"zkattest_{reading.name}", reading.meaning, labels=list(reading.labels)),
            )
            family.add_metric(list(reading.labels.values()), reading.value)  # type: ignore[attr-defined]
        yield from families.values()


_WARNINGS: Final = frozenset(
    {
        "clock_jumped",
        "evidence_not_kept",
        "evidence_torn",
        "finality_in_future",
        "guard_not_pruned",
        "http_is_open",
        "not_drained",
        "own_proofs_not_published",
        "policy_names_unknown_program",
        "program_not_usable",
        "signer_is_open",
        "state_not_kept",
    }
)
# What an operator has to act upon.
_ERRORS: Final = frozenset({"policy_cannot_be_met", "proof_lost", "registry_refused"})


def level_of(name: str, fields: Mapping[str, object]) -> str:
    """Name the level of an event: what happens with every message is for those who look closely."""
    if name in _ERRORS:
        return "error"
    if name in _WARNINGS:
        return "warning"
    if name == "gossip_verdict" and fields.get("verdict") is not Verdict.REJECT:
        return "debug"
    return "info"


def readable(value: object) -> object:
    """Write bytes as 0x-hex and leave everything else to the log renderer."""
    return "0x" + value.hex() if isinstance(value, bytes) else value
