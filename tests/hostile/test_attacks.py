"""
Attacks on a host by peers in a process of their own, while two honest peers talk through it.

In each: the host goes on, everything honest arrives in time, memory stays bounded, honest peers
stay connected with a good name, and what became of the attackers is what was meant to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import trio

from tests.helpers.attacks import ATTACKS
from tests.helpers.siege import Phase, Siege
from zkattest.net import GossipSettings
from zkattest.net.muxer import MOST_STREAMS

LIMIT_S = 240
ATTACK_S = 1.6
# Time-outs have to run out.
LONG_ATTACK_S = 2.8
# A proof has a third of a slot.
MOST_LATE_MS = 4_000
MOST_GROWTH_MIB = 64
# Of the victim's own work: how busy the machine is otherwise is not what is tested.
MOST_LAG_MS = 1_000
# Descriptors and tasks that may be about to end.
SLACK = 4
# Of one address; each connection has up to 16 streams, and some tasks of its own.
MOST_CONNECTIONS = GossipSettings().most_connections_per_address
MOST_TASKS = MOST_CONNECTIONS * (MOST_STREAMS + 8)
# Those that are just being refused among them.
MOST_DESCRIPTORS = MOST_CONNECTIONS + 20
QUICK: dict[str, float] = {
    "dial_timeout_s": 0.8,
    "frame_timeout_s": 0.8,
    "keepalive_s": 0.8,
    "stall_s": 0.8,
    "connections_burst": 200,
    "connections_per_s": 100.0,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """Say what has to have happened to the attackers, by the victim's counters."""

    all_of: tuple[str, ...]
    settings: dict[str, float] = field(default_factory=dict)
    growth_mib: float = MOST_GROWTH_MIB


EXPECTED: dict[str, Expected] = {
    "malformed_frames": Expected(("malformed",)),
    "protobuf_bombs": Expected(("graylisted",)),
    "snappy_bombs": Expected(("graylisted", "reject"), growth_mib=96),
    "empty_frames": Expected(("slowed_down",)),
    "half_open_streams": Expected(("connection_lost", "malformed")),
    "slow_loris_tcp": Expected(("connection_lost", "connection_refused"), QUICK),
    "slow_loris_noise": Expected(("connection_lost", "connection_refused"), QUICK),
    "slow_loris_yamux": Expected(("connection_lost", "connection_refused"), QUICK),
    "slow_loris_multiselect": Expected(("connection_lost",), QUICK),
    "slow_loris_rpc": Expected(("unfinished",), QUICK, growth_mib=96),
    "never_reads": Expected(("connection_lost",), QUICK),
    "flood_ihave": Expected(("graylisted", "too_many_ids")),
    "flood_idontwant": Expected(("graylisted", "too_many_ids")),
    "flood_graft": Expected(("graylisted",)),
    "flood_subscriptions": Expected(("graylisted", "rejoined")),
    "flood_iwant": Expected(("graylisted", "too_many_ids")),
    "flood_yamux": Expected(("malformed", "connection_lost")),
    "flood_negotiations": Expected(("malformed", "connection_lost")),
    "changed_bytes": Expected(("graylisted", "reject")),
    "replay": Expected(("ignore", "overload")),
    "eclipse": Expected(("connection_refused",)),
    "churn": Expected(("connection_refused", "connection_lost")),
    "big_keys": Expected(("connection_lost", "connection_refused")),
    "frozen": Expected(("connection_lost",), QUICK),
}


def check(attack: str, under: Phase, siege: Siege) -> None:
    """Hold what holds for every attack."""
    assert under.attacker.get("connections", 0) > 0, "nobody attacked"
    assert under.delivered_percent == 100.0
    assert max(under.late_ms) < MOST_LATE_MS
    assert under.lag_worked_ms < MOST_LAG_MS
    assert under.growth_mib < EXPECTED[attack].growth_mib
    assert under.during["tasks"] < under.before["tasks"] + MOST_TASKS
    assert under.during["descriptors"] < under.before["descriptors"] + MOST_DESCRIPTORS
    assert siege.friends <= set(under.during["connected"])
    assert siege.friends <= set(under.during["mesh"]["proofs"])
    scores = under.after["scores"]
    assert scores[siege.sender.peer_id] > 0
    assert scores[siege.receiver.peer_id] >= 0
    assert under.happened("connection_failed") == 0
    for counter in EXPECTED[attack].all_of:
        assert under.happened(counter) > 0, counter


@pytest.mark.parametrize("attack", ATTACKS)
async def test_host__under_attack_serves_its_honest_peers(attack: str) -> None:
    with trio.fail_after(LIMIT_S):
        async with Siege.open(EXPECTED[attack].settings, attack) as siege:
            seconds = LONG_ATTACK_S if EXPECTED[attack].settings else ATTACK_S
            under = await siege.measure(seconds, attack, until=EXPECTED[attack].all_of)
            check(attack, under, siege)
            before = under.before
            await siege.settle(before["descriptors"] + SLACK, before["tasks"] + SLACK)


def test_attacks__are_all_expected() -> None:
    assert set(EXPECTED) == set(ATTACKS)
