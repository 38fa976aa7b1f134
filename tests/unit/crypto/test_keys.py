"""Hints about senders and keys seen before change the time of a check, never an answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.blocks import Case
from tests.helpers.transactions import ORDER, Tx, key
from zkattest.crypto.blocks import Block, decode_block
from zkattest.crypto.keys import KeyCache, SenderHints

# Enough for batches, some of one sender, some forged: another's signature, nobody's, a high s.
SIGNED = [Tx(signer=key(number % 150), nonce=number) for number in range(200)]
FORGED = {
    7: Tx(signature=SIGNED[8].signed()),
    50: Tx(signature=(0, 5, 1)),
    51: Tx(signature=(2, 1, 1)),
    120: Tx(signature=(0, SIGNED[3].signed()[1], ORDER - SIGNED[3].signed()[2])),
    199: Tx(signature=(1, 1, ORDER - 1)),
}


def block() -> Block:
    txs = [FORGED.get(number, tx) for number, tx in enumerate(SIGNED)]
    return decode_block(Case(transactions=tuple(txs), accounts={}).block_rlp())


BLOCK = block()
RECOVERED = BLOCK.senders().by_transaction()


def warm_cache() -> KeyCache:
    cache = KeyCache(1_000)
    BLOCK.senders(SenderHints(cache))
    return cache


CACHE = warm_cache()
HINT = st.sampled_from([*RECOVERED, bytes(20), b"\x11" * 20]) | st.none()


def test_senders__the_same_with_right_hints():
    assert BLOCK.senders(SenderHints(CACHE, RECOVERED)).by_transaction() == RECOVERED


def test_senders__the_same_with_hints_and_no_keys():
    assert BLOCK.senders(SenderHints(KeyCache(10), RECOVERED)).by_transaction() == RECOVERED


def test_senders__the_same_when_all_hints_are_swapped():
    swapped = [*RECOVERED[1:], RECOVERED[0]]
    assert BLOCK.senders(SenderHints(CACHE, swapped)).by_transaction() == RECOVERED


@settings(max_examples=40, deadline=None)
@given(st.lists(HINT, max_size=210))
def test_senders__the_same_whatever_the_hints_say(hints):
    assert BLOCK.senders(SenderHints(CACHE, hints)).by_transaction() == RECOVERED


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(0, 199), HINT, max_size=12))
def test_senders__the_same_with_some_wrong_hints(wrong):
    hints = [wrong.get(number, right) for number, right in enumerate(RECOVERED)]
    assert BLOCK.senders(SenderHints(CACHE, hints)).by_transaction() == RECOVERED


def test_cache__refused_without_room():
    with pytest.raises(ValueError, match="a cache of no keys"):
        KeyCache(0)
