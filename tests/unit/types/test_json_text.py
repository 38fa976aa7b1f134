"""JSON of any depth is refused or parsed, whatever the process's limits are."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.scripts import run_script
from zkattest.types.json_text import MAX_DEPTH, parse_json, parse_small_json, unique_keys


@pytest.mark.parametrize(
    "value", [None, 1, "]}[{", "\U0001f600", "\\ud800", 'a"\\', [], {"a": [{"b": '\\"['}]}]
)
def test_json__parsed(value):
    assert parse_json(json.dumps(value).encode()) == value


def test_json__parsed_with_the_pairs_of_its_objects():
    data = b'{"a": 1, "b": {"a": 2}, "a": 3}'
    assert parse_json(data) == {"a": 3, "b": {"a": 2}}
    assert parse_json(data, tuple) == (("a", 1), ("b", (("a", 2),)), ("a", 3))


def test_json__parsed_at_the_greatest_depth():
    parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"]" * 9 + b"[" * 9,
        b'"',
        b'"\\',
        b"\xff",
        b"[1,]",
        "[]".encode("utf-16"),
        b"\xef\xbb\xbf[]",
        b"NaN",
        b"[-Infinity]",
        b"1" * 5_000,
        b'"\x00"',
    ],
)
def test_json__refused(data):
    with pytest.raises(ValueError, match=r"."):
        parse_json(data)


def test_json__refused_where_a_library_has_raised_the_limit_of_recursion():
    # In a process of its own: the parser alone ends it with a fault of the stack.
    script = (
        "import sys; from zkattest.types.json_text import parse_json\n"
        "sys.setrecursionlimit(10**6)\n"
        "try: parse_json(b'[' * 10**6)\n"
        "except ValueError as error: print(error)\n"
    )
    done = run_script(script)
    assert (done.returncode, done.stdout) == (0, "nested too deeply\n")


@pytest.mark.parametrize(
    "data",
    [b'"' + b'\\"' * 200_000, b'\\"' * 200_000, b'"' * 200_001, b'"' + b"\\\\" * 200_000],
    ids=["escaped quotes", "no string", "quotes", "escapes"],
)
def test_unfinished_string__refused_in_time_that_grows_with_its_length(data):
    # The square of this length would be minutes.
    started_s = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        parse_json(data)
    assert time.process_time() - started_s < 2


@pytest.mark.parametrize(
    "data", [b"[" + b"0," * 40 + b"0]", b"[" + b"[]," * 20 + b"[]]", b'{"' + b'","' * 14 + b'"}']
)
def test_many_values__refused_before_they_are_parsed(data):
    with pytest.raises(ValueError, match="too many values"):
        parse_small_json(data, unique_keys, max_marks=40)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@settings(max_examples=100)
@given(VALUES, st.booleans())
def test_json__read_as_it_was_written(value, in_ascii):
    data = json.dumps(value, ensure_ascii=in_ascii).encode()
    assert parse_small_json(data, unique_keys, max_marks=len(data)) == value


@settings(max_examples=300)
@given(st.binary() | st.text('[]{}",:\\u0dDfF19 \n').map(str.encode))
def test_bytes__read_as_pythons_parser_does_or_refused(data):
    try:
        found = parse_json(data)
    except ValueError:
        return
    assert found == json.loads(data)


def test_marks__counted_up_to_their_bound():
    assert parse_small_json(b'[0,0,{"a":0}]', unique_keys, max_marks=6) == [0, 0, {"a": 0}]
    with pytest.raises(ValueError, match="too many values"):
        parse_small_json(b'[0,0,{"a":0}]', unique_keys, max_marks=5)


@pytest.mark.parametrize("data", [b'"\\ud800"', b'{"\\uDFFF": 1}', b'["\\ude00\\ud83d"]'])
def test_half_a_surrogate_pair__refused_of_askers(data):
    assert parse_json(data)
    with pytest.raises(ValueError, match="surrogates not allowed"):
        parse_small_json(data, unique_keys, max_marks=9)


def test_repeated_key__refused_where_keys_have_to_be_unique():
    assert parse_json(b'{"a": 1, "b": {"a": 2}}', unique_keys) == {"a": 1, "b": {"a": 2}}
    with pytest.raises(ValueError, match="a key is there twice"):
        parse_json(b'{"a": 1, "a": 1}', unique_keys)
