"""Parse JSON from outside without trusting its depth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

MAX_DEPTH: Final = 64
_STRING_OR_BRACKET: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


def parse_json(data: bytes, object_of: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
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
    return json.loads(data.decode(), object_pairs_hook=object_of)
