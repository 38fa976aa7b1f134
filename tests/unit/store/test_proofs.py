"""A store of proofs in SQLite: what goes in comes out; bounds; files that are none."""

from __future__ import annotations

import pytest

from tests.helpers.proof_gossip import BLOCK, OTHER, TOPIC, VALUES
from zkattest.machines.proof_events import (
    DropWaiting,
    ForgetProofs,
    KeepBlock,
    KeepPrograms,
    KeepProof,
    KeepWaiting,
    ProofMark,
    SavedBlock,
    SavedProofs,
    WaitingProof,
)
from zkattest.store.proofs import KeptProof, ProofStore
from zkattest.store.sqlite import StoreError
from zkattest.types.ids import PeerName, ProofType, Root, Slot, ValidatorIndex

BLOCKS = (SavedBlock(BLOCK, Slot(5), VALUES), SavedBlock(OTHER, Slot(6), None))
WAITING = WaitingProof(b"\x07" * 20, TOPIC, PeerName("peer"), OTHER, 10, 20, b"message")


def mark(
    proof_type: int = 1, *, block: Root = BLOCK, slot: int = 5, valid: bool = True
) -> ProofMark:
    return ProofMark(
        subject=block,
        proof_root=Root(bytes([proof_type]) * 32),
        proof_type=ProofType(proof_type),
        validator_index=ValidatorIndex(7),
        slot=Slot(slot),
        is_valid=valid,
    )


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'proofs.sqlite'}"


def fill(store: ProofStore) -> SavedProofs:
    """Keep something of every kind; return what a restart has to find."""
    refused = mark(2, valid=False)
    later = mark(1, block=OTHER, slot=6)
    store.save([KeepBlock(SavedBlock(BLOCK, Slot(5), None)), *map(KeepBlock, BLOCKS)])
    store.save([KeepProof(mark(), b"first"), KeepProof(refused, None), KeepProof(later, b"later")])
    store.save([KeepWaiting(WAITING)])
    return SavedProofs(Slot(0), BLOCKS, (mark(), refused, later), (WAITING,))


def test_store__gives_back_what_was_saved(url):
    store = ProofStore(url, "network")
    expected = fill(store)
    assert store.load() == expected
    store.close()
    assert ProofStore(url, "network").load() == expected


def test_store__serves_valid_proofs_by_block_and_by_slot(url):
    store = ProofStore(url, "network")
    fill(store)
    first = KeptProof(Slot(5), ProofType(1), b"first")
    later = KeptProof(Slot(6), ProofType(1), b"later")
    assert store.proofs_by_root(BLOCK, limit=4) == [first]
    assert store.proofs_by_root(Root(bytes(32)), limit=4) == []
    assert store.proofs_by_slot(Slot(5), 2, limit=4) == [first, later]
    assert store.proofs_by_slot(Slot(5), 1, limit=4) == [first]
    assert store.proofs_by_slot(Slot(5), 2, limit=1) == [first]
    assert store.proofs_by_slot(Slot(2**64 - 1), 1, limit=1) == []
    assert store.kept_bytes() == len(b"firstlater")


def test_store__forgets_what_is_finalized_and_what_waits_no_longer(url):
    store = ProofStore(url, "network")
    fill(store)
    store.save([ForgetProofs(Slot(6)), DropWaiting(WAITING.message_id)])
    later = mark(1, block=OTHER, slot=6)
    assert store.load() == SavedProofs(Slot(6), BLOCKS[1:], (later,), ())
    assert store.proofs_by_root(BLOCK, limit=4) == []


def test_store__drops_the_oldest_proofs_beyond_its_bound(url):
    store = ProofStore(url, "network", max_kept_bytes=25)
    for slot in range(1, 6):
        block = Root(bytes([slot]) * 32)
        store.save([KeepProof(mark(block=block, slot=slot), bytes(10))])
    assert [kept.slot for kept in store.proofs_by_slot(Slot(0), 10, limit=10)] == [4, 5]
    # That they were verified is still known.
    assert len(store.load().marks) == 5


def test_stores_of_two_nodes__share_a_database(url):
    one, two = (ProofStore(url, "network", node) for node in ("one", "two"))
    expected = fill(one)
    two.save([ForgetProofs(Slot(100))])
    assert one.load() == expected
    assert two.load() == SavedProofs(finalized_slot=Slot(100))


def test_save__is_all_or_nothing(url):
    store = ProofStore(url, "network")
    with pytest.raises(StoreError, match="int too large"):
        store.save([KeepBlock(BLOCKS[0]), KeepBlock(SavedBlock(OTHER, Slot(2**64 - 1), None))])
    assert store.load() == SavedProofs()


def test_store__refused_for_another_network(url):
    ProofStore(url, "network").close()
    with pytest.raises(StoreError, match="made for network network, expected other"):
        ProofStore(url, "other")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://root:secret@host/db", r"^mysql://host/db: expected sqlite:// or postgresql://$"),
        ("proofs.sqlite", r"^proofs.sqlite: expected sqlite:// or postgresql://$"),
        ("postgresql://me:secret@localhost:port/db", "postgresql://localhost:port/db: "),
        ("postgresql://me:secret@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db: "),
        ("sqlite:////nowhere/at/all", "sqlite:////nowhere/at/all: unable to open database file"),
    ],
)
def test_store__refused_for_a_url_that_leads_nowhere_without_the_password(url, complaint):
    with pytest.raises(StoreError, match=complaint) as refused:
        ProofStore(url, "network")
    assert "secret" not in str(refused.value)


def test_store__refused_for_a_file_that_is_no_database(tmp_path):
    (tmp_path / "text").write_text("no database " * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        ProofStore(f"sqlite:///{tmp_path / 'text'}", "network")


def test_store__forgets_what_another_program_proved_under_a_number(url):
    store = ProofStore(url, "network")
    one, two = ProofType(1), ProofType(2)
    # Before anything was noted, what is there is taken to be of the programs that are named first.
    store.save([KeepProof(mark(1), b"one"), KeepProof(mark(2), b"two")])
    store.save([KeepPrograms({one: "a", two: "b"})])
    assert len(store.load().marks) == 2
    store.close()
    store = ProofStore(url, "network")
    store.save([KeepPrograms({one: "a"})])
    assert len(store.load().marks) == 2
    store.save([KeepPrograms({one: "c", two: "b"})])
    assert store.load().marks == (mark(2),)
    assert [kept.data for kept in store.proofs_by_root(BLOCK, 9)] == [b"two"]
    store.save([KeepProof(mark(1), b"one"), KeepPrograms({one: "c"})])
    assert len(store.load().marks) == 2
