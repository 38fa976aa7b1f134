"""Properties of every SSZ codec: round trip, truncation, extension, changed bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.strategies import wire_object
from zkattest.types.errors import DecodeError


@given(wire_object)
def test_wire_object__equals_after_round_trip(value):
    assert type(value).decode(value.encode()) == value


@given(wire_object, st.data())
def test_wire_object__refused_or_different_when_truncated(value, data):
    encoded = value.encode()
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    try:
        decoded = type(value).decode(cut)
    except DecodeError:
        return
    # A list at the end may lose whole elements or bytes; the rest then reads back as what it is.
    assert decoded.encode() == cut


@given(wire_object, st.binary(min_size=1, max_size=40))
def test_wire_object__refused_or_different_when_extended(value, extra):
    extended = value.encode() + extra
    try:
        decoded = type(value).decode(extended)
    except DecodeError:
        return
    assert decoded != value
    assert decoded.encode() == extended


@given(wire_object, st.data())
def test_wire_object__decodes_canonically_or_not_at_all(value, data):
    encoded = bytearray(value.encode())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        decoded = type(value).decode(bytes(encoded))
    except DecodeError:
        return
    assert decoded.encode() == bytes(encoded)


@given(wire_object, st.binary(max_size=700))
def test_wire_object__random_bytes_never_escape_decode_error(value, noise):
    try:
        decoded = type(value).decode(noise)
    except DecodeError:
        return
    assert decoded.encode() == noise


@pytest.mark.parametrize("size", [0, 1, 42, 44])
def test_fixed_size_object__refused_length(size):
    from zkattest.types.wire import PublicValues

    with pytest.raises(DecodeError):
        PublicValues.decode(bytes(size))
