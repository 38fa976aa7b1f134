"""Events of an engine: catch-up, readers that are slow, readers that are too many."""

import pytest

from zkattest.node import engine_events
from zkattest.node.engine_events import EngineEvents, TooManyReaders
from zkattest.types.ids import ProofType, Root
from zkattest.types.verification import FailureReason, ProofComplete, ProofFailure

ROOT, OTHER, ONE = Root(b"\1" * 32), Root(b"\2" * 32), ProofType(1)


async def test_reader__hears_of_its_root_alone():
    events = EngineEvents()
    events.complete(ROOT, ONE)
    async with events.subscribe(ROOT) as mine, events.subscribe(None) as every:
        events.complete(OTHER, ONE)
        events.complete(ROOT, ONE)
        events.withdraw(ROOT, ONE, "revoked")
        failure = ProofFailure(ROOT, ONE, FailureReason.PROVING_ERROR, "revoked")
        assert [await anext(mine), await anext(mine)] == [ProofComplete(ROOT, ONE), failure]
        heard = [await anext(every) for _ in range(3)]
        assert heard == [ProofComplete(ROOT, ONE), ProofComplete(OTHER, ONE), failure]


async def test_reader__closed_when_it_falls_behind():
    events = EngineEvents()
    async with events.subscribe(None) as slow:
        for number in range(300):
            events.complete(Root(number.to_bytes(32, "big")), ONE)
        heard = [event async for event in slow]
        assert len(heard) == 256


async def test_readers__refused_beyond_their_number(monkeypatch):
    monkeypatch.setattr(engine_events, "MAX_READERS", 1)
    events = EngineEvents()
    async with events.subscribe(ROOT):
        with pytest.raises(TooManyReaders):
            async with events.subscribe(ROOT):
                pytest.fail("there is one reader too many")
    async with events.subscribe(ROOT):
        events.complete(ROOT, ONE)


async def test_wait__ends_with_something_new_or_its_time(autojump_clock):
    events = EngineEvents()
    await events.wait_for_change(5_000)
    assert events.expect(ROOT, [ONE], 10)
    events.expire(10)
    assert events.board.catch_up(ROOT) == (
        ProofFailure(ROOT, ONE, FailureReason.PROVING_TIMEOUT, "no proof came in time"),
    )
