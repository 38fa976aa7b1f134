"""Parse JSON from outside without trusting its depth, its length or its strings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias

ObjectOf: TypeAlias = Callable[[list[tuple[str, Any]]], Any]
MAX_DEPTH: Final = 64
# Nothing is tried a second time (`*+`), and a string without an end ends with the text: else a
# text of quotes behind backslashes costs the square of its length.
_STRING_OR_BRACKET: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_MARKS: Final = (b",", b'"', b"[", b"{")


def parse_json(data: bytes, object_of: ObjectOf | None = None) -> Any:
    """
    Parse one JSON value in UTF-8; raise ValueError for anything else, or one nested too deeply.

    `object_of` makes objects of their pairs, in order and with repeated keys; without it the last
    of them counts. Python's own bound on depth does not hold: libraries raise it for the whole
    process, and the parser then overflows its stack.
    """
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        first = data[match.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError("nested too deeply")
        elif first in b"]}":
            depth -= 1
    # Not as bytes: the parser would guess other encodings, in which quotes and brackets differ.
    return json.loads(data.decode(), object_pairs_hook=object_of, parse_constant=_refuse_constant)


def parse_small_json(data: bytes, object_of: ObjectOf, *, max_marks: int) -> Any:
    """
    Parse what an asker may send again and again; raise ValueError as `parse_json` does.

    `max_marks` bounds commas, quotes and opening brackets, wherever they stand: many small values
    take far more memory and time than their text. Half a surrogate pair is refused, too.
    """
    if sum(map(data.count, _MARKS)) > max_marks:
        raise ValueError("too many values")
    parsed = parse_json(data, object_of)
    if _SURROGATE.search(data):
        # Half of a pair is a string to Python, and breaks whoever writes it.
        json.dumps(parsed, ensure_ascii=False).encode()
    return parsed


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; raise ValueError where readers may disagree on what it says."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    # Python writes and reads NaN and Infinity; no standard knows them.
    raise ValueError(f"{name} is no JSON")
