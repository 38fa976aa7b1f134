"""Find vectors in folders and read them; every file's size is checked before it is decoded."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from zkattest.conformance.outcome import Outcome, Verdict, read_outcome
from zkattest.conformance.values import CaseError, member, read_list, read_object
from zkattest.types.json_text import parse_json

FORMAT: Final = 1
CASE_FILE: Final = "case.json"
MAX_FILE_BYTES: Final = 1 << 26
_GLOB_CHARACTERS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class VectorCase:
    """Hold one vector; `id` ends with runner, group and name, `runner` says who can check it."""

    id: str
    runner: str
    folder: Path
    given: str
    when: str
    then: str
    tags: tuple[str, ...]
    profile: Any
    input: Mapping[str, Any]
    expected: Outcome

    @property
    def group(self) -> str:
        """Name what a report counts together."""
        return self.id.rpartition("/")[0]

    def request(self) -> bytes:
        """Write the question to a program: one line of JSON, without what is expected."""
        question = {
            "id": self.id,
            "runner": self.runner,
            "profile": self.profile,
            "input": self.input,
        }
        return json.dumps(question, separators=(",", ":")).encode() + b"\n"


def read_case(folder: Path, case_id: str, runner: str) -> VectorCase:
    """Read `case.json`, `input.json` and `expected.json`; raise `CaseError`."""
    about = read_json(folder / CASE_FILE)
    if about.get("format", FORMAT) != FORMAT:
        raise CaseError("format", f"{about['format']}, this reader knows {FORMAT}")
    expected = read_outcome(read_json(folder / "expected.json"))
    if expected.verdict is Verdict.SKIPPED:
        raise CaseError("expected.verdict", "a vector cannot expect to be skipped")
    return VectorCase(
        id=case_id,
        runner=runner,
        folder=folder,
        given=_text(about, "given"),
        when=_text(about, "when"),
        then=_text(about, "then"),
        tags=tuple(str(tag) for tag in read_list(about.get("tags", []), "tags")),
        profile=member(about, "profile", ""),
        input=read_json(folder / "input.json"),
        expected=expected,
    )


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a file that holds one JSON object."""
    try:
        return read_object(parse_json(read_file(path, MAX_FILE_BYTES)), "")
    except ValueError as error:
        raise CaseError(path.name, f"not JSON: {error}") from None


def read_file(path: Path, limit_bytes: int) -> bytes:
    """Read a regular file of a bounded size."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise CaseError(path.name, "not a regular file")
        if status.st_size > limit_bytes:
            raise CaseError(path.name, f"{status.st_size} bytes, at most {limit_bytes}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise CaseError(path.name, str(reason or error)) from None


def is_wanted(case_id: str, pattern: str) -> bool:
    """Tell whether a case's id matches: a glob over all of it, or a part of it."""
    if _GLOB_CHARACTERS & set(pattern):
        return fnmatchcase(case_id, pattern)
    return pattern in case_id


def _text(about: Mapping[str, Any], name: str) -> str:
    value = member(about, name, "")
    if not isinstance(value, str):
        raise CaseError(name, "expected text")
    return value
