"""What askers take is counted, and handed out in turn."""

import pytest
import trio

from zkattest.api.guard import (
    RateLimiter,
    RateLimits,
    StreamCount,
    TooBusy,
    WorkBudget,
    WorkLimits,
)


class Hand:
    """A clock that a test turns."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_rate__taken_up_to_the_burst_then_told_when():
    clock = Hand()
    limiter = RateLimiter(RateLimits(per_second=0.5, burst=2), clock)
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 2, 2]
    clock.now_s = 2.0
    assert [limiter.take("a"), limiter.take("a")] == [0, 2]


def test_rate__counted_by_address():
    limiter = RateLimiter(RateLimits(per_second=1, burst=1), Hand())
    assert [limiter.take("a"), limiter.take("b"), limiter.take("a")] == [0, 0, 1]


def test_rate__keeps_a_bounded_table():
    limiter = RateLimiter(RateLimits(per_second=1, burst=1, addresses=2), Hand())
    for name in "abc":
        limiter.take(name)
    assert [limiter.take("c"), limiter.take("a")] == [1, 0]


async def test_bytes__wait_their_turn(autojump_clock):
    budget, order = WorkBudget(WorkLimits(body_bytes=20, waiting=2, wait_ms=1_000)), []
    first = [await budget.take(9, "a"), await budget.take(9, "b")]

    async def take(name, size):
        order.append((name, (await budget.take(size, name)).size_bytes))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take, "big", 9)
        await trio.testing.wait_all_tasks_blocked()
        # It would fit, but whoever waits longest is first.
        nursery.start_soon(take, "small", 1)
        await trio.testing.wait_all_tasks_blocked()
        assert (order, budget.waiting) == ([], 2)
        budget.give_back(first[0])
    assert sorted(order) == [("big", 9), ("small", 1)]
    assert budget.used_bytes == 19


async def test_bytes__one_address_has_half_and_keeps_nobody_waiting(autojump_clock):
    budget = WorkBudget(WorkLimits(body_bytes=20, waiting=2, wait_ms=1_000))
    held = await budget.take(10, "a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(budget.take, 1, "a")
        await trio.testing.wait_all_tasks_blocked()
        assert (await budget.take(10, "b")).size_bytes == 10
        assert budget.waiting == 1
        budget.give_back(held)
    assert budget.used_bytes == 11


async def test_checks__wait_their_turn_and_keep_no_other_work_waiting(autojump_clock):
    budget = WorkBudget(WorkLimits(body_bytes=100, checks=2, waiting=2, wait_ms=1_000))
    held = [await budget.take(1, "a", checks=1), await budget.take(1, "b", checks=1)]
    order = []

    async def take(name):
        order.append((await budget.take(1, name, checks=1)).address)

    async with trio.open_nursery() as nursery:
        for name in "cd":
            nursery.start_soon(take, name)
            await trio.testing.wait_all_tasks_blocked()
        assert (budget.checks, budget.waiting) == (2, 2)
        # Bytes alone are there.
        assert (await budget.take(1, "e")).checks == 0
        for place in held:
            budget.give_back(place)
            await trio.testing.wait_all_tasks_blocked()
    assert order == ["c", "d"]
    assert (budget.checks, budget.used_bytes) == (2, 3)


async def test_checks__one_address_has_half(autojump_clock):
    budget = WorkBudget(WorkLimits(checks=4, waiting=1, wait_ms=1_000))
    held = [await budget.take(1, "a", checks=1) for _ in range(2)]
    with pytest.raises(TooBusy) as caught:
        await budget.take(1, "a", checks=1)
    assert not caught.value.is_full
    assert (await budget.take(1, "b", checks=1)).checks == 1
    for place in held:
        budget.give_back(place)
    assert (budget.checks, budget.used_bytes) == (1, 1)


async def test_bytes__refused_at_once_where_too_many_wait(autojump_clock):
    budget = WorkBudget(WorkLimits(body_bytes=2, waiting=0, wait_ms=1_000))
    await budget.take(1)
    with pytest.raises(TooBusy) as caught:
        await budget.take(1)
    assert caught.value.is_full
    assert (trio.current_time(), budget.waiting) == (0, 0)


async def test_bytes__refused_after_the_wait(autojump_clock):
    budget = WorkBudget(WorkLimits(body_bytes=2, waiting=1, wait_ms=2_000))
    await budget.take(1)
    started_s = trio.current_time()
    with pytest.raises(TooBusy) as caught:
        await budget.take(1)
    assert (caught.value.is_full, caught.value.retry_after_s) == (False, 2)
    assert trio.current_time() - started_s == 2.0
    assert budget.waiting == 0


async def test_bytes__not_lost_when_a_waiter_is_cancelled(autojump_clock):
    budget = WorkBudget(WorkLimits(body_bytes=8, waiting=4))
    held = await budget.take(4)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(budget.take, 4)
            await trio.testing.wait_all_tasks_blocked()
            # Handed out and cancelled in one step.
            scope.cancel()
            budget.give_back(held)
    assert (budget.used_bytes, budget.waiting) == (0, 0)


async def test_bytes__more_than_an_address_may_have_take_all_of_that():
    budget = WorkBudget(WorkLimits(body_bytes=4))
    assert (await budget.take(9)).size_bytes == 2


def test_streams__counted():
    streams = StreamCount(WorkLimits(streams=1))
    streams.take()
    with pytest.raises(TooBusy):
        streams.take()
    streams.give_back()
    streams.take()
    assert streams.open == 1


def test_streams__one_address_has_half():
    streams = StreamCount(WorkLimits(streams=4))
    streams.take("a")
    streams.take("a")
    with pytest.raises(TooBusy):
        streams.take("a")
    streams.take("b")
    streams.give_back("a")
    streams.take("a")
    assert streams.open == 3
