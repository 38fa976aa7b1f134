"""Name what an examination found: one line, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Say how something is."""

    OK = "ok"
    # Works without it, and somebody may want it.
    OPTIONAL = "optional"
    WRONG = "wrong"
    # Nothing is known: it could not be looked at.
    NOT_EXAMINED = "not_examined"


@dataclass(frozen=True, slots=True)
class Finding:
    """Say how one thing is, and what to do about it where it is not as it should be."""

    group: str
    name: str
    state: State
    detail: str
    advice: str = ""
