"""Accounts come from the witness first, then from sources; nothing that they bring is believed."""

import pytest

from tests.helpers.state import BLOCK, HeldNodes, State, address_of
from zkattest.crypto.hashing import keccak256
from zkattest.spec.state_reader import ReadLimits, StateReader
from zkattest.spec.trie_walk import Preimages, paths, walk
from zkattest.types.errors import (
    MalformedNode,
    MissingCode,
    MissingNode,
    SourceExhausted,
    SourceTimeout,
    SourceUnavailable,
    WitnessError,
)
from zkattest.types.execution import ExecutionWitness
from zkattest.types.ids import Root

STATE = State.sized(200)
ADDRESSES = [address_of(n) for n in (0, 1, 2, 3, 500)]
VALUES = STATE.values(ADDRESSES)


def faults(answers):
    return [(type(one), one.detail) for one in answers if isinstance(one, WitnessError)]


def test_reader__asks_no_source_when_the_witness_does():
    source = HeldNodes()
    reader = STATE.reader(STATE.nodes, STATE.codes, [source])
    assert list(reader.accounts(ADDRESSES)) == VALUES
    assert source.queries == []


def test_reader__valid_without_any_witness():
    source = HeldNodes(STATE.nodes, STATE.codes)
    assert list(STATE.reader(sources=[source]).accounts(ADDRESSES)) == VALUES
    [query] = source.queries
    assert (query.state_root, query.block_hash) == (STATE.root, BLOCK)
    assert query.addresses == tuple(ADDRESSES)


def test_reader__asks_for_the_unanswered_accounts_only():
    path = walk(STATE.root, ADDRESSES[1], STATE.trie.nodes.get).nodes
    source = HeldNodes(STATE.nodes, STATE.codes)
    reader = STATE.reader(path.values(), STATE.codes, [source])
    assert list(reader.accounts(ADDRESSES)) == VALUES
    [query] = source.queries
    assert query.addresses == tuple(a for a in ADDRESSES if a != ADDRESSES[1])
    assert path.items() <= query.known.nodes.items()


def test_reader__asks_for_codes():
    source = HeldNodes(codes=STATE.codes)
    reader = STATE.reader(STATE.nodes, sources=[source])
    assert list(reader.accounts(ADDRESSES)) == VALUES
    assert source.queries[0].addresses == (ADDRESSES[0], ADDRESSES[3])


def test_reader__joins_what_several_sources_hold():
    sources = [HeldNodes(STATE.nodes[n::3], STATE.codes) for n in range(3)]
    assert list(STATE.reader(sources=sources).accounts(ADDRESSES)) == VALUES


def test_reader__asks_again_for_what_another_source_leads_to():
    class OneLevel:
        """Bring the next node of each way, on every other level."""

        def __init__(self, parity):
            self.parity = parity

        def find(self, query):
            found = {}
            for address in query.addresses:
                path = walk(query.state_root, address, query.known.nodes.get)
                if path.missing and len(path.nodes) % 2 == self.parity:
                    found[path.missing] = STATE.trie.nodes[path.missing]
            return HeldNodes(tuple(found.values()), STATE.codes).find(query)

    sources = [OneLevel(1), OneLevel(0)]
    deep = max(len(walk(STATE.root, a, STATE.trie.nodes.get).nodes) for a in ADDRESSES)
    assert deep == 4  # the root in the first round, two levels in each further one
    enough = STATE.reader(sources=sources, limits=ReadLimits(rounds=3))
    assert list(enough.accounts(ADDRESSES)) == VALUES
    short = STATE.reader(sources=sources, limits=ReadLimits(rounds=1))
    assert {kind for kind, _ in faults(short.accounts(ADDRESSES))} == {MissingNode}


def test_reader__stops_when_nothing_new_comes():
    source = HeldNodes(STATE.nodes[:1])
    reader = STATE.reader(sources=[source], limits=ReadLimits(rounds=50))
    assert len(faults(reader.accounts(ADDRESSES))) == len(ADDRESSES)
    assert len(source.queries) == 1


def test_reader__asks_again_only_when_another_source_brought_something():
    first, second = HeldNodes(STATE.nodes[:1]), HeldNodes(STATE.nodes[:2])
    STATE.reader(sources=[first, second]).accounts(ADDRESSES)
    assert (len(first.queries), len(second.queries)) == (2, 1)


def test_reader__not_fooled_by_nodes_of_another_state():
    other = State.sized(201)
    reader = STATE.reader(sources=[HeldNodes(other.nodes, other.codes)])
    assert {kind for kind, _ in faults(reader.accounts(ADDRESSES))} == {MissingNode}


def test_reader__not_checked_with_the_cause_of_the_source_that_failed():
    down, late = SourceUnavailable("client: refused"), SourceTimeout("other: 5 ms")
    reader = STATE.reader(sources=[HeldNodes(failure=down), HeldNodes(failure=late)])
    [(kind, detail), *_] = faults(reader.accounts(ADDRESSES[:1]))
    assert kind is SourceUnavailable
    assert detail.startswith(f"trie node 0x{STATE.root.hex()} at path ''; client: refused; other:")


def test_reader__forgets_a_failure_that_did_not_matter():
    sources = [HeldNodes(failure=SourceTimeout("late")), HeldNodes(STATE.nodes, STATE.codes)]
    assert list(STATE.reader(sources=sources).accounts(ADDRESSES)) == VALUES


def test_reader__asks_nobody_about_a_malformed_node():
    node = b"\xc3\x01\x02\x03"
    source = HeldNodes()
    witness = ExecutionWitness((node,), (), ())
    reader = StateReader(Root(keccak256(node)), BLOCK, witness, (source,))
    assert {kind for kind, _ in faults(reader.accounts(ADDRESSES))} == {MalformedNode}
    assert source.queries == []


def test_reader__takes_no_more_bytes_than_it_may():
    size = sum(map(len, STATE.nodes)) + sum(map(len, STATE.codes))
    source = HeldNodes(STATE.nodes, STATE.codes)
    inside = STATE.reader(sources=[source], limits=ReadLimits(max_bytes=size))
    assert list(inside.accounts(ADDRESSES)) == VALUES
    outside = STATE.reader(sources=[source], limits=ReadLimits(max_bytes=size - 1))
    found = faults(outside.accounts(ADDRESSES))
    assert {kind for kind, _ in found} == {SourceExhausted}
    assert f"more than {size - 1} bytes of nodes" in found[0][1]


def test_reader__asks_about_no_more_addresses_than_it_may():
    source = HeldNodes(STATE.nodes, STATE.codes)
    reader = STATE.reader(sources=[source], limits=ReadLimits(rounds=1, max_addresses=2))
    answers = reader.accounts(ADDRESSES)
    assert list(answers[:2]) == VALUES[:2]
    assert [kind for kind, _ in faults(answers)] == [MissingNode] * 3
    assert source.queries[0].addresses == tuple(ADDRESSES[:2])
    whole = STATE.reader(STATE.nodes, STATE.codes, limits=ReadLimits(max_addresses=2))
    whole.accounts(ADDRESSES)
    assert whole.passed() == paths(
        STATE.root, ADDRESSES[:2], Preimages.of(STATE.nodes, STATE.codes)
    )


def test_reader__lacks_a_code_that_nobody_brings():
    reader = STATE.reader(STATE.nodes, sources=[HeldNodes()])
    assert [kind for kind, _ in faults(reader.accounts(ADDRESSES))] == [MissingCode] * 2


@pytest.mark.parametrize("from_source", [False, True])
def test_passed__collects_what_was_read_wherever_it_came_from(from_source):
    if from_source:
        reader = STATE.reader(sources=[HeldNodes(STATE.nodes, STATE.codes)])
    else:
        reader = STATE.reader(STATE.nodes, STATE.codes)
    assert len(reader.passed()) == 0
    reader.accounts(ADDRESSES[:2])
    reader.accounts(ADDRESSES[2:])
    passed = reader.passed()
    assert len(passed.nodes) < len(STATE.nodes) // 2
    alone = STATE.reader(passed.nodes.values(), passed.codes.values())
    assert list(alone.accounts(ADDRESSES)) == VALUES
