"""Proofs that wait for their block: bounds, order, expiry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.helpers.proof_gossip import BLOCK, OTHER, TOPIC
from zkattest.machines.proof_events import WaitingProof
from zkattest.machines.waiting_proofs import WaitingLimits, WaitingProofs
from zkattest.spec.reasons import GossipIgnore, Reason
from zkattest.types.ids import PeerName

PROOF = WaitingProof(b"\0", TOPIC, PeerName("one"), BLOCK, 0, 100, bytes(10))


def numbered(number: int) -> WaitingProof:
    return replace(PROOF, message_id=bytes([number]))


def test_waiting__taken_by_block_in_order_of_arrival():
    waiting = WaitingProofs(WaitingLimits())
    other = replace(numbered(2), subject=OTHER)
    for proof in (numbered(3), other, numbered(1)):
        waiting.add(proof)
    assert waiting.take(BLOCK) == [numbered(3), numbered(1)]
    assert waiting.take(BLOCK) == []
    assert len(waiting) == 1
    assert waiting.expired(99) == []
    assert waiting.next_expiry_ms() == 100
    assert waiting.expired(100) == [other]
    assert (len(waiting), waiting.next_expiry_ms()) == (0, None)


@pytest.mark.parametrize(
    ("limits", "peer"),
    [
        (WaitingLimits(proofs=2), "other"),
        (WaitingLimits(proofs_per_peer=2), "one"),
        (WaitingLimits(total_bytes=29), "other"),
        (WaitingLimits(bytes_per_peer=29), "one"),
    ],
)
def test_waiting__full_for_one_more(limits, peer):
    waiting = WaitingProofs(limits)
    waiting.add(numbered(1))
    waiting.add(numbered(2))
    more = replace(numbered(3), from_peer=PeerName(peer))
    with pytest.raises(GossipIgnore) as ignored:
        waiting.add(more)
    assert ignored.value.reason is Reason.QUEUE_FULL
    waiting.take(BLOCK)
    waiting.add(more)


def test_waiting__room_of_one_peer_is_not_anothers():
    waiting = WaitingProofs(WaitingLimits(proofs_per_peer=1))
    waiting.add(numbered(1))
    waiting.add(replace(numbered(2), from_peer=PeerName("two")))
    assert len(waiting) == 2
