"""Ids check themselves once, where they are made."""

import pytest

from zkattest.types.ids import Address, BlockHash, ChainId, ProofType, Root, Slot


@pytest.mark.parametrize(("kind", "size"), [(BlockHash, 32), (Root, 32), (Address, 20)])
@pytest.mark.parametrize("delta", [-1, 1])
def test_fixed_bytes__refused_length(kind, size, delta):
    with pytest.raises(ValueError, match=f"expected {size}"):
        kind(bytes(size + delta))


def test_fixed_bytes__shown_as_hex():
    assert str(Address(b"\xab" * 20)) == "0x" + "ab" * 20


def test_from_hex__round_trip():
    text = "0x" + "0f" * 32
    assert str(Root.from_hex(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "0x", "0f" * 32, "0x" + "0f" * 31, "0x" + "0f" * 33, "0x" + "zz" * 32, "0x" + " f" * 32],
)
def test_from_hex__refused_form(text):
    with pytest.raises(ValueError):
        Root.from_hex(text)


@pytest.mark.parametrize(("kind", "limit"), [(Slot, 2**64), (ChainId, 2**64), (ProofType, 256)])
def test_bounded_int__refused_range(kind, limit):
    assert kind(limit - 1) == limit - 1
    with pytest.raises(ValueError):
        kind(limit)
    with pytest.raises(ValueError):
        kind(-1)
