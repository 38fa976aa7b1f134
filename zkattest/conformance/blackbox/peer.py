"""
Show cases as a peer: publish a message on one connection, and watch another one for it.

What comes out of the second connection was accepted. A sender that is pruned from the mesh or
disconnected was held to account: rejected. All else was ignored or rejected; nobody can tell.
Every message has a sender of its own, so that no case lowers the standing of another's.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import trio

from zkattest.conformance.blackbox.context import Play, Sent
from zkattest.conformance.blackbox.run import NodeUnavailable
from zkattest.conformance.blackbox.sight import (
    Sight,
    accepted,
    not_accepted,
    nothing,
    rejected,
)
from zkattest.net import GossipHost, Verdict

# What eth2 lets any gossip message have; messages above a topic's own limit are to be shown, too.
MAX_PAYLOAD_BYTES: Final = 10 << 20
_LISTEN: Final = "/ip4/127.0.0.1/tcp/0"
_KEY_SEED_BYTES: Final = 32


@dataclass(slots=True)
class PeerObserver:
    """Hold the connection that is watched, and make one for each message that is sent."""

    most_at_once = 4

    address: str
    topic: str
    wait_s: float
    connect_s: float
    watched: GossipHost
    arrived: dict[bytes, bool] = field(default_factory=dict)
    """Of the messages that we sent, whether they came back; whatever else comes is not kept."""
    _changed: trio.Event = field(default_factory=trio.Event)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: str, topic: str, wait_s: float, connect_s: float
    ) -> AsyncIterator[PeerObserver]:
        """
        Join the topic beside a peer, whose address ends in `/p2p/<peer id>`.

        Raises `ValueError` for another address, `NodeUnavailable` where the peer lets us into no
        mesh within `connect_s`.
        """
        async with open_sender(address, topic) as watched, trio.open_nursery() as nursery:
            observer = cls(address, topic, wait_s, connect_s, watched)
            nursery.start_soon(observer._watch)
            if not await joined(watched, topic, connect_s):
                raise NodeUnavailable(
                    f"{address}: no place in the mesh of {topic} within {connect_s:g} s"
                )
            yield observer
            nursery.cancel_scope.cancel()

    async def show(self, play: Play) -> Sight:
        """Publish what goes before, then the message, and say what was seen of it."""
        if any(one.data == play.sent.data for one in play.before):
            return nothing("the same bytes again: a router judges copies before any rule does")
        for one in play.before:
            sight = await self._send(one)
            is_valid = one.engine is not None and one.engine["answer"] == "valid"
            if is_valid and not sight.is_accepted:
                return nothing(f"what goes before was not accepted: {sight.seen}")
        return await self._send(play.sent)

    async def _send(self, sent: Sent) -> Sight:
        async with open_sender(self.address, self.topic) as sender, trio.open_nursery() as nursery:
            nursery.start_soon(drain, sender)
            if not await joined(sender, self.topic, self.connect_s):
                return nothing("the node takes no new peer into its mesh")
            sight = await self._see(sender, sent)
            nursery.cancel_scope.cancel()
        return sight

    async def _see(self, sender: GossipHost, sent: Sent) -> Sight:
        """Publish one message, and wait for what happens first."""
        lost = ""
        message_id = sender.publish(self.topic, sent.data)
        self.arrived[message_id] = False
        with trio.move_on_after(self.wait_s):
            async with trio.open_nursery() as nursery:

                async def watch_sender() -> None:
                    nonlocal lost
                    await until(sender, lambda: not sender.mesh_peers(self.topic))
                    is_connected = bool(sender.connected_peers())
                    lost = "pruned from the mesh" if is_connected else "disconnected"
                    nursery.cancel_scope.cancel()

                nursery.start_soon(watch_sender)
                while not self.arrived[message_id]:
                    await self._changed.wait()
                nursery.cancel_scope.cancel()
        if self.arrived.pop(message_id):
            return accepted("forwarded")
        if not self.watched.mesh_peers(self.topic):
            return nothing("the watched connection was lost")
        if lost:
            return rejected(f"its sender was {lost}")
        return not_accepted(f"not forwarded within {self.wait_s:g} s")

    async def _watch(self) -> None:
        """Note what comes out of the node."""
        async for message in self.watched.messages:
            self.watched.report(message.message_id, Verdict.ACCEPT)
            if message.message_id in self.arrived:
                self.arrived[message.message_id] = True
            self._changed.set()
            self._changed = trio.Event()


@asynccontextmanager
async def open_sender(address: str, topic: str) -> AsyncIterator[GossipHost]:
    """Be a peer that nobody has met."""
    limits = {topic: MAX_PAYLOAD_BYTES}
    seed = secrets.token_bytes(_KEY_SEED_BYTES)
    async with GossipHost.open(_LISTEN, [address], limits, seed) as host:
        yield host


async def joined(host: GossipHost, topic: str, connect_s: float) -> bool:
    """Wait for a place in the mesh; False where there is none in time."""
    with trio.move_on_after(connect_s) as scope:
        await host.wait_for_mesh(topic, 1)
    return not scope.cancelled_caught


async def until(host: GossipHost, condition: Callable[[], bool]) -> None:
    """Wait until a condition on a host holds."""
    while not condition():
        await host.wait_for_change()


async def drain(host: GossipHost) -> None:
    """Take what a sender hears, which is other cases' messages."""
    async for message in host.messages:
        host.report(message.message_id, Verdict.ACCEPT)
