"""The pulse finds a loop that is late and a clock that jumps."""

import trio
import trio.testing

from zkattest.node.vitals import MAX_JUMP_MS, PULSE_MS, WINDOW_MS, ClockGuard, Vitals
from zkattest.telemetry import Measure


class Watcher:
    def __init__(self):
        self.lags_ms, self.events = [], []

    def observe_ms(self, measure, value_ms, label=""):
        assert measure is Measure.EVENT_LOOP_LAG_MS
        self.lags_ms.append(value_ms)

    def event(self, name, **fields):
        self.events.append((name, fields))


class WallClock:
    """Follow trio's clock, with an offset that the test sets."""

    offset_ms = 1_700_000_000_000

    def now_ms(self):
        return self.offset_ms + round(trio.current_time() * 1000)


def test_guard__sane_while_the_clock_runs_or_is_slewed():
    guard = ClockGuard()
    assert guard.is_sane
    for minute in range(10):
        guard.sample(10**12 + minute * (60_000 + 30), minute * 60_000)
        assert guard.is_sane


def test_guard__sane_again_a_minute_after_a_jump():
    guard = ClockGuard()
    guard.sample(10**12, 0)
    guard.sample(10**12 + 1_000 - MAX_JUMP_MS, 1_000)
    assert (guard.is_sane, guard.jump_ms) == (True, MAX_JUMP_MS)
    guard.sample(10**12 + 2_000 - MAX_JUMP_MS - 1, 2_000)
    assert (guard.is_sane, guard.jump_ms) == (False, MAX_JUMP_MS + 1)
    guard.sample(10**12 + WINDOW_MS + 3_000 - MAX_JUMP_MS - 1, WINDOW_MS + 3_000)
    assert guard.is_sane


async def test_vitals__say_once_that_the_clock_jumped(autojump_clock):
    watcher, clock = Watcher(), WallClock()
    vitals = Vitals(watcher, clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(vitals.run)
        await trio.sleep(1.05)
        assert (len(watcher.lags_ms), max(watcher.lags_ms), watcher.events) == (10, 0, [])
        clock.offset_ms -= 2_000
        await trio.sleep(1)
        assert watcher.events == [("clock_jumped", {"jump_ms": 2_000})]
        assert not vitals.guard.is_sane
        await trio.sleep(WINDOW_MS / 1000 + 1)
        assert vitals.guard.is_sane
        assert len(watcher.events) == 1
        nursery.cancel_scope.cancel()


async def test_vitals__measure_a_loop_that_is_held_up(mock_clock):
    watcher = Watcher()
    vitals = Vitals(watcher, WallClock())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(vitals.run)
        await trio.testing.wait_all_tasks_blocked()
        # Somebody computes for 300 ms: when the loop is asked again, the pulse is 200 ms late.
        mock_clock.jump((PULSE_MS + 200) / 1000)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [round(lag_ms) for lag_ms in watcher.lags_ms] == [200]
    assert round(vitals.lag_ms) == 200
