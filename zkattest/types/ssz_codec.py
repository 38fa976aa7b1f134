"""
Encode and decode SSZ objects whose shape is written down as data.

Decoding is strict: lengths are checked before anything is copied, offsets have to be the canonical
ones, and nothing may follow the object. Every failure is a `DecodeError` with the field's path.

Progressive types (EIP-7916, EIP-7495) have the bytes of their bounded relatives, but other roots.
Their limits are bounds on what we decode, and no part of the type.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from zkattest.types.errors import DecodeError, EncodeError

OFFSET_BYTES = 4

T = TypeVar("T")
_Bytes = TypeVar("_Bytes", bound=bytes)
_Int = TypeVar("_Int", bound=int)


class Codec(Generic[T]):
    """Translate one SSZ type; `fixed_bytes` is None where the size depends on the value."""

    fixed_bytes: int | None = None

    def encode(self, value: T, field: str) -> bytes:
        """Write a value."""
        raise NotImplementedError

    def decode(self, data: memoryview, field: str) -> T:
        """Read a value from exactly these bytes."""
        raise NotImplementedError

    def decode_each(self, data: memoryview, bounds: Sequence[int], field: str) -> list[T]:
        """Read the elements of a list, one between every two bounds."""
        pairs = enumerate(itertools.pairwise(bounds))
        return [self.decode(data[low:high], f"{field}[{i}]") for i, (low, high) in pairs]


class Uint(Codec[_Int]):
    """Translate a little-endian unsigned integer."""

    def __init__(self, size_bytes: int, kind: Callable[[int], _Int]) -> None:
        """Fix the width, and the class of the values."""
        self.fixed_bytes: int = size_bytes
        self.kind = kind

    def encode(self, value: _Int, field: str) -> bytes:
        """Write a value that fits."""
        if not 0 <= value < 1 << (8 * self.fixed_bytes):
            raise EncodeError(field, f"{value} does not fit {self.fixed_bytes} bytes")
        return int(value).to_bytes(self.fixed_bytes, "little")

    def decode(self, data: memoryview, field: str) -> _Int:
        """Read exactly the width."""
        _require_size(data, self.fixed_bytes, field)
        return self.kind(int.from_bytes(data, "little"))


class Boolean(Codec[bool]):
    """Translate one byte that is 0 or 1."""

    fixed_bytes = 1

    def encode(self, value: bool, field: str) -> bytes:  # noqa: FBT001 - the codec of booleans
        """Write 0 or 1."""
        return b"\x01" if value else b"\x00"

    def decode(self, data: memoryview, field: str) -> bool:
        """Refuse every byte but 0 and 1."""
        _require_size(data, 1, field)
        if data[0] > 1:
            raise DecodeError(field, f"boolean is {data[0]}")
        return data[0] == 1


class ByteVector(Codec[_Bytes]):
    """Translate a byte string of fixed length."""

    def __init__(self, size_bytes: int, kind: Callable[[bytes], _Bytes]) -> None:
        """Fix the length, and the class of the values."""
        self.fixed_bytes: int = size_bytes
        self.kind = kind

    def encode(self, value: _Bytes, field: str) -> bytes:
        """Write a value of the fixed length."""
        if len(value) != self.fixed_bytes:
            raise EncodeError(field, f"{len(value)} bytes, expected {self.fixed_bytes}")
        return bytes(value)

    def decode(self, data: memoryview, field: str) -> _Bytes:
        """Read exactly the length."""
        _require_size(data, self.fixed_bytes, field)
        return self.kind(bytes(data))


class ByteList(Codec[bytes]):
    """Translate a byte string up to a limit."""

    def __init__(self, limit_bytes: int) -> None:
        """Fix the limit."""
        self.limit_bytes = limit_bytes

    def encode(self, value: bytes, field: str) -> bytes:
        """Write a value within the limit."""
        if len(value) > self.limit_bytes:
            raise EncodeError(field, _over(len(value), self.limit_bytes, "bytes"))
        return bytes(value)

    def decode(self, data: memoryview, field: str) -> bytes:
        """Refuse more than the limit before copying."""
        if len(data) > self.limit_bytes:
            raise DecodeError(field, _over(len(data), self.limit_bytes, "bytes"))
        return bytes(data)

    def decode_each(self, data: memoryview, bounds: Sequence[int], field: str) -> list[bytes]:
        """Read many at once: witnesses have a million elements, whose names nobody needs."""
        pairs = itertools.pairwise(bounds)
        if any(high - low > self.limit_bytes for low, high in pairs):
            return super().decode_each(data, bounds, field)
        whole = bytes(data)
        return [whole[low:high] for low, high in itertools.pairwise(bounds)]


class ProgressiveByteList(ByteList):
    """Translate a byte string without a limit of its type; `limit_bytes` is ours."""


class ListOf(Codec[tuple[T, ...]]):
    """Translate a list of up to `limit` elements."""

    def __init__(self, element: Codec[T], limit: int) -> None:
        """Fix the kind of the elements and their greatest number."""
        self.element = element
        self.limit = limit

    def encode(self, value: Sequence[T], field: str) -> bytes:
        """Write the elements, with offsets before them where their size varies."""
        if len(value) > self.limit:
            raise EncodeError(field, _over(len(value), self.limit, "elements"))
        parts = [self.element.encode(item, f"{field}[{i}]") for i, item in enumerate(value)]
        if self.element.fixed_bytes is not None:
            return b"".join(parts)
        return _offsets_of(parts, OFFSET_BYTES * len(parts), field) + b"".join(parts)

    def decode(self, data: memoryview, field: str) -> tuple[T, ...]:
        """Check the number of elements before the first one is read."""
        bounds = self._bounds(data, field)
        if len(bounds) - 1 > self.limit:
            raise DecodeError(field, _over(len(bounds) - 1, self.limit, "elements"))
        return tuple(self.element.decode_each(data, bounds, field))

    def _bounds(self, data: memoryview, field: str) -> Sequence[int]:
        size = self.element.fixed_bytes
        if size is not None:
            if len(data) % size:
                raise DecodeError(field, f"{len(data)} bytes are no multiple of {size}")
            return range(0, len(data) + 1, size)
        if len(data) == 0:
            return (0,)
        if len(data) < OFFSET_BYTES:
            raise DecodeError(field, "truncated offset")
        first = int.from_bytes(data[:OFFSET_BYTES], "little")
        if first == 0 or first % OFFSET_BYTES or first > len(data):
            raise DecodeError(field, f"first offset {first} is not canonical")
        if first // OFFSET_BYTES > self.limit:
            raise DecodeError(field, _over(first // OFFSET_BYTES, self.limit, "elements"))
        offsets = struct.unpack(f"<{first // OFFSET_BYTES}I", data[:first])
        return _checked_bounds(offsets, first, len(data), field)


class ProgressiveListOf(ListOf[T]):
    """Translate a list without a limit of its type; `limit` is ours."""


class Container(Codec[T]):
    """Translate an object with named fields, in their order."""

    def __init__(self, build: Callable[..., T], /, **fields: Codec[Any]) -> None:
        """Fix the class of the values and the codec of each field."""
        self.build = build
        self.fields = tuple(fields.items())
        self._head_bytes = sum(codec.fixed_bytes or OFFSET_BYTES for codec in fields.values())
        if all(codec.fixed_bytes is not None for codec in fields.values()):
            self.fixed_bytes = self._head_bytes

    def encode(self, value: T, field: str = "") -> bytes:
        """Write the fixed part, then the fields of varying size."""
        named = [
            (codec, codec.encode(getattr(value, n), _join(field, n))) for n, codec in self.fields
        ]
        tail = [part for codec, part in named if codec.fixed_bytes is None]
        offsets = _offsets_of(tail, self._head_bytes, field)
        head, used = bytearray(), 0
        for codec, part in named:
            if codec.fixed_bytes is None:
                head += offsets[used : used + OFFSET_BYTES]
                used += OFFSET_BYTES
            else:
                head += part
        return bytes(head) + b"".join(tail)

    def decode(self, data: memoryview, field: str = "") -> T:
        """Read the fixed part, check the offsets, then read each field from its own bytes."""
        if len(data) < self._head_bytes:
            raise DecodeError(
                field or "object", f"truncated: {len(data)} bytes, needs {self._head_bytes}"
            )
        if self.fixed_bytes is not None:
            _require_size(data, self.fixed_bytes, field or "object")
        spans, names, offsets, at = {}, [], [], 0
        for name, codec in self.fields:
            size = codec.fixed_bytes or OFFSET_BYTES
            spans[name] = data[at : at + size]
            if codec.fixed_bytes is None:
                names.append(name)
                offsets.append(int.from_bytes(spans[name], "little"))
            at += size
        if names:
            bounds = _checked_bounds(offsets, self._head_bytes, len(data), field or "object")
            for i, name in enumerate(names):
                spans[name] = data[bounds[i] : bounds[i + 1]]
        return self.build(
            **{n: codec.decode(spans[n], _join(field, n)) for n, codec in self.fields}
        )


class ProgressiveContainer(Container[T]):
    """Translate a progressive container whose fields are all active."""


def decode_object(codec: Container[T], data: bytes, limit_bytes: int) -> T:
    """Refuse more than `limit_bytes`, then decode."""
    if len(data) > limit_bytes:
        raise DecodeError("object", _over(len(data), limit_bytes, "bytes"))
    return codec.decode(memoryview(data))


def _checked_bounds(offsets: Sequence[int], first: int, end: int, field: str) -> Sequence[int]:
    # Canonical: the first offset is the end of the fixed part, none decreases or exceeds the end.
    if offsets[0] != first:
        raise DecodeError(field, f"first offset is {offsets[0]}, expected {first}")
    bounds = [*offsets, end]
    if sorted(bounds) != bounds:
        raise DecodeError(field, "offsets decrease or exceed the data")
    return bounds


def _offsets_of(parts: Sequence[bytes], start: int, field: str) -> bytes:
    offsets, at = [], start
    for part in parts:
        offsets.append(at)
        at += len(part)
    if at >= 1 << 32:
        raise EncodeError(field, "4 GiB or more")
    return struct.pack(f"<{len(offsets)}I", *offsets)


def _require_size(data: memoryview, expected: int, field: str) -> None:
    if len(data) != expected:
        raise DecodeError(field, f"{len(data)} bytes, expected {expected}")


def _over(got: int, limit: int, unit: str) -> str:
    return f"{got} {unit} exceed the limit of {limit}"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
