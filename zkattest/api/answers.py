"""Hold what is answered over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what a page answers."""

    status: int
    body: bytes
    content_type: str = TEXT


def json_answer(value: object, status: int = 200) -> Answer:
    """Answer with JSON, one line with an end."""
    return Answer(status, json.dumps(value).encode() + b"\n", "application/json")
