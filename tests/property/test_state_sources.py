"""
Wherever the nodes of the pre-state come from, the verdict is the witness's or "could not check".

Nodes and codes are dealt out to the witness, to sources and to nobody; sources also bring nodes of
other states and bytes that are no nodes.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.blocks import ETHER, Case, TestAccount
from tests.helpers.state import DELEGATION, HeldNodes, State, address_of
from tests.helpers.transactions import Tx, key
from zkattest.crypto.blocks import WitnessAccounts
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, InvalidBlock
from zkattest.spec.state_reader import StateReader
from zkattest.spec.static_block import AccountReader, ChainView, read_block, validate_block
from zkattest.spec.trie_walk import Preimages, walk
from zkattest.store import TrieNodeStore
from zkattest.types.execution import BlockPackage, ExecutionWitness

SIGNERS = [key(n) for n in range(1, 5)]
STRANGERS = {address_of(n): TestAccount(balance=n) for n in range(40)}
FOREIGN = State.sized(60)
WITNESS, MEMORY, STORE, NOBODY = range(4)

accounts = st.builds(
    TestAccount,
    balance=st.sampled_from([0, 10**15, ETHER, ETHER, ETHER]),
    nonce=st.sampled_from([0, 0, 0, 1]),
    code=st.sampled_from([b"", b"", DELEGATION, b"\x00"]),
)
cases = st.builds(
    lambda senders, held: Case(
        transactions=tuple(
            Tx(signer=SIGNERS[n], nonce=senders[:i].count(n)) for i, n in enumerate(senders)
        ),
        accounts=STRANGERS | {Tx(signer=SIGNERS[n]).sender: one for n, one in held.items()},
    ),
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
    st.dictionaries(st.integers(0, 3), accounts),
)


def verdict(package: BlockPackage, reader: AccountReader) -> object:
    block = read_block(package.block, OSAKA)
    chain = ChainView(package.chain_id, Case().parent, package.parent_claim)
    try:
        return validate_block(chain, block, reader, package.versioned_hashes, OSAKA)
    except InvalidBlock as refusal:
        return refusal.reason, refusal.operands


def deal(data: st.DataObject, items: tuple[bytes, ...], holders: list[int]) -> list[list[bytes]]:
    dealt: list[list[bytes]] = [[], [], [], []]
    for item in items:
        dealt[data.draw(st.sampled_from(holders))].append(item)
    return dealt


def reader_of(
    package: BlockPackage, nodes: list[list[bytes]], codes: list[list[bytes]], garbage: list[bytes]
) -> StateReader:
    store = TrieNodeStore(Path(":memory:"))
    store.save(Preimages.of(nodes[STORE], codes[STORE]))
    memory = HeldNodes((*nodes[MEMORY], *FOREIGN.nodes, *garbage), (*codes[MEMORY], *garbage))
    header = read_block(package.block, OSAKA).header
    witness = ExecutionWitness((*nodes[WITNESS], *garbage), tuple(codes[WITNESS]), ())
    return StateReader.before(header, witness, [store, memory])


@settings(deadline=None)
@given(case=cases, data=st.data(), garbage=st.lists(st.binary(max_size=40), max_size=3))
def test_verdict__same_or_not_checked_whoever_holds_the_nodes(case, data, garbage):
    package = case.package()
    witness = package.witness
    root = read_block(package.block, OSAKA).header.pre_state_root
    expected = verdict(package, WitnessAccounts(witness.state, witness.codes, root))
    holders = data.draw(
        st.sampled_from([[WITNESS, MEMORY, STORE], [WITNESS] * 8 + [MEMORY, STORE, NOBODY]])
    )
    nodes = deal(data, witness.state, holders)
    codes = deal(data, tuple(dict.fromkeys(witness.codes)), holders)
    reader = reader_of(package, nodes, codes, garbage)
    try:
        assert verdict(package, reader) == expected
    except CannotVerify:
        # Only what nobody holds can leave a question open.
        assert nodes[NOBODY] or codes[NOBODY]


@settings(deadline=None)
@given(
    count=st.integers(1, 60),
    lost=st.sets(st.integers(0, 80), max_size=8),
    numbers=st.lists(st.integers(0, 70), max_size=10),
)
def test_walk__ends_where_the_reader_has_no_answer(count, lost, numbers):
    state = State.sized(count)
    nodes = [node for n, node in enumerate(state.nodes) if n not in lost]
    known = Preimages.of(nodes, ())
    addresses = [address_of(n) for n in numbers]
    answers = state.reader(nodes, state.codes).accounts(addresses)
    for address, answer in zip(addresses, answers, strict=True):
        path = walk(state.root, address, known.nodes.get)
        if path.missing is None:
            assert answer == state.values([address])[0]
        else:
            assert path.missing.hex() in answer.detail


@pytest.mark.parametrize("holder", [MEMORY, STORE])
def test_verdict__valid_without_any_witness(holder):
    package = Case().package()
    nodes: list[list[bytes]] = [[], [], [], []]
    nodes[holder] = list(package.witness.state)
    assert verdict(package, reader_of(package, nodes, [[], [], [], []], [])).number == 7
