"""Hold columns of 256-bit numbers as arrays, so that a rule compares a whole block at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

WORD_BYTES: Final = 32
_LIMBS: Final = 4
_LIMIT: Final = 1 << 256

Mask = NDArray[np.bool_]
Numbers = NDArray[np.uint64]


class Words:
    """
    Hold one 256-bit number for each row.

    Comparisons give a mask. The other side is one number of any size, or a column as long.
    """

    __slots__ = ("is_narrow", "limbs")

    def __init__(self, limbs: Numbers) -> None:
        """Take the limbs: shape (4, rows), the most significant first."""
        self.limbs = limbs
        self.is_narrow = not limbs[:-1].any()

    @classmethod
    def from_bytes(cls, data: bytes) -> Words:
        """Read numbers of 32 bytes each, big-endian."""
        rows = np.frombuffer(data, dtype=">u8").reshape(-1, _LIMBS)
        return cls(np.ascontiguousarray(rows.T, dtype=np.uint64))

    @property
    def low(self) -> Numbers:
        """Give the low 64 bits of each number."""
        low: Numbers = self.limbs[-1]
        return low

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, row: int) -> int:
        return int.from_bytes(self.limbs[:, row].astype(">u8").tobytes(), "big")

    def __lt__(self, other: int | Words) -> Mask:
        if isinstance(other, int) and other >= _LIMIT:
            return np.ones(len(self), dtype=np.bool_)
        return _is_below(self, _as_words(other, self))

    def __gt__(self, other: int | Words) -> Mask:
        if isinstance(other, int) and other >= _LIMIT:
            return np.zeros(len(self), dtype=np.bool_)
        return _is_below(_as_words(other, self), self)

    def differs(self, other: int) -> Mask:
        """Mark the numbers that are not the other one."""
        return (self < other) | (self > other)

    def tolist(self) -> list[int]:
        """Give Python's numbers."""
        numbers: list[int] = self.low.tolist()
        if not self.is_narrow:
            for row in np.flatnonzero(self.limbs[:-1].any(axis=0)).tolist():
                numbers[row] = self[row]
        return numbers


def _as_words(other: int | Words, like: Words) -> Words:
    if isinstance(other, Words):
        return other
    limbs = other.to_bytes(WORD_BYTES, "big")
    column = np.frombuffer(limbs, dtype=">u8").astype(np.uint64).reshape(_LIMBS, 1)
    return Words(np.broadcast_to(column, (_LIMBS, len(like))))


def _is_below(left: Words, right: Words) -> Mask:
    """Compare from the lowest limb up: a higher one decides unless it is equal."""
    below: Mask = left.limbs[-1] < right.limbs[-1]
    if left.is_narrow and right.is_narrow:
        return below
    for mine, theirs in zip(left.limbs[-2::-1], right.limbs[-2::-1], strict=True):
        below = (mine < theirs) | ((mine == theirs) & below)
    return below
