"""Work in flight is bounded, in all and for each peer, and refusals name the bound."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from zkattest.machines.jobs import JobTable
from zkattest.spec.reasons import GossipIgnore, Reason
from zkattest.types.gossip import GossipMessage


@dataclass
class Job:
    message: GossipMessage


def job(peer: str) -> Job:
    return Job(GossipMessage("topic", b"", b"id", peer))


@pytest.mark.parametrize(
    ("most", "most_per_peer", "peer", "operands"),
    [
        (2, 9, "other", {"in_progress": 2}),
        (9, 2, "one", {"peer": "one"}),
        (2, 2, "one", {"in_progress": 2}),
    ],
)
def test_job__ignored_when_the_table_is_full_until_one_is_closed(
    most, most_per_peer, peer, operands
):
    table: JobTable[Job] = JobTable(most, most_per_peer)
    first, _ = table.open(job("one")), table.open(job("one"))
    with pytest.raises(GossipIgnore) as ignored:
        table.open(job(peer))
    assert (ignored.value.reason, ignored.value.operands) == (Reason.QUEUE_FULL, operands)
    table.close(first)
    last = table.open(job(peer))
    assert (len(table), table.get(first), table[last]) == (2, None, job(peer))


def test_job__of_another_peer_has_room_where_one_has_none():
    table: JobTable[Job] = JobTable(3, 1)
    table.open(job("one"))
    table.open(job("other"))
    assert [each.message.from_peer for each in table.values()] == ["one", "other"]


def test_job__closed_twice_frees_one_place():
    table: JobTable[Job] = JobTable(9, 2)
    first, _ = table.open(job("one")), table.open(job("one"))
    table.close(first)
    table.close(first)
    table.open(job("one"))
    with pytest.raises(GossipIgnore):
        table.open(job("one"))
    assert len(dict(table.items())) == 2


def test_job__of_this_machine_finds_room_where_peers_have_taken_all():
    table: JobTable[Job] = JobTable(1, 1)
    table.open(job("one"))
    table.open(job("this node"), is_ours=True)
    table.open(job("this node"), is_ours=True)
    assert len(table) == 3
