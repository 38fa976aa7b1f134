"""The store gives back what was saved, and refuses what is not its own."""

import sqlite3
from dataclasses import replace

import pytest

from tests.helpers.attester import SP1, chain, root_of
from zkattest.machines.events import (
    BlockStatus,
    Decision,
    DropBlock,
    DropClaim,
    Forget,
    ParentVerdict,
    ProvenRoot,
    SaveBlock,
    SaveClaim,
    SavedBlock,
    SaveDecision,
    SavedState,
    SaveRoot,
)
from zkattest.spec.reasons import Reason
from zkattest.store import SqliteStore, StoreError
from zkattest.types.ids import PeerName, ProofType, Slot


def saved_block(block, slot, **changes):
    plain = SavedBlock(
        content_id=root_of("content", slot),
        slot=Slot(slot),
        block_hash=block.block_hash,
        transactions_root=block.transactions_root,
        header=block.header,
        status=BlockStatus.VALID,
        parent=ParentVerdict.PROVEN,
    )
    return replace(plain, **changes)


def saved_root(block, slot, proof_type=SP1, digest=bytes(range(32))):
    peer = PeerName("peer")
    return ProvenRoot(block.root, proof_type, Slot(slot), 1_234_567, peer, 35.25, digest)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "attester.sqlite"


def test_store__empty_when_new(path):
    assert SqliteStore(path, "devnet").load() == SavedState()


def test_store__gives_back_what_was_saved_after_reopening(path):
    blocks = chain(2)
    liar = saved_block(
        blocks[2],
        2,
        status=BlockStatus.INVALID,
        parent=ParentVerdict.CONTRADICTED,
        reason=Reason.PARENT_RECEIPT_ROOT_MISMATCH,
        was_valid=True,
    )
    other = saved_root(blocks[1], 1, ProofType(2))
    store = SqliteStore(path, "devnet")
    store.save(
        [
            SaveBlock(saved_block(blocks[1], 1)),
            SaveBlock(liar),
            SaveRoot(saved_root(blocks[1], 1)),
            SaveRoot(other),
            SaveClaim(blocks[1].claim, Slot(1)),
            SaveDecision(Slot(1), Decision.ATTEST, blocks[1].block_hash),
            SaveDecision(Slot(2), Decision.ABSTAIN, None),
        ]
    )
    # Not closed: a killed process does not close either.
    assert SqliteStore(path, "devnet").load() == SavedState(
        blocks=(saved_block(blocks[1], 1), liar),
        roots=(saved_root(blocks[1], 1), other),
        claims=(blocks[1].claim,),
        decided=frozenset({Slot(1), Slot(2)}),
    )


def test_store__keeps_the_newest_word_on_a_block_and_the_first_decision(path):
    blocks = chain(1)
    store = SqliteStore(path, "devnet")
    pending = saved_block(blocks[1], 1, parent=ParentVerdict.PENDING)
    store.save([SaveBlock(pending), SaveDecision(Slot(1), Decision.ATTEST, None)])
    proven = saved_block(blocks[1], 1)
    store.save([SaveBlock(proven), SaveDecision(Slot(1), Decision.ABSTAIN, None)])
    assert store.load().blocks == (proven,)
    rows = sqlite3.connect(path).execute("SELECT decision FROM decisions").fetchall()
    assert rows == [("attest",)]


def test_store__forgets_older_slots(path):
    blocks = chain(2)
    store = SqliteStore(path, "devnet")
    for number in (1, 2):
        store.save(
            [
                SaveBlock(saved_block(blocks[number], number)),
                SaveRoot(saved_root(blocks[number], number)),
                SaveClaim(blocks[number].claim, Slot(number)),
                SaveDecision(Slot(number), Decision.ATTEST, None),
            ]
        )
    store.save([Forget(Slot(2))])
    assert store.load() == SavedState(
        blocks=(saved_block(blocks[2], 2),),
        roots=(saved_root(blocks[2], 2),),
        claims=(blocks[2].claim,),
        decided=frozenset({Slot(2)}),
    )


def test_store__drops_what_is_taken_back(path):
    blocks = chain(2)
    store = SqliteStore(path, "devnet")
    for number in (1, 2):
        kept = saved_block(blocks[number], number)
        store.save([SaveBlock(kept), SaveClaim(blocks[number].claim, Slot(number))])
    store.save([DropBlock(saved_block(blocks[1], 1).content_id), DropClaim(blocks[1].claim)])
    expected = SavedState(blocks=(saved_block(blocks[2], 2),), claims=(blocks[2].claim,))
    assert store.load() == expected


def test_store__takes_up_one_of_version_1(path):
    blocks = chain(2)
    liar = saved_block(blocks[2], 2, status=BlockStatus.INVALID, reason=Reason.PARENT_INVALID)
    store = SqliteStore(path, "devnet")
    decided = SaveDecision(Slot(1), Decision.ATTEST, None)
    store.save([SaveBlock(liar), SaveClaim(blocks[1].claim, Slot(1)), decided])
    store.close()
    root = saved_root(blocks[1], 1, digest=b"")
    with sqlite3.connect(path) as db:
        # As version 1 had it.
        db.execute("ALTER TABLE blocks DROP COLUMN was_valid")
        db.execute("DROP TABLE proofs")
        db.execute("DROP TABLE programs")
        db.execute(
            "CREATE TABLE roots (root BLOB PRIMARY KEY, proof_type INTEGER NOT NULL,"
            " slot INTEGER NOT NULL, arrived_at_ms INTEGER NOT NULL, from_peer TEXT NOT NULL,"
            " verify_ms REAL NOT NULL)"
        )
        row = (root.root, root.proof_type, root.slot, root.arrived_at_ms, root.from_peer)
        db.execute("INSERT INTO roots VALUES (?,?,?,?,?,?)", (*row, root.verify_ms))
        db.execute("PRAGMA user_version=1")
    for _ in range(2):
        assert SqliteStore(path, "devnet").load() == SavedState(
            blocks=(liar,),
            roots=(root,),
            claims=(blocks[1].claim,),
            decided=frozenset({Slot(1)}),
        )
    again = SqliteStore(path, "devnet")
    other = saved_root(blocks[1], 1, ProofType(2))
    again.save([SaveRoot(other), SaveBlock(replace(liar, was_valid=True))])
    assert again.load().roots == (root, other)
    assert again.load().blocks == (replace(liar, was_valid=True),)


def test_store__writes_all_or_nothing(path):
    store = SqliteStore(path, "devnet")
    good = SaveDecision(Slot(1), Decision.ATTEST, None)
    with pytest.raises(sqlite3.Error):
        store.save([good, SaveDecision(Slot(2), Decision.ATTEST, object())])
    assert store.load() == SavedState()


def test_store__refused_of_another_network(path):
    SqliteStore(path, "devnet").close()
    with pytest.raises(StoreError, match="made for network devnet, expected mainnet"):
        SqliteStore(path, "mainnet")


def test_store__refused_where_a_number_stood_for_another_program(path):
    one, two = ProofType(1), ProofType(2)
    SqliteStore(path, "devnet", {one: "sp1:0x01"}).close()
    # New numbers may come, and old ones go.
    SqliteStore(path, "devnet", {two: "zisk:0x02"}).close()
    SqliteStore(path, "devnet", {one: "sp1:0x01", two: "zisk:0x02"}).close()
    with pytest.raises(StoreError, match="proof type 2 was zisk:0x02, is sp1:0x03: give that"):
        SqliteStore(path, "devnet", {one: "sp1:0x01", two: "sp1:0x03"})


def test_store__refused_of_another_version(path):
    SqliteStore(path, "devnet").close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=9")
    with pytest.raises(StoreError, match="version 9, expected 2"):
        SqliteStore(path, "devnet")


def test_store__refused_when_it_is_no_store(path):
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        SqliteStore(path, "devnet")


def test_store__refused_when_a_row_is_broken(path):
    blocks = chain(1)
    store = SqliteStore(path, "devnet")
    store.save([SaveClaim(blocks[1].claim, Slot(1))])
    with sqlite3.connect(path) as db:
        db.execute("UPDATE claims SET claim = x'00'")
    with pytest.raises(StoreError, match="unreadable row"):
        store.load()


def test_store__checked_while_open_and_refused_once_closed(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite", "devnet")
    store.check()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.check()
