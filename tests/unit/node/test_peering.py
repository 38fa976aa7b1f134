"""What a node tells its peers: where its machine stands, and the proofs of its store."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from zkattest.machines.proof_events import KeepProof, ProofMark
from zkattest.machines.standing import Head, Standing
from zkattest.node.config_peering import PeeringConfig
from zkattest.node.peering import (
    StandingChain,
    StoredProofs,
    make_peering,
)
from zkattest.store.proofs import ProofStore
from zkattest.types.errors import ProofSourceFault
from zkattest.types.ids import BlockHash, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.peering import MetaData, Status

BLOCK, REQUEST, ZERO = Root(b"b" * 32), Root(b"r" * 32), Root(bytes(32))
ONE, TWO = ProofType(1), ProofType(2)


async def listed(proofs: AsyncIterator[bytes]) -> list[bytes]:
    return [proof async for proof in proofs]


@pytest.fixture
def store(tmp_path: Path) -> ProofStore:
    opened = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "network")
    for slot, kind in ((5, 2), (5, 1), (7, 1)):
        subject = REQUEST if slot == 5 else BLOCK
        root = Root(bytes([slot, kind]) * 16)
        mark = ProofMark(subject, root, ProofType(kind), ValidatorIndex(3), Slot(slot), True)
        opened.save([KeepProof(mark, bytes([slot, kind]))])
    return opened


def test_chain__tells_genesis_before_it_follows_a_machine() -> None:
    status = StandingChain(b"abcd").status()
    assert status == Status(b"abcd", ZERO, 0, ZERO, Slot(0), Slot(0))


def test_chain__tells_the_head_of_its_machine() -> None:
    chain = StandingChain(b"abcd")
    head = Head(Slot(9), BlockHash(b"h" * 32), is_proven=True)
    chain.follow(lambda: Standing(head, Slot(9), {}, 1, 1))
    assert chain.status() == Status(b"abcd", ZERO, 0, Root(b"h" * 32), Slot(9), Slot(9))
    assert (chain.finalized_root_at(0), chain.proof_status()) == (None, None)


async def test_proofs__of_slots_come_in_their_order(store: ProofStore) -> None:
    proofs = StoredProofs(store, {}.get)
    assert await listed(proofs.by_range(Slot(4), 4, frozenset())) == [b"\5\1", b"\5\2", b"\7\1"]
    assert await listed(proofs.by_range(Slot(4), 4, frozenset({TWO}))) == [b"\5\2"]
    assert await listed(proofs.by_range(Slot(5), 1, frozenset({ONE}))) == [b"\5\1"]
    assert await listed(proofs.by_range(Slot(2**64 - 1), 128, frozenset())) == []
    assert await listed(proofs.by_range(Slot(2**63 - 2), 128, frozenset())) == []


async def test_proofs__of_a_block_are_found_by_what_they_name(store: ProofStore) -> None:
    proofs = StoredProofs(store, {BLOCK: REQUEST}.get)
    assert await listed(proofs.by_root(BLOCK, frozenset({ONE, TWO}))) == [b"\5\1", b"\5\2"]
    assert await listed(proofs.by_root(BLOCK, frozenset({TWO}))) == [b"\5\2"]
    assert await listed(proofs.by_root(REQUEST, frozenset({ONE}))) == []


async def test_proofs__that_cannot_be_read_are_our_fault(tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"
    broken = StoredProofs(ProofStore(f"sqlite:///{path}", "network"), {BLOCK: REQUEST}.get)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE zkattest_proofs")
    with pytest.raises(ProofSourceFault):
        await listed(broken.by_range(Slot(5), 1, frozenset()))
    with pytest.raises(ProofSourceFault):
        await listed(broken.by_root(BLOCK, frozenset({ONE})))


def test_peering__serves_what_the_configuration_says() -> None:
    config = PeeringConfig(custody_group_count=4)
    peering = make_peering(config, StandingChain(b"abcd"))
    assert peering.metadata == MetaData(1, custody_group_count=4, execution_proof_aware=True)
