"""Proofs are measured against the deadline of the slot after their block's, once each."""

import pytest

from zkattest.machines.slot_clock import SlotClock
from zkattest.node.arrivals import _MAX_KEPT, ProofArrivals
from zkattest.telemetry import Measure
from zkattest.types.ids import BlockHash, Slot

CLOCK = SlotClock(genesis_time_ms=1_000, slot_ms=12_000)
DUE_MS = 1_000 + 6 * 12_000 + 4_000


def block(number):
    return BlockHash(number.to_bytes(32, "big"))


class Durations:
    def __init__(self):
        self.seen = []

    def observe_ms(self, measure, value_ms, label=""):
        self.seen.append((measure, value_ms, label))


@pytest.fixture
def arrivals():
    return ProofArrivals(CLOCK, Durations())


def measured(arrivals):
    return arrivals._observer.seen


@pytest.mark.parametrize("late_ms", [-9_000, 0, 250])
def test_arrival__measured_after_its_block(arrivals, late_ms):
    arrivals.block_judged(block(1), Slot(5))
    arrivals.proof_arrived(block(1), DUE_MS + late_ms)
    assert measured(arrivals) == [(Measure.PROOF_AFTER_DEADLINE_MS, late_ms, "")]


def test_arrival__measured_when_its_block_comes_later(arrivals):
    arrivals.proof_arrived(block(1), DUE_MS - 3)
    assert measured(arrivals) == []
    arrivals.block_judged(block(1), Slot(5))
    assert measured(arrivals) == [(Measure.PROOF_AFTER_DEADLINE_MS, -3, "")]


def test_arrival__measured_for_the_first_proof_only(arrivals):
    arrivals.proof_arrived(block(1), DUE_MS - 3)
    arrivals.proof_arrived(block(1), DUE_MS + 3)
    arrivals.block_judged(block(1), Slot(5))
    arrivals.proof_arrived(block(1), DUE_MS + 9)
    arrivals.block_judged(block(1), Slot(5))
    assert [late_ms for _, late_ms, _ in measured(arrivals)] == [-3]


def test_arrivals__bounded_whatever_hashes_are_named(arrivals):
    for number in range(3 * _MAX_KEPT):
        arrivals.proof_arrived(block(number), DUE_MS)
        arrivals.block_judged(block(10**6 + number), Slot(5))
    tables = (arrivals._waiting, arrivals._slots, arrivals._measured)
    assert [len(table) for table in tables] == [_MAX_KEPT, _MAX_KEPT, 0]
