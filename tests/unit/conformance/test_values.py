"""Values have one form, and everything else is refused with its field."""

from hashlib import sha256

import pytest

from zkattest.conformance import values
from zkattest.conformance.values import (
    MAX_VALUE_BYTES,
    CaseError,
    as_json,
    member,
    read_bytes,
    read_fixed,
    read_flag,
    read_list,
    read_number,
    read_object,
    read_text,
)
from zkattest.types.ids import Address, Root

FIRST_DIGEST = sha256(b"abc" + bytes(8)).digest()


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ("0x", b""),
        ("0x00ff", b"\x00\xff"),
        ("0xAB", b"\xab"),
        ([], b""),
        (["0x01", {"repeat": "0x0203", "times": 2}, "0x04"], b"\1\2\3\2\3\4"),
        ([{"repeat": "0xff", "times": 0}], b""),
        ([{"repeat": "0x00", "times": MAX_VALUE_BYTES}], bytes(MAX_VALUE_BYTES)),
        ([{"sha256": "0x616263", "bytes": 0}], b""),
        ([{"sha256": "0x616263", "bytes": 5}, "0xff"], FIRST_DIGEST[:5] + b"\xff"),
        (
            [{"sha256": "0x616263", "bytes": 40}],
            FIRST_DIGEST + sha256(b"abc\1" + bytes(7)).digest()[:8],
        ),
    ],
)
def test_bytes__read(written, data):
    assert read_bytes(written, "x") == data


@pytest.mark.parametrize(
    "written",
    [
        "",
        "00",
        "0x0",
        "0xzz",
        "0x00 00",
        "0x\u0661\u0662",
        "0x00\n",
        7,
        None,
        {"repeat": "0x00", "times": 1},
        [["0x00"]],
        [{"repeat": "0x00"}],
        [{"repeat": "0x00", "times": -1}],
        [{"repeat": "0x00", "times": 1, "more": 1}],
        [{"repeat": "0x00", "times": MAX_VALUE_BYTES + 1}],
        [{"repeat": "0x00", "times": 2**70}],
        [{"sha256": "0x00", "bytes": MAX_VALUE_BYTES + 1}],
        [{"sha256": "0x00", "bytes": 2**70}],
        [{"sha256": "0x00", "bytes": -1}],
        [{"sha256": "00", "bytes": 1}],
        [{"sha256": "0x00"}],
    ],
)
def test_bytes__refused(written):
    with pytest.raises(CaseError) as caught:
        read_bytes(written, "input.block")
    assert caught.value.field == "input.block"


def test_fixed__has_its_length():
    assert read_fixed("0x" + "11" * 20, Address, "x") == Address(b"\x11" * 20)
    with pytest.raises(CaseError, match="x: Root: 20 bytes, expected 32"):
        read_fixed("0x" + "11" * 20, Root, "x")


@pytest.mark.parametrize(
    ("written", "number"), [(0, 0), (7, 7), ("7", 7), (str(2**256), 2**256), ("0x1ece", 7886)]
)
def test_number__read(written, number):
    assert read_number(written, "x") == number


@pytest.mark.parametrize(
    "written", [-1, True, 1.5, "", "-1", "1_0", " 1", "0x", "ff", "\u0661", "9" * 101, None, [1]]
)
def test_number__refused(written):
    with pytest.raises(CaseError, match="x: expected an unsigned number"):
        read_number(written, "x")


def test_shapes__refused():
    for read, wrong in ((read_flag, 1), (read_list, {}), (read_object, [])):
        with pytest.raises(CaseError, match="x: expected"):
            read(wrong, "x")
    with pytest.raises(CaseError, match=r"input\.block: missing"):
        member({}, "block", "input")


def test_json__numbers_of_2_to_the_53_are_text():
    value = {"a": 2**53 - 1, "b": 2**53, "c": b"\xab", "d": True, "e": [None, "text"]}
    assert as_json(value) == {
        "a": 2**53 - 1,
        "b": "9007199254740992",
        "c": "0xab",
        "d": True,
        "e": [None, "text"],
    }
    with pytest.raises(TypeError, match="set has no form"):
        as_json({1, 2})


def test_repeat__is_measured_before_it_is_made(monkeypatch):
    monkeypatch.setattr(values, "MAX_VALUE_BYTES", 3)
    assert read_bytes([{"repeat": "0x00", "times": 3}], "x") == bytes(3)
    with pytest.raises(CaseError, match="more than 3 bytes"):
        read_bytes(["0x01", {"repeat": "0x00", "times": 10**15}], "x")
    with pytest.raises(CaseError, match="more than 3 bytes"):
        read_bytes([{"sha256": "0x00", "bytes": 3}, "0x00"], "x")


@pytest.mark.parametrize("value", [7, None, ["a"], "\ud800"])
def test_text__refused(value):
    with pytest.raises(CaseError) as caught:
        read_text(value, "input.json")
    assert caught.value.field == "input.json"
    assert read_text("é", "x") == "é"
