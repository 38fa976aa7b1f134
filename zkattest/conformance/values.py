"""Read and write the values of vectors as JSON has them: bytes, numbers, lists of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from zkattest.crypto.hashing import sha256
from zkattest.types.ids import FixedBytes

# Above what any input may be, so that a wrong count costs a line and not the machine's memory.
MAX_VALUE_BYTES: Final = 1 << 26
# JSON's readers in many languages keep integers exactly up to here only.
FIRST_TEXT_NUMBER: Final = 1 << 53
_MAX_DIGITS: Final = 100
_DIGEST_BYTES: Final = 32

F = TypeVar("F", bound=FixedBytes)


class CaseError(Exception):
    """Say which field of a vector or of an answer cannot be read, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


def read_bytes(value: object, field: str) -> bytes:
    """
    Read bytes: `0x…`, or a list of pieces to be joined.

    A piece is `0x…`, `{"repeat": "0x…", "times": n}` or `{"sha256": "0x…", "bytes": n}`. Raises
    `CaseError`; the size is checked before anything is repeated or made.
    """
    if isinstance(value, str):
        return _read_hex(value, field)
    if not isinstance(value, list):
        raise CaseError(field, "expected 0x and hexadecimal digits, or a list of pieces")
    read, left_bytes = [], MAX_VALUE_BYTES
    for part in value:
        read.append(_read_part(part, left_bytes, field))
        left_bytes -= len(read[-1])
    return b"".join(read)


def stretch(seed: bytes, size_bytes: int) -> bytes:
    """Make bytes that no compressor shortens: SHA-256 of the seed and 0, 1, … as uint64 LE."""
    blocks = -(-size_bytes // _DIGEST_BYTES)
    made = b"".join(sha256(seed + number.to_bytes(8, "little")) for number in range(blocks))
    return made[:size_bytes]


def _read_part(part: object, left_bytes: int, field: str) -> bytes:
    if isinstance(part, str):
        piece, times = _read_hex(part, field), 1
    elif isinstance(part, dict) and part.keys() == {"repeat", "times"}:
        piece, times = _read_hex(part["repeat"], field), read_number(part["times"], field)
    elif isinstance(part, dict) and part.keys() == {"sha256", "bytes"}:
        seed, size_bytes = _read_hex(part["sha256"], field), read_number(part["bytes"], field)
        _require_room(size_bytes, left_bytes, field)
        return stretch(seed, size_bytes)
    else:
        raise CaseError(field, "expected 0x and digits, or a list of these and of repeats")
    _require_room(len(piece) * times, left_bytes, field)
    return piece * times


def _require_room(size_bytes: int, left_bytes: int, field: str) -> None:
    if size_bytes > left_bytes:
        raise CaseError(field, f"more than {MAX_VALUE_BYTES} bytes")


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


def read_text(value: object, field: str) -> str:
    """Read text that can be written as UTF-8."""
    if not isinstance(value, str):
        raise CaseError(field, "expected text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CaseError(field, "half of a character") from None
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
