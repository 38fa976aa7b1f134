"""What a sidecar tells peers about the chain: the consensus node's word, or what it knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.helpers.proof_gossip import BLOCK, OTHER, VALUES, ProofPlayer
from tests.unit.node.test_beacon_feed import CHAIN_ID, Chain, Heard, ask, root
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.beacon_feed import BeaconFeed
from zkattest.node.eip8025 import NoFeed
from zkattest.node.proof_node import RunnerChain
from zkattest.node.proof_runner import ProofGossipRunner
from zkattest.ports import ChainFeed
from zkattest.types.ids import Root, Slot
from zkattest.types.peering import ForkDigest, Status

DIGEST = bytes.fromhex("01020304")
ZERO = Root(bytes(32))


def chain_of(play: ProofPlayer, feed: ChainFeed) -> RunnerChain:
    chain = RunnerChain(DIGEST)
    chain.follow(
        ProofGossipRunner(
            machine=play.machine,
            network=None,
            validators=None,
            proofs=None,
            feed=feed,
            domain_at=lambda _: bytes(32),
            observer=Heard(),
            slots=SlotClock(0, 12_000),
        )
    )
    return chain


def test_status__empty_before_anything_is_known():
    status = Status(ForkDigest(DIGEST), ZERO, 0, ZERO, Slot(0), Slot(0))
    assert RunnerChain(DIGEST).status() == status
    assert chain_of(ProofPlayer(), NoFeed()).status() == status


def test_status__the_newest_known_block_without_a_consensus_node():
    play = ProofPlayer()
    play.know(BLOCK, slot=5)
    play.know(OTHER, slot=6, values=replace(VALUES, root=OTHER))
    chain = chain_of(play, NoFeed())
    assert chain.status() == Status(ForkDigest(DIGEST), ZERO, 0, OTHER, Slot(6), Slot(6))
    assert chain.finalized_root_at(0) is None


@pytest.mark.trio
async def test_status__head_and_finality_of_the_consensus_node():
    node, play = Chain(finalized_epoch=2), ProofPlayer()
    for slot in (70, 71, 72):
        node.add(slot)
    feed = BeaconFeed(node, CHAIN_ID, Heard())
    for event in await ask(feed):
        play.tell(event)
    chain = chain_of(play, feed)
    expected = Status(ForkDigest(DIGEST), root(2), 2, root(72), Slot(72), Slot(70))
    assert chain.status() == expected
    assert chain.finalized_root_at(2) == root(2)
    assert chain.finalized_root_at(1) is None
