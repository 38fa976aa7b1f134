"""Read and write the values of vectors as JSON has them: bytes, numbers, lists of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from zkattest.types.ids import FixedBytes

# Above what any input may be, so that a wrong count costs a line and not the machine's memory.
MAX_VALUE_BYTES: Final = 1 << 26
# JSON's readers in many languages keep integers exactly up to here only.
FIRST_TEXT_NUMBER: Final = 1 << 53
_MAX_DIGITS: Final = 100

F = TypeVar("F", bound=FixedBytes)


class CaseError(Exception):
    """Say which field of a vector or of an answer cannot be read, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


def read_bytes(value: object, field: str) -> bytes:
    """
    Read bytes: `0x…`, or a list of `0x…` and `{"repeat": "0x…", "times": n}` to be joined.

    Raises `CaseError`; the size is checked before anything is repeated.
    """
    if isinstance(value, str):
        return _read_hex(value, field)
    if not isinstance(value, list):
        raise CaseError(field, "expected 0x and hexadecimal digits, or a list of pieces")
    read, size_bytes = [], 0
    for part in value:
        piece, times = _read_part(part, field)
        size_bytes += len(piece) * times
        if size_bytes > MAX_VALUE_BYTES:
            raise CaseError(field, f"more than {MAX_VALUE_BYTES} bytes")
        read.append(piece * times)
    return b"".join(read)


def _read_part(part: object, field: str) -> tuple[bytes, int]:
    if isinstance(part, str):
        return _read_hex(part, field), 1
    if isinstance(part, dict) and part.keys() == {"repeat", "times"}:
        return _read_hex(part["repeat"], field), read_number(part["times"], field)
    raise CaseError(field, "expected 0x and digits, or a list of these and of repeats")


def _read_hex(text: object, field: str) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x") or not text.isascii():
        raise CaseError(field, "expected 0x and hexadecimal digits")
    try:
        # White space between digits is what this reader would take and others would not.
        return bytes.fromhex(text[2:] if text.isprintable() and " " not in text else "?")
    except ValueError:
        raise CaseError(field, "expected 0x and pairs of hexadecimal digits") from None


def read_fixed(value: object, kind: type[F], field: str) -> F:
    """Read bytes of the length that an id has."""
    try:
        return kind(read_bytes(value, field))
    except ValueError as error:
        raise CaseError(field, str(error)) from None


def read_number(value: object, field: str) -> int:
    """Read an unsigned number: a JSON integer, or a string of decimal or 0x-hexadecimal digits."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isascii() and len(value) <= _MAX_DIGITS:
        digits, base = (value[2:], 16) if value.startswith("0x") else (value, 10)
        if digits.isalnum():
            try:
                return int(digits, base)
            except ValueError:
                pass
    raise CaseError(field, "expected an unsigned number")


def read_flag(value: object, field: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise CaseError(field, "expected true or false")
    return value


def read_list(value: object, field: str) -> list[Any]:
    """Read a list."""
    if not isinstance(value, list):
        raise CaseError(field, "expected a list")
    return value


def read_object(value: object, field: str) -> Mapping[str, Any]:
    """Read an object."""
    if not isinstance(value, dict):
        raise CaseError(field, "expected an object")
    return value


def member(value: Mapping[str, Any], name: str, field: str) -> Any:
    """Give a member that has to be there; `field` is the path of the object."""
    if name not in value:
        raise CaseError(f"{field}.{name}" if field else name, "missing")
    return value[name]


def as_json(value: object) -> Any:
    """Write a value as vectors do: bytes in hexadecimal, numbers of 2**53 and more as text."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool | str) or value is None:
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value) if value < FIRST_TEXT_NUMBER else str(int(value))
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form in a vector")
