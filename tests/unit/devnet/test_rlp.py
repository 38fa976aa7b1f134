"""The forgers' RLP is RLP: it agrees with itself and with known encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkattest.devnet import rlp

items = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=6))


@given(items)
def test_rlp__gives_back_what_was_written(item):
    assert rlp.decode(rlp.encode(item)) == item


@pytest.mark.parametrize(
    ("item", "encoded"),
    [
        (b"", "80"),
        (b"\x7f", "7f"),
        (b"\x80", "8180"),
        (b"dog", "83646f67"),
        ([], "c0"),
        ([b"cat", b"dog"], "c88363617483646f67"),
        (bytes(56), "b838" + "00" * 56),
        ([[], [[]]], "c3c0c1c0"),
    ],
)
def test_rlp__writes_known_encodings(item, encoded):
    assert rlp.encode(item).hex() == encoded
