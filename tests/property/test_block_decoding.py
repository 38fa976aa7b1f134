"""No bytes escape the three answers: a block, a typed refusal, or a witness without an answer."""

from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.blocks import Case
from tests.helpers.transactions import RECIPIENT, Tx, authorization, blob_hash, key
from zkattest.crypto.blocks import Block, WitnessAccounts, decode_block
from zkattest.spec.reasons import Reason
from zkattest.types.errors import BlockDecodeError, WitnessError

BLOCK = Case(
    transactions=(
        Tx(type=0),
        Tx(type=1, access_list=((RECIPIENT, (bytes(32),)),)),
        Tx(type=3, blobs=(blob_hash(1),)),
        Tx(type=4, authorizations=(authorization(key(5)),)),
    )
).block_rlp()
STATE = Case().state


def decode(data: bytes) -> object:
    try:
        block = decode_block(data)
    except BlockDecodeError as error:
        return Reason(error.word)
    block.senders()
    return block


@given(st.binary(max_size=200))
def test_noise__refused_by_a_known_word(noise):
    assert decode(noise) in Reason


@given(st.integers(0, len(BLOCK) - 1))
def test_block__refused_when_truncated(size):
    assert decode(BLOCK[:size]) in Reason


@given(st.binary(min_size=1, max_size=20))
def test_block__refused_when_extended(extra):
    assert decode(BLOCK + extra) in Reason


@given(st.integers(0, len(BLOCK) - 1), st.integers(1, 255))
def test_block__refused_or_another_block_when_a_byte_changes(at, change):
    changed = bytearray(BLOCK)
    changed[at] ^= change
    block = decode(bytes(changed))
    if not isinstance(block, Reason):
        assert contents(block) != contents(decode_block(BLOCK))


def contents(block: Block) -> tuple[object, ...]:
    return block.header, block.transactions, block.ommers, block.withdrawals


@given(st.integers(0, len(STATE.nodes) - 1), st.data())
def test_witness__changed_node_gives_no_answer_or_the_same(at, data):
    nodes = list(STATE.nodes.values())
    byte = data.draw(st.integers(0, len(nodes[at]) - 1))
    changed = bytearray(nodes[at])
    changed[byte] ^= data.draw(st.integers(1, 255))
    nodes[at] = bytes(changed)
    good = WitnessAccounts(tuple(STATE.nodes.values()), (), STATE.root)
    [answer] = WitnessAccounts(tuple(nodes), (), STATE.root).accounts([Tx().sender])
    assert isinstance(answer, WitnessError) or [answer] == good.accounts([Tx().sender])


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_witness__noise_gives_no_answer(nodes):
    [answer] = WitnessAccounts(nodes, (), STATE.root).accounts([RECIPIENT])
    assert isinstance(answer, WitnessError)
