"""The way to an account: every node that its proof needs, and where it ends."""

import pytest

from tests.helpers import rlp
from tests.helpers.state import DELEGATION, State, address_of
from zkattest.crypto.hashing import keccak256
from zkattest.spec.trie_walk import Preimages, paths, walk
from zkattest.types.execution import EMPTY_TRIE_ROOT
from zkattest.types.ids import Root

STATE = State.sized(300)
KNOWN = Preimages.of(STATE.nodes, STATE.codes)
PRESENT, ABSENT = address_of(7), address_of(1_000)


@pytest.mark.parametrize("address", [*map(address_of, range(12)), ABSENT])
def test_walk__needs_each_node_that_it_names_and_no_other(address):
    path = walk(STATE.root, address, KNOWN.nodes.get)
    assert path.missing is None
    alone = STATE.reader(path.nodes.values(), STATE.codes)
    assert list(alone.accounts([address])) == STATE.values([address])
    for lost in path.nodes:
        shorter = walk(STATE.root, address, {**path.nodes, lost: None}.get)
        assert shorter.missing == lost
        assert list(shorter.nodes) == list(path.nodes)[: len(shorter.nodes)]


def test_walk__names_the_code_of_an_account_that_has_one():
    assert walk(STATE.root, address_of(3), KNOWN.nodes.get).code_hash == keccak256(DELEGATION)
    assert walk(STATE.root, PRESENT, KNOWN.nodes.get).code_hash is None
    assert walk(STATE.root, ABSENT, KNOWN.nodes.get).code_hash is None


def test_walk__needs_nothing_in_an_empty_state():
    path = walk(EMPTY_TRIE_ROOT, PRESENT, {}.get)
    assert (path.nodes, path.missing) == ({}, None)


def test_walk__follows_an_extension_or_leaves_it():
    near, far = keccak256(PRESENT), keccak256(ABSENT)
    leaf = STATE.accounts[PRESENT].leaf()
    # One nibble in the extension, so the leaf begins with the second half of the first byte.
    below = rlp.encode([bytes([0x30 | near[0] & 15]) + near[1:], leaf])
    top = rlp.encode([bytes([0x10 | near[0] >> 4]), keccak256(below)])
    nodes = Preimages.of([top, below], ()).nodes
    assert near[0] >> 4 != far[0] >> 4
    assert list(walk(Root(keccak256(top)), PRESENT, nodes.get).nodes) == [
        keccak256(top),
        keccak256(below),
    ]
    assert list(walk(Root(keccak256(top)), ABSENT, nodes.get).nodes) == [keccak256(top)]


@pytest.mark.parametrize(
    "node",
    [
        b"",
        b"\x81\x80",
        b"\xc0",
        b"\xc1",
        b"\xff",
        b"\xf8",
        b"\xc2\x80\x80",
        b"\xc3\x20\x80\x80",
        b"\xc2\xc0\x80",
        b"\xc2\x00\x80",
        b"\xc3\x80\x82\x00",
        rlp.encode([b"\x01"] * 17),
        rlp.encode([b"\x20" + keccak256(PRESENT), b"no account"]),
        rlp.encode([b"\x20" + keccak256(PRESENT), rlp.encode([1, 2, b"", b"short"])]),
    ],
)
def test_walk__ends_at_a_malformed_node(node):
    path = walk(Root(keccak256(node)), PRESENT, {keccak256(node): node}.get)
    assert list(path.nodes) == [keccak256(node)]
    assert (path.missing, path.code_hash) == (None, None)


def test_paths__collects_what_some_accounts_need():
    addresses = [address_of(0), address_of(1), ABSENT]
    found = paths(STATE.root, addresses, KNOWN)
    assert list(found.codes.values()) == [DELEGATION]
    assert 0 < len(found.nodes) < len(STATE.nodes) // 2
    assert found.size_bytes == sum(map(len, found.nodes.values())) + len(DELEGATION)
    alone = STATE.reader(found.nodes.values(), found.codes.values())
    assert list(alone.accounts(addresses)) == STATE.values(addresses)


def test_paths__stops_where_nothing_is_known():
    assert len(paths(STATE.root, [PRESENT], Preimages())) == 0
