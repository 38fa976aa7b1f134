"""
Find which refusal a block's columns give first.

A rule looks at all transactions at once. What counts is the first transaction that breaks a rule,
and of that one the rule that was noted first: as if each transaction were checked by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zkattest.spec.reasons import InvalidBlock, Reason
from zkattest.types.words import Mask, Words

Operand = int | Words | NDArray[Any] | Callable[[int], object]


class FirstRefusal:
    """Note what rules refuse; raise for the first transaction of the block."""

    __slots__ = ("_error", "_row")

    def __init__(self) -> None:
        self._row: int | None = None
        self._error: Callable[[], Exception] | None = None

    def where(self, refused: Mask, reason: Reason, **operands: Operand) -> None:
        """Refuse the transactions marked; an operand is a number, a column, or made of the row."""
        if refused.any():
            self.at(int(refused.argmax()), reason, **operands)

    def at(self, row: int, reason: Reason, **operands: Operand) -> None:
        """Refuse one transaction."""
        self.because(row, lambda: InvalidBlock(reason, index=row, **_at_row(operands, row)))

    def because(self, row: int, error: Callable[[], Exception]) -> None:
        """Stop at one transaction for any typed reason."""
        if self._row is None or row < self._row:
            self._row, self._error = row, error

    def raise_first(self) -> None:
        """Raise what the first transaction broke first, if anything."""
        if self._error is not None:
            raise self._error()


def _at_row(operands: dict[str, Operand], row: int) -> dict[str, object]:
    return {name: _value(operand, row) for name, operand in operands.items()}


def _value(operand: Operand, row: int) -> object:
    if isinstance(operand, np.ndarray):
        return int(operand[row])
    if isinstance(operand, Words):
        return operand[row]
    return operand(row) if callable(operand) else operand
