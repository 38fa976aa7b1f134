"""Say where a machine stands, for people who look at it; no rule reads this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zkattest.types.ids import BlockHash, Slot


@dataclass(frozen=True, slots=True)
class Head:
    """Name the newest block that is valid, and whether its ancestors are proven."""

    slot: Slot
    block_hash: BlockHash
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold what an attester knows and what it works on, in numbers."""

    head: Head
    proven_slot: Slot
    """The newest slot whose block is valid and proven back to the anchor."""
    jobs: Mapping[str, int]
    """Messages between arrival and verdict, by what they wait for."""
    blocks: int
    roots: int
    """Proven roots that are remembered."""
