"""Ration what strangers can make us do: so much at once, and so much a second after that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """Hold an allowance that refills with time; the clock is the caller's."""

    burst: float
    per_s: float
    spent: float = 0.0
    at_s: float = 0.0

    def has(self, amount: float, now_s: float) -> bool:
        """Say whether `amount` is left."""
        self.spent = max(0.0, self.spent - (now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        return self.spent + amount <= self.burst

    def take(self, amount: float, now_s: float) -> bool:
        """Spend `amount` if it is left, else nothing."""
        if not self.has(amount, now_s):
            return False
        self.spent += amount
        return True
