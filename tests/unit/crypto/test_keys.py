"""Hints about senders and keys seen before change the time of a check, never an answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.blocks import Case
from tests.helpers.transactions import ORDER, Tx, authorization, key
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

# Authorizations in two transactions, enough for a batch; the last one has a high s.
SIGNERS = [key(number) for number in range(2, 102)]
TUPLES = [authorization(one) for one in SIGNERS]
TUPLES[-1][-1] = ORDER - TUPLES[-1][-1]
DELEGATING = decode_block(
    Case(
        transactions=(
            Tx(),
            Tx(type=4, nonce=1, authorizations=tuple(TUPLES[:30])),
            Tx(type=4, nonce=2, authorizations=tuple(TUPLES[30:])),
        )
    ).block_rlp()
)
AUTHORITIES = DELEGATING.senders().authorities
AUTHORITY_HINT = st.sampled_from([one for _, one in AUTHORITIES]) | HINT


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


@settings(max_examples=20, deadline=None)
@given(st.lists(HINT, max_size=200), st.lists(AUTHORITY_HINT, max_size=120))
def test_authorities__the_same_whatever_the_hints_say(senders, authorities):
    cache = KeyCache(1_000)
    DELEGATING.senders(SenderHints(cache))
    hints = SenderHints(cache, senders, authorities)
    assert DELEGATING.senders(hints).authorities == AUTHORITIES


def test_authorities__those_who_signed_with_right_hints():
    cache = KeyCache(1_000)
    DELEGATING.senders(SenderHints(cache))
    named = [authority for _, authority in AUTHORITIES]
    found = DELEGATING.senders(SenderHints(cache, [Tx().sender], named))
    assert found.authorities == AUTHORITIES
    assert named == [Tx(signer=key(number)).sender for number in range(2, 101)] + [None]


def test_cache__refused_without_room():
    with pytest.raises(ValueError, match="a cache of no keys"):
        KeyCache(0)
