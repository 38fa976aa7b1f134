"""What waits for one peer."""

import trio

from zkattest.net.outbox import Outbox, OutFrame
from zkattest.net.settings import GossipSettings

SETTINGS = GossipSettings(outbox_limit=4, outbox_limit_bytes=100)
UNWANTED = b"unwanted"


def outbox() -> Outbox:
    return Outbox(SETTINGS, lambda message_id: message_id == UNWANTED)


async def test_outbox__sends_control_first_and_together() -> None:
    box = outbox()
    for data, message_id in ((b"m", b"1"), (b"c1", None), (b"c2", None)):
        assert box.put(OutFrame(data, message_id))
    assert [await box.take(), await box.take()] == [b"c1c2", b"m"]


async def test_outbox__skips_a_message_that_became_unwanted() -> None:
    box = outbox()
    box.put(OutFrame(b"no", UNWANTED))
    box.put(OutFrame(b"yes", b"1"))
    assert await box.take() == b"yes"


async def test_outbox__is_full_by_count_and_by_bytes() -> None:
    box = outbox()
    assert box.put(OutFrame(bytes(99), b"1"))
    assert not box.put(OutFrame(bytes(2), b"2"))
    await box.take()
    assert all(box.put(OutFrame(b"", b"3")) for _ in range(4))
    assert not box.put(OutFrame(b"", b"3"))


async def test_outbox__take_waits_for_a_frame(autojump_clock: trio.testing.MockClock) -> None:
    box = outbox()
    taken: list[bytes] = []

    async def take() -> None:
        taken.append(await box.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == []
        box.put(OutFrame(b"late", None))
    assert taken == [b"late"]


async def test_outbox__is_idle_when_the_last_frame_is_sent() -> None:
    box = outbox()
    box.put(OutFrame(b"m", b"1"))
    idle: list[bool] = []

    async def wait() -> None:
        await box.wait_idle()
        idle.append(True)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await box.take()
        await trio.testing.wait_all_tasks_blocked()
        assert idle == []
        nursery.start_soon(box.take)
        await trio.testing.wait_all_tasks_blocked()
        assert idle == [True]
        box.put(OutFrame(b"m", b"1"))
