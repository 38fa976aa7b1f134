"""What a machine is told while a consensus node's chain grows, forks, and falls silent."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from zkattest.machines.proof_events import (
    BlockSeen,
    HeadChanged,
    PayloadSeen,
    ProofEvent,
    SlotFinalized,
)
from zkattest.node.beacon_feed import BeaconFeed, FeedSettings
from zkattest.rpc import BeaconHead, Checkpoint
from zkattest.telemetry import Measure
from zkattest.types.errors import SourceUnavailable
from zkattest.types.ids import ChainId, Epoch, Root, Slot
from zkattest.types.wire import PublicValues

CHAIN_ID = ChainId(560_048)


def root(number: int, branch: int = 0) -> Root:
    return Root(bytes([number, branch]) * 16)


@dataclass
class Chain:
    """A consensus node in memory: blocks by root, one a slot."""

    blocks: dict[Root, BeaconHead] = field(default_factory=dict)
    payloads: dict[Root, Root] = field(default_factory=dict)
    head: Root | None = None
    finalized_epoch: int = 0
    is_silent: bool = False
    asked: list[Root] = field(default_factory=list)

    def add(self, slot: int, branch: int = 0, parent: Root | None = None) -> Root:
        name = root(slot, branch)
        self.blocks[name] = BeaconHead(name, Slot(slot), parent or root(slot - 1))
        self.payloads[name] = Root(name[::-1])
        self.head = name
        return name

    def header(self, block: str | Root) -> BeaconHead | None:
        if self.is_silent:
            raise SourceUnavailable("node: no answer")
        wanted = self.head if isinstance(block, str) and block == "head" else block
        return self.blocks.get(wanted)

    def finalized(self) -> Checkpoint:
        return Checkpoint(Epoch(self.finalized_epoch), root(self.finalized_epoch))

    def payload_request_root(self, block: Root) -> Root | None:
        self.asked.append(block)
        return self.payloads.get(block)


@dataclass
class Heard:
    events: list[str] = field(default_factory=list)

    def count(self, measure: Measure, outcome: str) -> None: ...

    def observe_ms(self, measure: Measure, value_ms: float) -> None: ...

    def event(self, name: str, **fields: object) -> None:
        self.events.append(name)


async def ask(feed: BeaconFeed) -> list[ProofEvent]:
    told: list[ProofEvent] = []

    async def tell(event: ProofEvent) -> None:
        told.append(event)

    await feed.ask_once(tell)
    return told


def payload(block: Root) -> PayloadSeen:
    values = PublicValues(root=Root(block[::-1]), valid=True, chain_id=CHAIN_ID, schema_id=0x1501)
    return PayloadSeen(block, values)


def feed_of(chain: Chain, **settings: int) -> BeaconFeed:
    return BeaconFeed(chain, CHAIN_ID, Heard(), FeedSettings(**settings))


@pytest.mark.trio
async def test_feed__tells_of_new_blocks_oldest_first_and_of_payloads_newest_first():
    chain = Chain()
    for slot in (1, 2):
        chain.add(slot)
    feed = feed_of(chain)
    assert await ask(feed) == [
        BlockSeen(root(1), Slot(1)),
        BlockSeen(root(2), Slot(2)),
        HeadChanged(root(2)),
        SlotFinalized(Slot(0)),
        payload(root(2)),
        payload(root(1)),
    ]
    assert await ask(feed) == []
    chain.add(3)
    chain.finalized_epoch = 2
    assert await ask(feed) == [
        BlockSeen(root(3), Slot(3)),
        HeadChanged(root(3)),
        SlotFinalized(Slot(64)),
        payload(root(3)),
    ]
    assert feed.head == BeaconHead(root(3), Slot(3), root(2))
    assert feed.finalized == Checkpoint(Epoch(2), root(2))


@pytest.mark.trio
async def test_feed__tells_of_the_other_branch_after_a_reorganisation():
    chain = Chain()
    for slot in (1, 2, 3):
        chain.add(slot)
    feed = feed_of(chain)
    await ask(feed)
    chain.add(3, branch=1)
    chain.add(4, branch=1, parent=root(3, 1))
    told = await ask(feed)
    assert told[:3] == [
        BlockSeen(root(3, 1), Slot(3)),
        BlockSeen(root(4, 1), Slot(4)),
        HeadChanged(root(4, 1)),
    ]


@pytest.mark.trio
async def test_feed__asks_again_for_a_payload_that_is_missing_and_gives_up_old_ones():
    chain = Chain()
    feed = feed_of(chain, without_payload=2)
    for slot in (1, 2, 3):
        chain.add(slot)
    late = chain.payloads.pop(root(3))
    first = chain.payloads.pop(root(1))
    assert [event for event in await ask(feed) if isinstance(event, PayloadSeen)] == [
        payload(root(2))
    ]
    chain.payloads |= {root(3): late, root(1): first}
    assert await ask(feed) == [payload(root(3))]
    assert root(1) not in chain.asked


@pytest.mark.trio
async def test_feed__looks_back_a_bounded_number_of_blocks():
    chain = Chain()
    for slot in range(1, 31):
        chain.add(slot)
    feed = feed_of(chain, look_back=4)
    told = await ask(feed)
    assert [event.slot for event in told if isinstance(event, BlockSeen)] == [27, 28, 29, 30]


@pytest.mark.trio
async def test_feed__says_once_that_the_node_is_silent_and_once_that_it_is_back():
    chain = Chain(is_silent=True)
    feed = feed_of(chain)
    assert [await ask(feed) for _ in range(3)] == [[], [], []]
    chain.is_silent = False
    chain.add(1)
    assert BlockSeen(root(1), Slot(1)) in await ask(feed)
    assert feed.observer.events == ["beacon_node_silent", "beacon_node_answers"]


@pytest.mark.trio
async def test_feed__names_payload_requests_where_proofs_do():
    chain = Chain()
    chain.add(1)
    feed = feed_of(chain)
    feed.names_requests = True
    request = Root(root(1)[::-1])
    values = payload(root(1)).public_values
    assert await ask(feed) == [
        SlotFinalized(Slot(0)),
        BlockSeen(request, Slot(1)),
        PayloadSeen(request, values),
        HeadChanged(request),
    ]
    assert feed.requests == {root(1): request}
