"""Two minutes of what `make soak` does for an hour."""

from __future__ import annotations

import itertools

import pytest

from tests.helpers.attacks import ATTACKS
from tests.helpers.siege import MIB, Phase
from tests.helpers.soak import CALM, Ledger, soak, turns

SECONDS = 120.0
SEED = 7


@pytest.mark.slow
async def test_host__stands_two_minutes_of_attacks_in_random_turns() -> None:
    lines: list[str] = []
    ledger = await soak(SECONDS, SEED, lines.append)
    assert ledger.failures() == [], "\n".join(lines)
    assert ledger.delivered == ledger.sent > 300
    assert lines[-1].split()[0] >= "2.0"


def test_turns__of_a_seed_are_the_same_and_leave_no_attack_out() -> None:
    first, again = (list(itertools.islice(turns(SEED), 60)) for _ in range(2))
    assert first == again
    assert {attack for turn in first for attack in turn.attacks} == {*ATTACKS, CALM}
    assert first != list(itertools.islice(turns(SEED + 1), 60))


def test_ledger__fails_for_a_lost_a_late_message_a_lost_friend_and_growth() -> None:
    ledger = Ledger()
    figures = {"rss_bytes": 100 * MIB, "connected": ["a"]}
    good = Phase(sent=2, late_ms=[1.0, 2.0], rss_peak_bytes=100 * MIB, after=figures)
    ledger.add(good, {"a"})
    assert ledger.failures() == []
    lost = Phase(sent=2, late_ms=[5000.0], after={"rss_bytes": 400 * MIB, "connected": []})
    ledger.add(lost, {"a"})
    assert ledger.failures() == [
        "1 honest messages lost",
        "an honest message took 5000 ms",
        "an honest peer was parted with in 1 turns",
        "memory grew by 300 MiB",
    ]
