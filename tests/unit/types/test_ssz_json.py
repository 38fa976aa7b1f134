"""Every way in which JSON can be wrong, by the field's path."""

import json
from dataclasses import dataclass

import pytest

from zkattest.types.errors import DecodeError
from zkattest.types.ids import Address
from zkattest.types.ssz_codec import (
    Boolean,
    ByteList,
    ByteVector,
    Codec,
    Container,
    ListOf,
    ProgressiveListOf,
    Uint,
)
from zkattest.types.ssz_json import from_json, to_json


@dataclass(frozen=True)
class Inner:
    flag: bool
    number: int


@dataclass(frozen=True)
class Sample:
    inner: Inner
    address: Address
    blob: bytes
    items: tuple[int, ...]
    wide: int


SAMPLE = Container(
    Sample,
    inner=Container(Inner, flag=Boolean(), number=Uint(1, int)),
    address=ByteVector(20, Address),
    blob=ByteList(3),
    items=ListOf(Uint(2, int), 2),
    wide=Uint(32, int),
)
VALUE = Sample(Inner(True, 255), Address(b"\xab" * 20), b"\x00\x0f", (1, 65535), 2**256 - 1)
JSON = {
    "inner": {"flag": True, "number": "255"},
    "address": "0x" + "ab" * 20,
    "blob": "0x000f",
    "items": ["1", "65535"],
    "wide": str(2**256 - 1),
}


def read(value, limit=10_000):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return from_json(SAMPLE, data, limit)


def refusal(value, limit=10_000):
    with pytest.raises(DecodeError) as caught:
        read(value, limit)
    return caught.value.field, caught.value.reason


def changed(path, value):
    """Copy the sample's JSON with another value at a dotted path."""
    copy = json.loads(json.dumps(JSON))
    *parents, last = path.split(".")
    place = copy
    for name in parents:
        place = place[name]
    place[last] = value
    return copy


def test_to_json__strings_for_numbers_and_bytes():
    assert to_json(SAMPLE, VALUE) == JSON


def test_from_json__reads_what_was_written():
    assert read(JSON) == VALUE
    assert type(read(JSON).address) is Address


def test_from_json__takes_digits_of_both_cases_and_any_order_and_white_space():
    shuffled = dict(reversed(list(changed("address", "0x" + "aB" * 20).items())))
    assert read(json.dumps(shuffled, indent=3).encode()) == VALUE


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("inner.number", 255, "expected a string of decimal digits, got a number"),
        ("inner.number", 2.5, "expected a string of decimal digits, got a number"),
        ("inner.number", None, "expected a string of decimal digits, got null"),
        ("inner.number", True, "expected a string of decimal digits, got a boolean"),
        ("inner.number", "256", "256 does not fit 8 bits"),
        ("inner.number", "1000", "expected decimal digits of at most 8 bits"),
        ("inner.number", "", "expected decimal digits of at most 8 bits"),
        ("inner.number", "-1", "expected decimal digits of at most 8 bits"),
        ("inner.number", "+1", "expected decimal digits of at most 8 bits"),
        ("inner.number", " 1", "expected decimal digits of at most 8 bits"),
        ("inner.number", "1_0", "expected decimal digits of at most 8 bits"),
        ("inner.number", "1e1", "expected decimal digits of at most 8 bits"),
        ("inner.number", "0x1", "expected decimal digits of at most 8 bits"),
        ("inner.number", "٣", "expected decimal digits of at most 8 bits"),
        ("inner.number", "01", "leading zeros"),
        ("inner.number", "00", "leading zeros"),
        ("wide", str(2**256), f"{2**256} does not fit 256 bits"),
        ("inner.flag", "true", "expected true or false, got a string"),
        ("inner.flag", 1, "expected true or false, got a number"),
        ("inner", [], "expected an object, got a list"),
        ("inner", "x", "expected an object, got a string"),
        ("address", "ab" * 20, "does not begin with 0x"),
        ("address", "0X" + "ab" * 20, "does not begin with 0x"),
        ("address", "0x" + "ab" * 19, "19 bytes, expected 20"),
        ("address", "0x" + "ab" * 21, "21 bytes, expected 20"),
        ("address", "0x" + "ab" * 19 + "a", "39 hexadecimal digits are no whole bytes"),
        ("address", "0x" + "ab" * 19 + "ag", "not hexadecimal"),
        ("address", "0x" + "ab" * 19 + "é0", "not hexadecimal"),
        ("address", ["0x"], "expected a string of hexadecimal digits, got a list"),
        ("blob", "0x 000f", "5 hexadecimal digits are no whole bytes"),
        ("blob", "0x0 0f", "not hexadecimal"),
        ("blob", "0x00000000", "4 bytes exceed the limit of 3"),
        ("blob", "", "does not begin with 0x"),
        ("items", {"0": "1"}, "expected a list, got an object"),
        ("items", ["1", "2", "3"], "3 elements exceed the limit of 2"),
    ],
)
def test_from_json__refused_value_with_its_path(path, value, reason):
    assert refusal(changed(path, value)) == (path, reason)


def test_from_json__refused_element_with_its_index():
    assert refusal(changed("items", ["1", "65536"])) == ("items[1]", "65536 does not fit 16 bits")


def test_from_json__refused_unknown_missing_and_repeated_keys():
    assert refusal(changed("inner.other", "1")) == ("inner.other", "unknown key")
    assert refusal({**JSON, "Blob": "0x"}) == ("Blob", "unknown key")
    lacking = {key: value for key, value in JSON.items() if key != "wide"}
    assert refusal(lacking) == ("wide", "missing")
    text = json.dumps(JSON).replace('"number"', '"number": "1", "number"').encode()
    assert refusal(text) == ("inner.number", "stands there twice")
    assert refusal({"k" * 5000: 1}) == ("k" * 40, "unknown key")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[" * 65 + b"]" * 65, "nested too deeply"),
        (b"{} {}", "Extra data: line 1 column 4 (char 3)"),
        (b"NaN", "NaN is no JSON"),
        (b"[" + b"0," * 4_096 + b"0]", "too many values"),
    ],
)
def test_from_json__refused_text(data, reason):
    assert refusal(data) == ("json", reason)


@pytest.mark.parametrize("data", [b"\xff\xfe", b'{"inner":"\xed\xa0\x80"}', b"9" * 5000])
def test_from_json__refused_text_that_python_cannot_read(data):
    assert refusal(data)[0] == "json"


@pytest.mark.parametrize(
    ("data", "got"), [(b"null", "null"), (b"[]", "a list"), (b"1e999", "a number")]
)
def test_from_json__refused_whole(data, got):
    assert refusal(data) == ("object", f"expected an object, got {got}")


def test_from_json__refused_over_the_bound_before_it_is_parsed():
    data = json.dumps(JSON).encode()
    assert read(data, len(data)) == VALUE
    # Not JSON any more, which nobody notices.
    assert refusal(data + b"]", len(data)) == (
        "json",
        f"{len(data) + 1} bytes exceed the limit of {len(data)}",
    )


def test_list__read_and_refused_at_the_top():
    codec = ProgressiveListOf(Boolean(), 2)
    assert from_json(codec, b"[true, false]", 100) == (True, False)
    with pytest.raises(DecodeError, match="list: 3 elements exceed the limit of 2"):
        from_json(codec, b"[true, false, true]", 100)
    with pytest.raises(DecodeError, match=r"\[1\]: expected true or false, got null"):
        from_json(codec, b"[true, null]", 100)


def test_codec__without_json_is_our_mistake():
    with pytest.raises(TypeError, match="no JSON for Codec"):
        to_json(Codec(), 1)
    with pytest.raises(TypeError, match="no JSON for Codec"):
        from_json(Codec(), b"1", 10)
