"""Every way in which SSZ bytes can be wrong, by name."""

from dataclasses import dataclass

import pytest

from zkattest.types.errors import DecodeError, EncodeError
from zkattest.types.ssz_codec import (
    Boolean,
    ByteList,
    ByteVector,
    Container,
    ListOf,
    ProgressiveByteList,
    ProgressiveContainer,
    ProgressiveListOf,
    Uint,
    decode_object,
)


@dataclass(frozen=True)
class Sample:
    number: int
    left: bytes
    right: bytes


SAMPLE = Container(Sample, number=Uint(2, int), left=ByteList(4), right=ByteList(4))
BLOBS = ListOf(ByteList(3), 2)
PAIRS = ListOf(ByteVector(2, bytes), 2)


def refusal(codec, data, field="x"):
    with pytest.raises(DecodeError) as caught:
        codec.decode(memoryview(data), field)
    return caught.value.field, caught.value.reason


def test_container__layout():
    encoded = SAMPLE.encode(Sample(0x0102, b"ab", b"c"))
    assert encoded == bytes.fromhex("0201 0a000000 0c000000") + b"abc"
    assert SAMPLE.decode(memoryview(encoded)) == Sample(0x0102, b"ab", b"c")


def test_container__refused_first_offset():
    data = bytes.fromhex("0201 0b000000 0c000000") + b"abc"
    assert refusal(SAMPLE, data) == ("x", "first offset is 11, expected 10")


def test_container__refused_decreasing_offset():
    data = bytes.fromhex("0201 0a000000 09000000") + b"abc"
    assert refusal(SAMPLE, data) == ("x", "offsets decrease or exceed the data")


def test_container__refused_offset_behind_end():
    data = bytes.fromhex("0201 0a000000 0e000000") + b"abc"
    assert refusal(SAMPLE, data) == ("x", "offsets decrease or exceed the data")


def test_container__refused_truncated():
    assert refusal(SAMPLE, bytes(9)) == ("x", "truncated: 9 bytes, needs 10")


def test_container__refused_field_by_its_path():
    data = bytes.fromhex("0201 0a000000 0f000000") + b"abcde"
    assert refusal(SAMPLE, data) == ("x.left", "5 bytes exceed the limit of 4")


def test_list__refused_first_offset_zero():
    assert refusal(BLOBS, bytes(4)) == ("x", "first offset 0 is not canonical")


def test_list__refused_first_offset_not_a_multiple():
    assert refusal(BLOBS, b"\x05\0\0\0\0") == ("x", "first offset 5 is not canonical")


def test_list__refused_first_offset_behind_end():
    assert refusal(BLOBS, b"\x08\0\0\0") == ("x", "first offset 8 is not canonical")


def test_list__refused_truncated_offset():
    assert refusal(BLOBS, b"\x04\0\0") == ("x", "truncated offset")


def test_list__refused_decreasing_offset():
    assert refusal(BLOBS, b"\x08\0\0\0\x07\0\0\0") == ("x", "offsets decrease or exceed the data")


def test_list__refused_too_many_elements():
    data = BLOBS.encode((b"", b""), "x")
    assert BLOBS.decode(memoryview(data), "x") == (b"", b"")
    assert refusal(BLOBS, bytes.fromhex("0c0000000c0000000c000000"))[1] == (
        "3 elements exceed the limit of 2"
    )
    assert refusal(PAIRS, bytes(6))[1] == "3 elements exceed the limit of 2"


def test_list__refused_part_of_an_element():
    assert refusal(PAIRS, bytes(3)) == ("x", "3 bytes are no multiple of 2")


def test_list__refused_element_by_its_index():
    assert refusal(BLOBS, b"\x08\0\0\0\x08\0\0\0abcd")[0] == "x[1]"


def test_boolean__refused_byte():
    assert refusal(Boolean(), b"\x02") == ("x", "boolean is 2")


def test_object__refused_size_before_decoding():
    with pytest.raises(DecodeError, match="11 bytes exceed the limit of 10"):
        decode_object(SAMPLE, bytes(11), 10)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (Uint(1, int), 256),
        (Uint(1, int), -1),
        (ByteVector(2, bytes), b"a"),
        (ByteList(2), b"abc"),
        (PAIRS, (b"ab", b"ab", b"ab")),
    ],
)
def test_encode__refused_value(codec, value):
    with pytest.raises(EncodeError):
        codec.encode(value, "x")


def test_progressive_types__have_the_bytes_of_their_relatives():
    value = Sample(7, b"ab", b"c")
    codec = ProgressiveContainer(
        Sample, number=Uint(2, int), left=ProgressiveByteList(4), right=ProgressiveByteList(4)
    )
    encoded = codec.encode(value)
    assert encoded == SAMPLE.encode(value)
    assert codec.decode(memoryview(encoded)) == value
    blobs = ProgressiveListOf(ProgressiveByteList(3), 2)
    assert blobs.encode((b"a", b"bcd"), "x") == BLOBS.encode((b"a", b"bcd"), "x")
    with pytest.raises(DecodeError, match="4 bytes exceed the limit of 3"):
        blobs.decode(memoryview(b"\x04\0\0\0abcd"), "x")
