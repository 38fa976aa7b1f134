"""Many identities at few addresses take every place there is; a newcomer still gets one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import trio

from tests.helpers.gossip import PROOFS, TOPICS, seed
from tests.helpers.siege import FRIENDS_SETTINGS, SOURCE, Siege
from tests.helpers.victim import honest
from zkattest.net import GossipHost, GossipSettings, Verdict

LIMIT_S = 60
# Bounds for a busy machine; a newcomer is in after one second on an idle one.
IN_S = 20
LATEST_S = 15
MESSAGES = 25
MOST = GossipSettings().most_connections_per_address
ALL = 40
# More than the attack may have taken when the newcomer knocks.
SETTINGS: dict[str, float] = {
    "most_connections": ALL,
    "connections_burst": 200,
    "connections_per_s": 50.0,
    "heartbeat_s": 0.2,
}


async def wait_until_full(siege: Siege, connected: int) -> None:
    """Return when attackers hold nearly all there is; some are always being replaced."""
    while True:
        figures = await siege.victim.figures()
        if len(figures["connected"]) >= connected and len(figures["mesh"]["proofs"]) >= 8:
            return
        await trio.sleep(0.3)


@dataclass
class Newcomer:
    """Hold an honest host that the victim has not seen, and what it hears."""

    host: GossipHost
    heard: set[bytes]

    async def listen(self) -> None:
        async for message in self.host.messages:
            self.heard.add(message.message_id)
            self.host.report(message.message_id, Verdict.ACCEPT)

    async def hears_and_is_heard(self, siege: Siege) -> None:
        """Return when a message went each way."""
        await until_connected(self.host)
        sent = siege.sender.publish(PROOFS, honest(os.urandom(20_000)))
        await self.has_heard({sent})
        back = self.host.publish(PROOFS, honest(os.urandom(20_000)))
        await has_reached({back}, siege)

    async def has_heard(self, sent: set[bytes]) -> None:
        while not sent <= self.heard:
            await self.host.wait_for_change()


async def has_reached(sent: set[bytes], siege: Siege) -> None:
    while not sent <= siege.arrived:
        await siege.wait_for_arrival()


async def until_connected(host: GossipHost) -> None:
    while not host.connected_peers():
        await host.wait_for_change()


@asynccontextmanager
async def newcomer_of(siege: Siege) -> AsyncIterator[Newcomer]:
    listen = "/ip4/127.0.0.1/tcp/0"
    opening = GossipHost.open(listen, [siege.address], TOPICS, seed(3), FRIENDS_SETTINGS)
    async with opening as host, trio.open_nursery() as nursery:
        newcomer = Newcomer(host, set())
        nursery.start_soon(newcomer.listen)
        yield newcomer
        nursery.cancel_scope.cancel()


async def delivered(siege: Siege, newcomer: Newcomer) -> tuple[int, int]:
    """Publish some messages; count those that the old peer and the newcomer got."""
    sent = set()
    for _ in range(MESSAGES):
        sent.add(siege.sender.publish(PROOFS, honest(os.urandom(20_000))))
        await trio.sleep(0.1)
    with trio.move_on_after(LATEST_S):
        await has_reached(sent, siege)
        await newcomer.has_heard(sent)
    return len(sent & siege.arrived), len(sent & newcomer.heard)


@pytest.mark.parametrize(
    ("addresses", "order", "network_bits"),
    # Aliases of this host: one network of many addresses, or as many networks.
    [(1, 0, 24), (8, 0, 24), (8, 1, 32), (8, 2, 24), (16, 3, 32), (16, 4, 24), (16, 5, 32)],
)
async def test_newcomer__gets_in_and_hears_all_beside_many_identities_of(
    addresses: int, order: int, network_bits: int
) -> None:
    friends = 2
    settings = SETTINGS | {"ipv4_network_bits": network_bits}
    source = f"{SOURCE}/{addresses}/{order}"
    held = min(addresses * MOST, ALL - friends)
    with trio.fail_after(LIMIT_S):
        async with Siege.open(settings, "eclipse") as siege, trio.open_nursery() as nursery:
            nursery.start_soon(siege.measure, LIMIT_S, "eclipse", source)
            await wait_until_full(siege, held * 3 // 4 + friends)
            async with newcomer_of(siege) as newcomer:
                with trio.fail_after(IN_S):
                    await newcomer.hears_and_is_heard(siege)
                assert await delivered(siege, newcomer) == (MESSAGES, MESSAGES)
                figures = await siege.victim.figures()
                connected = set(figures["connected"])
                assert siege.friends | {newcomer.host.peer_id} <= connected
                assert len(connected) <= ALL
                # Who delivers keeps its place; whoever has none hears of messages all the same.
                assert siege.sender.peer_id in figures["mesh"]["proofs"]
            nursery.cancel_scope.cancel()
