"""Tables are read field by field; mistakes are noted, bounded, and never end the reading."""

from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkattest.node.config_reader import ConfigError, Mistake, Notes, Table, read_toml

PATH = Path("folder/node.toml")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def table(**values):
    return Table(Notes(PATH), values)


def mistakes(reader):
    return [(each.field, each.reason) for each in reader.notes.mistakes]


def test_values__read_by_kind():
    reader = table(
        text="a", number=3, yes=True, word="blue", file="x/y", hex="0x0aff", texts=["a", "b"]
    )
    assert reader.text("text") == "a"
    assert reader.integer("number") == 3
    assert reader.flag("yes", default=False) is True
    assert reader.choice("word", Colour, Colour.RED) is Colour.BLUE
    assert reader.path("file") == Path("folder/x/y")
    assert reader.hexadecimal("hex", 2) == b"\x0a\xff"
    assert reader.texts("texts") == ("a", "b")
    reader.refuse_unknown()
    assert mistakes(reader) == []


def test_values__defaults_where_they_are_left_out():
    reader = table()
    assert (reader.text("a", "x"), reader.integer("b", 7)) == ("x", 7)
    assert reader.choice("c", Colour, Colour.RED) is Colour.RED
    assert (reader.path("d"), reader.texts("e", ()), reader.tables("f")) == (None, (), [])
    assert mistakes(reader) == [("f", "missing")]


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (lambda t: t.text("key"), "expected a string"),
        (lambda t: t.flag("key", default=True), "expected true or false"),
        (lambda t: t.items("key"), "expected a list"),
        (lambda t: t.table("key").known(), "expected a table"),
        (lambda t: t.hexadecimal("key", 1), "expected a string"),
    ],
)
def test_value__noted_when_of_another_kind(read, reason):
    reader = table(key=5)
    read(reader)
    assert mistakes(reader)[0] == ("key", reason)


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_integer__noted_when_it_is_none(value):
    reader = table(key=value)
    assert reader.integer("key") == 0
    assert mistakes(reader) == [("key", "expected an integer")]


@pytest.mark.parametrize("value", [-1, 1 << 63])
def test_integer__noted_when_out_of_bounds(value):
    reader = table(key=value)
    assert reader.integer("key") == 0
    assert mistakes(reader) == [("key", f"{value}, expected 0 or more, below 2^63")]


@pytest.mark.parametrize("text", ["0aff", "0x0af", "0x0aff00", "0x 0aff", "0xzzzz", "0X0aff"])
def test_hexadecimal__noted_without_repeating_what_was_written(text):
    reader = table(key=text)
    assert reader.hexadecimal("key", 2) == bytes(2)
    assert mistakes(reader) == [("key", "expected 0x and 4 hexadecimal digits")]


def test_choice__noted_with_what_is_known():
    reader = table(key="green")
    assert reader.choice("key", Colour, Colour.RED) is Colour.RED
    assert mistakes(reader) == [("key", "'green', expected one of red, blue")]


def test_unknown__noted_in_tables_within_and_by_the_nearest_name():
    reader = table(inner={"lsten": 1, "zzzz": 2}, rows=[{"a": 1}, {"b": 1}, 3])
    inner = reader.table("inner")
    inner.text("listen", "")
    for row in reader.tables("rows"):
        row.integer("a", 0)
    reader.refuse_unknown()
    assert mistakes(reader) == [
        ("rows[2]", "expected a table"),
        ("inner.lsten", "unknown, nearest known is listen"),
        ("inner.zzzz", "unknown, known are listen"),
        ("rows[1].b", "unknown, known are a"),
    ]
    assert reader.known() == {"inner.listen", "rows[0].a", "rows[1].a"}


def test_notes__are_bounded_and_raised_at_once():
    reader = table(**{f"key{number}": 1 for number in range(200)})
    reader.refuse_unknown()
    with pytest.raises(ConfigError) as refusal:
        reader.notes.raise_mistakes()
    assert len(refusal.value.mistakes) == 50
    assert refusal.value.mistakes[0] == Mistake("key0", "unknown, known are ")
    assert str(refusal.value).startswith(f"{PATH}: key0: unknown")


@given(st.binary(max_size=200))
def test_toml__parsed_or_refused_by_file(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("toml") / "file.toml"
    path.write_bytes(data)
    try:
        answer = read_toml(path)
    except ConfigError as refusal:
        answer = refusal.field
    assert answer == "file" or isinstance(answer, dict)


def test_toml__refused_when_nested_too_deeply(tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text("a = " + "[" * 100_000 + "]" * 100_000)
    with pytest.raises(ConfigError) as refusal:
        read_toml(path)
    assert refusal.value.field == "file"
