"""The partial state: what is put in comes out by its hash, bounded, damaged or killed."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.state import BLOCK, State, address_of
from tests.helpers.state_store_process import nodes_of
from zkattest.crypto.hashing import keccak256
from zkattest.spec.state_reader import StateQuery
from zkattest.spec.trie_walk import Preimages, paths
from zkattest.store import SqliteStore, StateStatus, StoreError, TrieNodeStore
from zkattest.types.errors import MissingNode, SourceExhausted, SourceUnavailable, WitnessError

ROOT = Path(__file__).resolve().parents[3]
STATE = State.sized(120)
KNOWN = Preimages.of(STATE.nodes, STATE.codes)
ADDRESSES = tuple(map(address_of, (0, 1, 2, 900)))
NEEDED = paths(STATE.root, ADDRESSES, KNOWN)


def query(addresses=ADDRESSES, known=None):
    return StateQuery(STATE.root, BLOCK, tuple(addresses), known or Preimages())


def leaf_of(number):
    path = paths(STATE.root, [address_of(number)], KNOWN)
    return list(path.nodes)[-1]


def chunk(letter, size):
    """Make one preimage of a size."""
    return Preimages.of([letter * size], ())


def held(path):
    with sqlite3.connect(path) as db:
        return {row[0] for row in db.execute("SELECT bytes FROM preimages")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.sqlite"


def test_store__empty_when_new(path):
    store = TrieNodeStore(path)
    assert store.status() == StateStatus(preimages=0, size_bytes=0, commits=0)
    assert store.find(query()) == store.find(query([]))


def test_store__answers_after_reopening_what_was_saved(path):
    TrieNodeStore(path).save(NEEDED)
    # Not closed: a killed process does not close either.
    store = TrieNodeStore(path, create=False)
    found = store.find(query())
    assert (found.failure, set(found.codes)) == (None, set(NEEDED.codes.values()))
    assert set(found.nodes) == set(NEEDED.nodes.values())
    assert list(STATE.reader(sources=[store]).accounts(ADDRESSES)) == STATE.values(ADDRESSES)
    assert store.status() == StateStatus(len(NEEDED), NEEDED.size_bytes, commits=1)


def test_store__brings_only_what_lies_on_the_way_and_is_not_known(path):
    store = TrieNodeStore(path)
    store.save(KNOWN)
    found = store.find(query(known=NEEDED))
    assert (found.nodes, found.codes) == ((), ())
    top = {bytes(STATE.root): STATE.trie.nodes[STATE.root]}
    found = store.find(query(known=Preimages(dict(top), {})))
    assert set(found.nodes) == set(NEEDED.nodes.values()) - set(top.values())


def test_store__follows_a_way_that_others_began(path):
    store = TrieNodeStore(path)
    rest = {key: node for key, node in NEEDED.nodes.items() if key != STATE.root}
    store.save(Preimages(rest, NEEDED.codes))
    assert store.find(query()).nodes == ()
    reader = STATE.reader([STATE.trie.nodes[STATE.root]], sources=[store])
    assert list(reader.accounts(ADDRESSES)) == STATE.values(ADDRESSES)


def test_store__misses_a_damaged_row_and_heals_it(path):
    store = TrieNodeStore(path)
    store.save(NEEDED)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE preimages SET bytes = x'00' WHERE hash = ?", (leaf_of(1),))
    [_, answer, *_] = STATE.reader(sources=[store]).accounts(ADDRESSES)
    assert isinstance(answer, MissingNode)
    store.save(NEEDED)
    assert list(STATE.reader(sources=[store]).accounts(ADDRESSES)) == STATE.values(ADDRESSES)
    rows = sum(map(len, held(path)))
    assert rows == NEEDED.size_bytes


@pytest.mark.parametrize("value", ["'text'", "7", "zeroblob(16777217)"])
def test_store__misses_a_row_of_another_kind(path, value):
    store = TrieNodeStore(path)
    store.save(NEEDED)
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE preimages SET bytes = {value} WHERE hash = ?", (leaf_of(1),))
    [_, answer, *_] = STATE.reader(sources=[store]).accounts(ADDRESSES)
    assert isinstance(answer, MissingNode)


def test_store__lets_go_what_was_used_longest_ago(path):
    store = TrieNodeStore(path, max_bytes=300)
    for letter in (b"a", b"b", b"c"):
        store.save(chunk(letter, 100))
    assert store.status().size_bytes == 300
    store.save(chunk(b"a", 100))
    store.save(chunk(b"d", 150))
    assert held(path) == {b"a" * 100, b"d" * 150}
    assert store.status() == StateStatus(preimages=2, size_bytes=250, commits=5)


def test_store__counts_a_read_as_use(path):
    small = paths(STATE.root, [address_of(1)], KNOWN)
    store = TrieNodeStore(path, max_bytes=small.size_bytes + 100)
    store.save(small)
    store.save(chunk(b"x", 100))
    assert len(store.find(query([address_of(1)])).nodes) == len(small)
    store.save(chunk(b"y", 90))
    assert held(path) == {*small.nodes.values(), b"y" * 90}


def test_store__holds_nothing_that_is_larger_than_itself(path):
    store = TrieNodeStore(path, max_bytes=10)
    store.save(chunk(b"a", 11))
    assert store.status() == StateStatus(preimages=0, size_bytes=0, commits=1)


def test_store__file_stays_near_its_bound(path):
    bound = 400_000
    store = TrieNodeStore(path, max_bytes=bound)
    for commit in range(200):
        store.save(Preimages.of(nodes_of(commit), ()))
    store.close()
    assert bound * 0.97 < sum(map(len, held(path))) <= bound
    assert path.stat().st_size < 1.4 * bound


def test_store__gives_up_after_so_many_look_ups(path):
    store = TrieNodeStore(path, max_lookups=3)
    store.save(KNOWN)
    found = store.find(query())
    assert isinstance(found.failure, SourceExhausted)
    assert len(found.nodes) == 3
    answers = STATE.reader(sources=[store]).accounts(ADDRESSES)
    assert {type(one) for one in answers if isinstance(one, WitnessError)} <= {SourceExhausted}


def test_store__survives_a_kill(path):
    bound = 200_000
    command = [sys.executable, "-m", "tests.helpers.state_store_process", str(path), str(bound)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        # Enough to have evicted: 20 nodes of 510 bytes a commit.
        last = [int(process.stdout.readline()) for _ in range(60)][-1]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    last = max([last, *map(int, rest)])
    store = TrieNodeStore(path, bound)
    assert set(nodes_of(last)) <= held(path)
    assert store.status().size_bytes == sum(map(len, held(path))) <= bound
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store.save(Preimages.of(nodes_of(last + 1), ()))
    assert set(nodes_of(last + 1)) <= held(path)


def test_store__refused_when_it_is_no_database(path):
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"state\.sqlite: file is not a database$"):
        TrieNodeStore(path)


def test_store__refused_when_it_is_another_kind_of_database(path):
    SqliteStore(path, "devnet").close()
    with pytest.raises(StoreError, match=r"state\.sqlite: not a state store$"):
        TrieNodeStore(path)
    other = path.with_name("other.sqlite")
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    with pytest.raises(StoreError, match="not a state store"):
        TrieNodeStore(other)
    ours = path.with_name("new.sqlite")
    TrieNodeStore(ours).close()
    with pytest.raises(StoreError, match="no such table: network"):
        SqliteStore(ours, "devnet")


def test_store__refused_of_another_version(path):
    TrieNodeStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=9")
    with pytest.raises(StoreError, match="version 9, expected 1"):
        TrieNodeStore(path)


def test_store__refused_when_missing_and_not_to_be_made(path):
    with pytest.raises(StoreError, match="no such file"):
        TrieNodeStore(path, create=False)
    with pytest.raises(StoreError, match="unable to open"):
        TrieNodeStore(path.parent / "none" / "state.sqlite")
    assert not path.exists()


def test_store__says_when_pages_are_damaged(path):
    store = TrieNodeStore(path)
    store.save(KNOWN)
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    damaged = TrieNodeStore(path)
    found = damaged.find(query())
    assert isinstance(found.failure, SourceUnavailable)
    assert found.failure.detail.startswith("state store: ")
    with pytest.raises(StoreError, match=r"state\.sqlite: "):
        damaged.save(NEEDED)
    with pytest.raises(StoreError, match=r"state\.sqlite: "):
        damaged.status()


def test_store__changes_nothing_when_a_write_fails(path):
    store = TrieNodeStore(path)
    store.save(chunk(b"a", 10))
    broken = Preimages({keccak256(b"b"): b"b", b"k": object()}, {})
    with pytest.raises(StoreError):
        store.save(broken)
    assert held(path) == {b"a" * 10}
    assert store.status() == StateStatus(preimages=1, size_bytes=10, commits=1)
