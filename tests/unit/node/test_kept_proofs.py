"""Proofs of a store, as peers may ask for them."""

from __future__ import annotations

import pytest

from tests.helpers.proof_gossip import BLOCK, OTHER
from tests.unit.store.test_proofs import fill, mark
from zkattest.machines.proof_events import KeepProof
from zkattest.net.proof_requests import ProofSourceFault
from zkattest.node.kept_proofs import KeptProofs
from zkattest.store.proofs import ProofStore
from zkattest.types.ids import ProofType, Root, Slot

ONE, TWO = ProofType(1), ProofType(2)


@pytest.fixture
def store(tmp_path) -> ProofStore:
    store = ProofStore(f"sqlite:///{tmp_path / 'proofs.sqlite'}", "network")
    fill(store)
    store.save([KeepProof(mark(2), b"second")])
    return store


async def by_root(source: KeptProofs, root: Root, *types: ProofType) -> list[bytes]:
    return [proof async for proof in source.by_root(root, frozenset(types))]


async def by_range(source: KeptProofs, start: int, count: int, *types: ProofType) -> list[bytes]:
    return [proof async for proof in source.by_range(Slot(start), count, frozenset(types))]


@pytest.mark.trio
async def test_proofs__served_by_block_for_the_types_that_are_asked_for(store):
    source = KeptProofs(store)
    assert await by_root(source, BLOCK, ONE, TWO) == [b"first", b"second"]
    assert await by_root(source, BLOCK, TWO) == [b"second"]
    assert await by_root(source, Root(bytes(32)), ONE) == []


@pytest.mark.trio
async def test_proofs__served_by_slot_in_order_and_no_types_means_all(store):
    source = KeptProofs(store)
    assert await by_range(source, 5, 2) == [b"first", b"second", b"later"]
    assert await by_range(source, 5, 2, ONE) == [b"first", b"later"]
    assert await by_range(source, 2**64 - 1, 128) == []


@pytest.mark.trio
async def test_proofs__found_by_the_payload_request_of_a_block(store):
    source = KeptProofs(store, {OTHER: BLOCK}.get)
    assert await by_root(source, OTHER, ONE) == [b"first"]
    assert await by_root(source, BLOCK, ONE) == []


@pytest.mark.trio
async def test_proofs__a_fault_of_ours_where_the_store_fails(tmp_path, store):
    store.close()
    (tmp_path / "proofs.sqlite").write_bytes(b"broken" * 1000)
    with pytest.raises(ProofSourceFault, match="file is not a database"):
        await by_root(KeptProofs(store), BLOCK, ONE)
