"""Shares of the processor."""

import pytest

from zkattest.net.fairness import LONGEST_PAUSE_S, WorkMeter


def rate(meter: WorkMeter, peer: str, work_s: float, *, is_friend: bool = False) -> float:
    """Let a peer cause work as fast as it may for 30 s; return the share that it gets."""
    now_s = worked_s = 0.0
    while now_s < 30.0:
        pause_s = meter.spend(peer, work_s, now_s, is_friend=is_friend)
        now_s += work_s + pause_s
        worked_s += work_s
    return worked_s / now_s


def test_stranger__that_floods_gets_a_quarter() -> None:
    assert rate(WorkMeter(), "a", 0.02) == pytest.approx(0.25, abs=0.05)


def test_friend__may_do_three_times_as_much() -> None:
    assert rate(WorkMeter(), "a", 0.02, is_friend=True) == pytest.approx(0.75, abs=0.05)


def test_peer__that_causes_little_work_never_waits() -> None:
    meter = WorkMeter()
    for step in range(1000):
        now_s = step * 0.1
        for attacker in "abcdefgh":
            meter.spend(attacker, 0.05, now_s, is_friend=False)
        assert meter.spend("honest", 0.001, now_s, is_friend=False) == 0.0


def test_strangers__share_what_strangers_get() -> None:
    meter = WorkMeter()
    due_s = dict.fromkeys("abcdefghij", 0.0)
    now_s = worked_s = 0.0
    while now_s < 60.0:
        peer = min(due_s, key=lambda each: due_s[each])
        now_s = max(now_s, due_s[peer])
        pause_s = meter.spend(peer, 0.005, now_s, is_friend=False)
        now_s += 0.005
        worked_s += 0.005
        due_s[peer] = now_s + pause_s
    assert worked_s / now_s == pytest.approx(0.3, abs=0.08)


def test_pause__is_bounded_and_ends() -> None:
    meter = WorkMeter()
    assert meter.spend("a", 60.0, 0.0, is_friend=False) == LONGEST_PAUSE_S
    assert meter.spend("a", 0.0, 20.0, is_friend=False) == 0.0
    meter.spend("b", 60.0, 0.0, is_friend=False)
    meter.forget("b")
    assert meter.spend("b", 0.0, 0.0, is_friend=False) == 0.0
