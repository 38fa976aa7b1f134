"""What checks read is kept once it is proven, and only then; sources are asked in turn."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.blocks import Case
from tests.helpers.rpc_server import honest, rpc_server
from tests.helpers.state import HeldNodes, State
from zkattest.crypto.blocks import decode_block
from zkattest.machines.events import (
    BlockValid,
    CheckBlock,
    JobId,
    OpenedBlock,
)
from zkattest.node.checks import StaticChecker
from zkattest.node.embed import check_block
from zkattest.node.state import (
    Amount,
    StateSettings,
    StateSources,
    import_package,
    open_sources,
)
from zkattest.rpc import ExecutionClient, RpcLimits
from zkattest.spec.answers import Fault
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock
from zkattest.store import StateStoreError, TrieNodeStore
from zkattest.types.execution import BlockPackage, ExecutionWitness, Header
from zkattest.types.ids import Root, Slot, ValidatorIndex
from zkattest.types.wire import DelayedBlock, SignedDelayedBlock

CHAIN = Path(__file__).parents[3] / "vectors" / "eip7886" / "chain"
PACKAGES = [BlockPackage.decode(p.read_bytes()) for p in sorted(CHAIN.glob("*/block.ssz"))]
FIRST = PACKAGES[0]


def content(number):
    return Root(bytes([number]) * 32)


def bare(package):
    """Take trie nodes and codes away; the parent's header stays."""
    return replace(package, witness=replace(package.witness, state=(), codes=()))


def read_by(sources, package):
    """Read the first sender's account as a check would, and give the reader."""
    block = decode_block(package.block)
    reader = sources.reader(block.header, package.witness)
    reader.accounts(block.senders().addresses)
    return reader


@pytest.fixture
def store(tmp_path):
    opened = TrieNodeStore(tmp_path / "state.sqlite")
    yield opened
    opened.close()


# --- Keeping ------------------------------------------------------------------------------------


def test_sources__keep_what_was_read_when_it_is_proven(store):
    sources = StateSources(store)
    sources.put_aside(content(1), read_by(sources, FIRST))
    assert store.status().preimages == 0
    sources.keep_state(content(1))
    assert 0 < store.status().preimages < len(FIRST.witness.state)
    assert check_block(bare(FIRST), sources=[store]).number == 1
    sources.keep_state(content(1))
    assert store.status().commits == 1


def test_sources__keep_nothing_of_a_block_that_was_not_put_aside(store):
    StateSources(store).keep_state(content(1))
    assert store.status().commits == 0


def test_sources__keep_nothing_without_a_store():
    sources = StateSources()
    sources.put_aside(content(1), read_by(sources, FIRST))
    sources.keep_state(content(1))
    assert sources.sources == ()


def test_sources__hold_so_many_blocks_and_so_many_bytes(store):
    size = read_by(StateSources(), FIRST).held_bytes
    for limits in ({"max_waiting": 2}, {"max_waiting_bytes": 2 * size}):
        sources = StateSources(store, **limits)
        for number in (1, 2, 1, 3):
            sources.put_aside(content(number), read_by(sources, FIRST))
        before = store.status().commits
        for number in (1, 2, 3):
            sources.keep_state(content(number))
        assert store.status().commits == before + 2
    sources = StateSources(store, max_waiting_bytes=size - 1)
    sources.put_aside(content(1), read_by(sources, FIRST))
    before = store.status().commits
    sources.keep_state(content(1))
    assert store.status().commits == before


def test_sources__say_when_the_store_cannot_be_written(store):
    sources = StateSources(store)
    sources.put_aside(content(1), read_by(sources, FIRST))
    store.close()
    with pytest.raises(StateStoreError):
        sources.keep_state(content(1))


# --- Checking -----------------------------------------------------------------------------------


def work(package: BlockPackage, parent: Header) -> CheckBlock:
    block = decode_block(package.block)
    message = DelayedBlock(
        Slot(1), package.chain_id, package.block, package.versioned_hashes, package.witness
    )
    opened = OpenedBlock(content(1), block.block_hash, block.header, Root(bytes(32)), block)
    signed = SignedDelayedBlock(message, ValidatorIndex(0), bytes(96))
    return CheckBlock(JobId(1), signed, opened, parent, package.parent_claim)


class NoProfile:
    """Stand for the part of a profile that checking a block does not look at."""

    fork = None


def test_checker__reads_from_the_sources_and_keeps_for_the_next(store):
    case = Case()
    package, state = case.package(), case.state
    empty = bare(package)
    sources = StateSources(store)
    checker = StaticChecker(NoProfile(), sources)
    assert isinstance(checker.check_block(work(empty, case.parent)), Fault)
    sources.keep_state(content(1))
    assert store.status().commits == 0
    with rpc_server(honest(State(case.accounts, state))) as server:
        client = ExecutionClient(server.url, RpcLimits(deadline_ms=20_000))
        asking = StateSources(store, client)
        outcome = StaticChecker(NoProfile(), asking).check_block(work(empty, case.parent))
        assert isinstance(outcome, BlockValid)
        asking.keep_state(content(1))
        client.close()
        assert len(server.requests) == 1
    # What the client showed is now known here.
    assert isinstance(checker.check_block(work(empty, case.parent)), BlockValid)


def test_check__asks_sources_in_their_order():
    first, second = HeldNodes(FIRST.witness.state), HeldNodes()
    assert check_block(bare(FIRST), sources=[first, second]).number == 1
    assert (len(first.queries), len(second.queries)) == (1, 0)


# --- Importing ----------------------------------------------------------------------------------


def test_import__counts_what_was_held_before(store):
    first = import_package(store, FIRST)
    witness = sum(map(len, FIRST.witness.state)) + sum(map(len, FIRST.witness.codes))
    assert first.witness == Amount(len(FIRST.witness.state + FIRST.witness.codes), witness)
    assert 0 < first.read.size_bytes < witness
    assert first.held_before == Amount(0, 0)
    again = import_package(store, bare(FIRST))
    assert (again.read, again.held_before) == (first.read, first.read)
    assert again.witness == Amount(0, 0)


def test_import__whole_chain_without_any_witness_afterwards(store):
    for package in PACKAGES:
        import_package(store, package)
    for package in PACKAGES:
        assert (
            check_block(bare(package), sources=[store]).number
            == import_package(store, bare(package)).number
        )


def test_import__keeps_nothing_of_a_block_that_does_not_pass(store):
    with pytest.raises(InvalidBlock):
        import_package(store, replace(FIRST, chain_id=1))
    with pytest.raises(CannotVerify) as failure:
        import_package(store, bare(FIRST))
    assert failure.value.cause is Cause.MISSING_NODE
    assert store.status().commits == 0


# --- Opening ------------------------------------------------------------------------------------


def test_open__gives_the_store_before_the_client(tmp_path):
    settings = StateSettings(store=tmp_path / "state.sqlite", rpc="http://127.0.0.1:1")
    with open_sources(settings) as state:
        assert [type(one) for one in state.sources] == [TrieNodeStore, ExecutionClient]
    with open_sources(StateSettings()) as state:
        assert state.sources == ()


def test_open__refused_when_the_store_is_missing_and_not_to_be_made(tmp_path):
    settings = StateSettings(store=tmp_path / "state.sqlite")
    with pytest.raises(StateStoreError, match="no such file"), open_sources(settings, create=False):
        pass


def test_open__refused_for_what_is_no_address():
    with pytest.raises(ValueError, match="http"), open_sources(StateSettings(rpc="x")):
        pass


def test_state__empty_witness_is_enough_for_an_empty_block():
    empty = next(p for p in PACKAGES if not len(decode_block(p.block).columns))
    headers = empty.witness.headers
    assert check_block(replace(empty, witness=ExecutionWitness((), (), headers))).transactions == 0
