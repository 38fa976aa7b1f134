"""A hundred thousand messages leave nothing behind."""

from __future__ import annotations

import gc
from dataclasses import replace

import psutil
import pytest
import trio

from tests.helpers.gossip import PROOFS, SETTINGS, open_host
from zkattest.net import GossipHost, GossipSettings, Verdict

MESSAGES = 100_000
BATCH = 250
SIZE_BYTES = 120
# By then every bounded memory is full.
WARM = 40_000
MOST_GROWTH_MIB = 12
LIMIT_S = 120
MIB = 1 << 20
SMALL = replace(SETTINGS, seen_limit=1 << 14, cache_limit_bytes=4 * MIB, outbox_limit=4 * BATCH)


def rss_mib() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss / MIB)


async def take(host: GossipHost, count: int) -> None:
    """Accept so many messages."""
    for _ in range(count):
        message = await host.messages.receive()
        host.report(message.message_id, Verdict.ACCEPT)


@pytest.mark.slow
async def test_memory__stays_flat_over_a_hundred_thousand_messages() -> None:
    settings: GossipSettings = replace(SMALL, pending_limit=4 * BATCH, pending_peer_limit=4 * BATCH)
    with trio.fail_after(LIMIT_S):
        async with (
            open_host(1, settings=settings) as receiver,
            open_host(2, [receiver.address], settings=settings) as sender,
        ):
            await sender.wait_for_mesh(PROOFS, 1)
            warm_mib = 0.0
            for start in range(0, MESSAGES, BATCH):
                if start == WARM:
                    warm_mib = rss_mib()
                for number in range(start, start + BATCH):
                    sender.publish(PROOFS, number.to_bytes(SIZE_BYTES, "big"))
                await take(receiver, BATCH)
            growth_mib = rss_mib() - warm_mib
            assert receiver.counters()["accept"] == MESSAGES
            assert receiver.counters().get("overload", 0) == 0
            assert receiver.peer_scores()[sender.peer_id] > 0
    assert growth_mib < MOST_GROWTH_MIB
