"""A network of gossip routers without sockets: a virtual clock, links with delay and bandwidth."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import count

from zkattest.net.gossipsub import Action, Deliver, GossipRouter, Send
from zkattest.net.settings import GossipSettings
from zkattest.net.wire import Rpc, decode_rpc
from zkattest.types.gossip import Verdict

TOPIC = "/eth2/01020304/execution_proof/ssz_snappy"
LIMIT_BYTES = 1 << 20
HEARTBEAT_TICKS = 7


class Manners(Enum):
    """Say how a node behaves."""

    FULL = "as we do"
    OLD = "speaks gossipsub 1.1"
    DEAF = "hears no announcement"
    MUTE = "announces, and sends no message"


@dataclass(slots=True)
class VirtualNode:
    """Hold a router and what it received."""

    name: str
    router: GossipRouter
    manners: Manners
    received: list[bytes] = field(default_factory=list)
    arrived_s: dict[bytes, float] = field(default_factory=dict)
    busy_until_s: dict[str, float] = field(default_factory=dict)


class VirtualNetwork:
    """Play routers against each other; every message is accepted after `validation_s`."""

    def __init__(
        self,
        manners: Iterable[Manners],
        links: Iterable[tuple[int, int]],
        settings: GossipSettings,
        seed: int,
        *,
        delay_s: float = 0.05,
        bytes_per_s: float = 1e6,
        validation_s: float = 0.035,
    ) -> None:
        self.now_s = 0.0
        self._settings = settings
        self._rng = random.Random(seed)
        self._delay_s = delay_s
        self._bytes_per_s = bytes_per_s
        self._validation_s = validation_s
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.nodes = [
            VirtualNode(
                str(number),
                GossipRouter({TOPIC: LIMIT_BYTES}, settings, random.Random(seed + number)),
                each,
            )
            for number, each in enumerate(manners)
        ]
        for left, right in links:
            self._connect(self.nodes[left], self.nodes[right])
        for node in self.nodes:
            self._later(self._rng.uniform(0, settings.tick_s), partial(self._beat, node, 0))

    def publish(self, number: int, data: bytes) -> bytes:
        """Have a node publish."""
        node = self.nodes[number]
        message_id, actions = node.router.publish(TOPIC, data, self.now_s)
        self._perform(node, actions)
        return message_id

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until_s = self.now_s + seconds
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, happen = heapq.heappop(self._events)
            happen()
        self.now_s = until_s

    def _later(self, delay_s: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now_s + delay_s, next(self._order), happen))

    def _connect(self, left: VirtualNode, right: VirtualNode) -> None:
        for node, other in ((left, right), (right, left)):
            actions = node.router.connected(other.name)
            can_decline = Manners.OLD not in (node.manners, other.manners)
            node.router.negotiated(other.name, understands_idontwant=can_decline)
            self._perform(node, actions)

    def _beat(self, node: VirtualNode, tick: int) -> None:
        is_heartbeat = tick % HEARTBEAT_TICKS == 0
        beat = node.router.heartbeat if is_heartbeat else node.router.tick
        self._perform(node, beat(self.now_s))
        self._later(self._settings.tick_s, lambda: self._beat(node, tick + 1))

    def _perform(self, node: VirtualNode, actions: list[Action] | None) -> None:
        for action in actions or []:
            if isinstance(action, Send):
                self._send(node, action)
            elif isinstance(action, Deliver):
                self._take(node, action)

    def _take(self, node: VirtualNode, action: Deliver) -> None:
        message_id = action.message.message_id
        node.arrived_s.setdefault(message_id, self.now_s)

        def accept() -> None:
            self._perform(node, node.router.decide(message_id, Verdict.ACCEPT, self.now_s))

        self._later(self._validation_s, accept)

    def _send(self, node: VirtualNode, action: Send) -> None:
        target = self.nodes[int(action.peer)]
        if action.message_id is None:
            self._later(self._delay_s, lambda: self._arrive(node, target, action))
            return
        if node.manners is Manners.MUTE:
            return
        start_s = max(self.now_s, node.busy_until_s.get(target.name, 0.0))
        took_s = len(action.frame) / self._bytes_per_s
        node.busy_until_s[target.name] = start_s + took_s
        wait_s = start_s - self.now_s

        def begin() -> None:
            # As an outbox does: what is no longer wanted when its turn comes stays here.
            if node.router.is_unwanted(target.name, action.message_id or b""):
                return
            for tenths in range(1, 10):
                part_s = self._delay_s + took_s * tenths / 10
                self._later(part_s, lambda: target.router.progressed(node.name, self.now_s))
            self._later(self._delay_s + took_s, lambda: self._arrive(node, target, action))

        self._later(wait_s, begin)

    def _arrive(self, sender: VirtualNode, target: VirtualNode, action: Send) -> None:
        if action.message_id is not None:
            target.received.append(action.message_id)
        rpc = decode_rpc(_body(action.frame))
        if target.manners is Manners.DEAF and rpc.ihave:
            rpc = Rpc(subscribe=rpc.subscribe, graft=rpc.graft, prune=rpc.prune)
        self._perform(target, target.router.received(sender.name, rpc, self.now_s))


def _body(frame: bytes) -> bytes:
    position = next(index for index, byte in enumerate(frame) if byte < 0x80)
    return frame[position + 1 :]


def random_links(nodes: int, dials: int, rng: random.Random) -> set[tuple[int, int]]:
    """Let each node dial some others, and its successor, so that all are connected."""
    links = set()
    for number in range(nodes):
        others = [other for other in range(nodes) if other != number]
        for other in {(number + 1) % nodes, *rng.sample(others, min(dials, len(others)))}:
            links.add((min(number, other), max(number, other)))
    return links
