"""
Read tables of a TOML file field by field, and note every mistake instead of stopping at the first.

A field that is wrong reads as its default, or as the zero of its kind, so that reading goes on;
whoever reads calls `Notes.raise_mistakes` before anything is made of the values.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar

MAX_CONFIG_BYTES: Final = 1 << 22
# A file that is wrong from end to end is told so in as many lines as a person reads.
_MAX_MISTAKES: Final = 50
# TOML promises 64 bits with a sign; Python's parser takes any number.
_MAX_INTEGER: Final = (1 << 63) - 1
_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Say which field is wrong, and what was expected of it."""

    field: str
    reason: str


class ConfigError(Exception):
    """Say which fields of which file are wrong, and how; there is at least one mistake."""

    def __init__(self, path: Path, *mistakes: Mistake) -> None:
        """Keep the parts apart: the command line prints them in its own way."""
        super().__init__("; ".join(f"{path}: {each.field}: {each.reason}" for each in mistakes))
        self.path = path
        self.mistakes = mistakes

    @property
    def field(self) -> str:
        """Name the first field that is wrong."""
        return self.mistakes[0].field

    @property
    def reason(self) -> str:
        """Say what is wrong with the first field."""
        return self.mistakes[0].reason


@dataclass(slots=True)
class Notes:
    """Collect the mistakes of one file, in the order in which they are met."""

    path: Path
    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, name: str, reason: str) -> None:
        """Note a mistake."""
        if len(self.mistakes) < _MAX_MISTAKES:
            self.mistakes.append(Mistake(name, reason))

    def raise_mistakes(self) -> None:
        """Raise `ConfigError` for what was noted, if anything was."""
        if self.mistakes:
            raise ConfigError(self.path, *self.mistakes)


class Table:
    """Read one table; the fields that are asked for are the fields that it may have."""

    def __init__(self, notes: Notes, values: Mapping[str, Any], name: str = "") -> None:
        self.notes = notes
        self._values = values
        self._name = name
        self._known: dict[str, list[Table]] = {}

    # --- Single values ------------------------------------------------------------------------

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        return self._get(key, str, default, "")

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        return self._get(key, bool, default, default)

    def integer(self, key: str, default: int | None = None, *, least: int = 0) -> int:
        """Return an integer that is `least` or more."""
        value = self._get(key, int, default, least)
        if not least <= value <= _MAX_INTEGER:
            self.wrong(key, f"{value}, expected {least} or more, below 2^63")
            return least
        return value

    def choice(self, key: str, kind: type[_E], default: _E) -> _E:
        """Return a member of an enumeration of strings."""
        word = self.text(key, default.value)
        known = {member.value: member for member in kind}
        if word not in known:
            self.wrong(key, f"{word!r}, expected one of {', '.join(known)}")
        return known.get(word, default)

    def path(self, key: str) -> Path | None:
        """Return a path beside the file, or nothing where the field is left out or empty."""
        text = self.text(key, "")
        return self.notes.path.parent / text if text else None

    def hexadecimal(self, key: str, size_bytes: int) -> bytes:
        """Return bytes of a fixed length, written as 0x-hex."""
        if not self.has(key):
            self.wrong(key, "missing")
            return bytes(size_bytes)
        return self._bytes(key, self.text(key), size_bytes)

    def make(self, key: str, make: Callable[[_T], Any], value: _T) -> Any:
        """Build a value that checks itself; nothing where it refuses by `ValueError`."""
        try:
            return make(value)
        except ValueError as error:
            return self.wrong(key, str(error))

    # --- Many values --------------------------------------------------------------------------

    def items(self, key: str, default: Sequence[Any] | None = None) -> list[Any]:
        """Return a list."""
        return list(self._get(key, list, None if default is None else list(default), []))

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.items(key, default)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self.wrong(f"{key}[{index}]", "expected a string")
        return tuple(value for value in values if isinstance(value, str))

    def hex_items(self, key: str, size_bytes: int) -> tuple[bytes, ...]:
        """Return a list of byte strings of a fixed length."""
        items = enumerate(self.texts(key))
        return tuple(self._bytes(f"{key}[{index}]", text, size_bytes) for index, text in items)

    def table(self, key: str) -> Table:
        """Return a table within this one; an empty one where it is left out."""
        found = Table(self.notes, self._get(key, dict, {}, {}), self._path(key))
        self._known[key].append(found)
        return found

    def tables(self, key: str) -> list[Table]:
        """Return the tables of a list."""
        found = []
        for index, values in enumerate(self.items(key)):
            if isinstance(values, dict):
                found.append(Table(self.notes, values, self._path(f"{key}[{index}]")))
            else:
                self.wrong(f"{key}[{index}]", "expected a table")
        self._known[key] += found
        return found

    # --- The rest -----------------------------------------------------------------------------

    def has(self, key: str) -> bool:
        """Tell whether a field is there, and may be."""
        self._known.setdefault(key, [])
        return key in self._values

    def wrong(self, key: str, reason: str) -> None:
        """Note that a field is wrong."""
        self.notes.add(self._path(key), reason)

    def refuse_unknown(self) -> None:
        """Note every field that nobody asked for, here and in the tables within."""
        for key in self._values:
            if key not in self._known:
                self.wrong(key, f"unknown{self._hint(key)}")
        for tables in self._known.values():
            for table in tables:
                table.refuse_unknown()

    def known(self) -> set[str]:
        """Return the dotted names of all fields that were asked for, here and within."""
        names = {self._path(key) for key, tables in self._known.items() if not tables}
        return names.union(*(t.known() for tables in self._known.values() for t in tables))

    def _hint(self, key: str) -> str:
        nearest = difflib.get_close_matches(key, self._known, n=1)
        if nearest:
            return f", nearest known is {nearest[0]}"
        return f", known are {', '.join(sorted(self._known))}"

    def _get(self, key: str, kind: type[_T], default: _T | None, zero: _T) -> _T:
        if not self.has(key):
            if default is None:
                self.wrong(key, "missing")
            return zero if default is None else default
        value = self._values[key]
        # To Python a truth value is a number; to a person who writes a file it is none.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.wrong(key, f"expected {_KINDS[kind]}")
            return zero
        return value

    def _bytes(self, key: str, text: str, size_bytes: int) -> bytes:
        try:
            value = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            value = b""
        if len(value) != size_bytes or len(text) != 2 + 2 * size_bytes or text[:2] != "0x":
            # What was written may be a secret: it is not repeated.
            self.wrong(key, f"expected 0x and {2 * size_bytes} hexadecimal digits")
            return bytes(size_bytes)
        return value

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key


_KINDS: Final[Mapping[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    list: "a list",
    dict: "a table",
}


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a file of bounded size; raise `ConfigError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
        if len(data) > MAX_CONFIG_BYTES:
            raise ConfigError(path, Mistake("file", f"larger than {MAX_CONFIG_BYTES} bytes"))
        return tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise ConfigError(path, Mistake("file", error.strerror or str(error))) from error
    except RecursionError as error:
        raise ConfigError(path, Mistake("file", "nested too deeply")) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, Mistake("file", str(error))) from error
