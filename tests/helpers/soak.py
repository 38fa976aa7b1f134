"""
Attack one host in random turns: `python -m tests.helpers.soak [--minutes 60] [--seed 1]`.

Honest peers talk through the host all the time. Each turn is one or two attacks from addresses of
their own, or none; the seed gives the same turns. Prints a line a minute and ends with 1 when an
honest message is lost or late, an honest peer is parted with, or memory keeps growing.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import trio

from tests.helpers.attacks import ATTACKS
from tests.helpers.siege import MIB, Phase, Siege

TURN_S = 6.0
REPORT_S = 60.0
MOST_LATE_MS = 4_000.0
# What a host may take beyond what it had after the first turns; all its bounded memories included.
MOST_GROWTH_MIB = 160.0
WARM_TURNS = 3
CALM = "calm"


@dataclass(frozen=True, slots=True)
class Turn:
    """Name what happens for a few seconds."""

    attacks: tuple[str, ...]
    sources: tuple[str, ...]


def turns(seed: int) -> Iterator[Turn]:
    """Yield turns without end; each attack comes once before any comes twice."""
    rng = random.Random(seed)
    deck: list[str] = []
    while True:
        count = min(rng.choice([1, 1, 1, 2]), 2)
        attacks = []
        for _ in range(count):
            if not deck:
                deck = [*ATTACKS, CALM]
                rng.shuffle(deck)
            attacks.append(deck.pop())
        sources = [f"127.{rng.randrange(1, 255)}.{rng.randrange(256)}.9" for _ in attacks]
        yield Turn(tuple(attacks), tuple(sources))


@dataclass(slots=True)
class Ledger:
    """Sum up what honest peers and the victim went through."""

    sent: int = 0
    delivered: int = 0
    turns: int = 0
    worst_ms: float = 0.0
    late_ms: list[float] = field(default_factory=list)
    warm_bytes: int = 0
    rss_bytes: int = 0
    parted: int = 0

    def add(self, phase: Phase, friends: set[str]) -> None:
        """Count one turn."""
        self.turns += 1
        self.sent += phase.sent
        self.delivered += len(phase.late_ms)
        self.late_ms += phase.late_ms
        self.worst_ms = max(self.worst_ms, *phase.late_ms, 0.0)
        self.rss_bytes = phase.after["rss_bytes"]
        self.parted += not friends <= set(phase.after["connected"])
        if self.turns <= WARM_TURNS:
            self.warm_bytes = max(self.warm_bytes, phase.rss_peak_bytes)

    @property
    def growth_mib(self) -> float:
        """Return what the victim holds more than it did when it was warm."""
        return (self.rss_bytes - self.warm_bytes) / MIB

    def failures(self) -> list[str]:
        """Say what went wrong so far."""
        wrong = []
        if self.delivered < self.sent:
            wrong.append(f"{self.sent - self.delivered} honest messages lost")
        if self.worst_ms > MOST_LATE_MS:
            wrong.append(f"an honest message took {self.worst_ms:.0f} ms")
        if self.parted:
            wrong.append(f"an honest peer was parted with in {self.parted} turns")
        if self.growth_mib > MOST_GROWTH_MIB:
            wrong.append(f"memory grew by {self.growth_mib:.0f} MiB")
        return wrong

    def line(self, elapsed_s: float) -> str:
        """Describe the last minute, and all of it."""
        ordered = sorted(self.late_ms) or [0.0]
        p50, p95 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.95))
        self.late_ms = []
        return (
            f"{elapsed_s / 60:5.1f} min  turns {self.turns:4}  honest {self.delivered}/{self.sent}"
            f"  p50 {p50:.0f} ms  p95 {p95:.0f} ms  worst {self.worst_ms:.0f} ms"
            f"  memory {self.rss_bytes / MIB:.0f} MiB ({self.growth_mib:+.0f})"
        )


async def soak(seconds: float, seed: int, say: Callable[[str], None]) -> Ledger:
    """Attack for a while; stop early when something went wrong."""
    ledger, started_s, told_s = Ledger(), time.monotonic(), time.monotonic()
    async with Siege.open() as siege:
        for turn in turns(seed):
            attacks = [each for each in turn.attacks if each != CALM]
            phase = await siege.measure_all(TURN_S, list(zip(attacks, turn.sources, strict=False)))
            ledger.add(phase, siege.friends)
            now_s = time.monotonic()
            if now_s - told_s >= REPORT_S or now_s - started_s >= seconds or ledger.failures():
                say(ledger.line(now_s - started_s))
                told_s = now_s
            if wrong := ledger.failures():
                say(f"failed under {', '.join(turn.attacks)}: {'; '.join(wrong)}")
                return ledger
            if now_s - started_s >= seconds:
                return ledger
    raise AssertionError


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    ledger = trio.run(soak, arguments.minutes * 60, arguments.seed, say)
    sys.exit(1 if ledger.failures() else 0)


if __name__ == "__main__":
    main()
