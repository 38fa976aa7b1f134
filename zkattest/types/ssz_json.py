"""
Translate SSZ objects to JSON and back, strictly.

Source: consensus-specs `ssz/simple-serialize.md`, JSON mapping, as Beacon APIs use it: integers
are decimal strings, bytes are `0x` and two digits each. Every object has exactly its keys, once
each; every failure is a `DecodeError` with the field's path.
"""

from __future__ import annotations

import binascii
from typing import Any, Final, TypeVar

from zkattest.types.errors import DecodeError
from zkattest.types.json_text import parse_small_json
from zkattest.types.ssz_codec import (
    Boolean,
    ByteList,
    ByteVector,
    Codec,
    Container,
    ListOf,
    Uint,
)

T = TypeVar("T")
_KEY_CHARACTERS: Final = 40
# Four messages have some fifty quotes, commas and brackets each.
_MAX_MARKS: Final = 4_096


class JsonObject(tuple[tuple[str, Any], ...]):
    """Hold the pairs of a JSON object as they came, repeated keys included."""

    __slots__ = ()


def to_json(codec: Codec[T], value: T) -> Any:
    """Reduce a value to strings, booleans, lists and dictionaries."""
    match codec:
        case Uint():
            return str(int(value))  # type: ignore[call-overload]
        case Boolean():
            return bool(value)
        case ByteVector() | ByteList():
            return "0x" + value.hex()  # type: ignore[attr-defined]
        case ListOf():
            return [to_json(codec.element, item) for item in value]  # type: ignore[attr-defined]
        case Container():
            return {name: to_json(kind, getattr(value, name)) for name, kind in codec.fields}
    raise TypeError(f"no JSON for {type(codec).__name__}")


def from_json(codec: Codec[T], data: bytes, limit_bytes: int) -> T:
    """Refuse more than `limit_bytes` of text, or too many values, then parse it and read one."""
    if len(data) > limit_bytes:
        raise DecodeError("json", f"{len(data)} bytes exceed the limit of {limit_bytes}")
    try:
        parsed = parse_small_json(data, JsonObject, max_marks=_MAX_MARKS)
    except ValueError as error:
        raise DecodeError("json", str(error)) from None
    value: T = read_json(codec, parsed, "")
    return value


def read_json(codec: Codec[Any], parsed: Any, field: str) -> Any:
    """Read a value from parsed JSON, whose objects are `JsonObject`."""
    match codec:
        case Uint():
            return codec.kind(_integer(parsed, 8 * (codec.fixed_bytes or 0), field))
        case Boolean():
            return _expect(bool, parsed, "true or false", field)
        case ByteVector():
            return codec.kind(_bytes(parsed, codec.fixed_bytes or 0, field, exactly=True))
        case ByteList():
            return _bytes(parsed, codec.limit_bytes, field, exactly=False)
        case ListOf():
            return _items(codec, parsed, field)
        case Container():
            return _object(codec, parsed, field)
    raise TypeError(f"no JSON for {type(codec).__name__}")


def _integer(parsed: Any, bits: int, field: str) -> int:
    text: str = _expect(str, parsed, "a string of decimal digits", field)
    # As many digits as the greatest value has; more would only cost time.
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(1 << bits)):
        raise DecodeError(field, f"expected decimal digits of at most {bits} bits")
    if text[0] == "0" and text != "0":
        raise DecodeError(field, "leading zeros")
    if (number := int(text)) >> bits:
        raise DecodeError(field, f"{number} does not fit {bits} bits")
    return number


def _bytes(parsed: Any, size: int, field: str, *, exactly: bool) -> bytes:
    text: str = _expect(str, parsed, "a string of hexadecimal digits", field)
    if not text.startswith("0x"):
        raise DecodeError(field, "does not begin with 0x")
    digits = len(text) - 2
    if digits % 2:
        raise DecodeError(field, f"{digits} hexadecimal digits are no whole bytes")
    if exactly and digits != 2 * size:
        raise DecodeError(field, f"{digits // 2} bytes, expected {size}")
    if digits > 2 * size:
        raise DecodeError(field, f"{digits // 2} bytes exceed the limit of {size}")
    try:
        return binascii.unhexlify(text[2:])
    except ValueError:
        raise DecodeError(field, "not hexadecimal") from None


def _items(codec: ListOf[Any], parsed: Any, field: str) -> tuple[Any, ...]:
    items: list[Any] = _expect(list, parsed, "a list", field)
    if len(items) > codec.limit:
        reason = f"{len(items)} elements exceed the limit of {codec.limit}"
        raise DecodeError(field or "list", reason)
    return tuple(read_json(codec.element, item, f"{field}[{i}]") for i, item in enumerate(items))


def _object(codec: Container[Any], parsed: Any, field: str) -> Any:
    pairs = _expect(JsonObject, parsed, "an object", field)
    known, values = dict(codec.fields), {}
    for key, value in pairs:
        path = _join(field, key[:_KEY_CHARACTERS])
        if key not in known:
            raise DecodeError(path, "unknown key")
        if key in values:
            raise DecodeError(path, "stands there twice")
        values[key] = value
    for key in known:
        if key not in values:
            raise DecodeError(_join(field, key), "missing")
    return codec.build(
        **{key: read_json(kind, values[key], _join(field, key)) for key, kind in codec.fields}
    )


def _expect(kind: type[T], parsed: Any, wanted: str, field: str) -> T:
    # A boolean is an integer to Python, but none of ours asks for a JSON number.
    if not isinstance(parsed, kind):
        raise DecodeError(field or "object", f"expected {wanted}, got {_name(parsed)}")
    return parsed


def _name(parsed: Any) -> str:
    match parsed:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
    return "an object"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
