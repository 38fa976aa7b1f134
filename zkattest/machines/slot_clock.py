"""Turn times into slots and back; every time is Unix time in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zkattest.types.ids import Slot

# Attestations are due a third into the slot (INTERVALS_PER_SLOT of the consensus specs).
INTERVALS_PER_SLOT: Final = 3


@dataclass(frozen=True, slots=True)
class SlotClock:
    """Count slots from genesis; slot 0 begins there."""

    genesis_time_ms: int
    slot_ms: int
    attestation_due_ms: int | None = None
    """How far into a slot attestations are due; None means a third of it."""

    def __post_init__(self) -> None:
        """Refuse slots too short to hold three intervals."""
        if self.slot_ms < INTERVALS_PER_SLOT:
            raise ValueError(f"slot_ms: {self.slot_ms}, expected at least {INTERVALS_PER_SLOT}")

    def slot_at(self, time_ms: int) -> Slot:
        """Name the slot of a time; before genesis it is slot 0."""
        return Slot(max(0, (time_ms - self.genesis_time_ms) // self.slot_ms))

    def start_ms(self, slot: Slot) -> int:
        """Give the time at which a slot begins."""
        return self.genesis_time_ms + slot * self.slot_ms

    def deadline_ms(self, slot: Slot) -> int:
        """Give the time by which an attester has to have decided."""
        due_ms = self.attestation_due_ms
        return self.start_ms(slot) + (
            self.slot_ms // INTERVALS_PER_SLOT if due_ms is None else due_ms
        )

    def end_ms(self, slot: Slot) -> int:
        """Give the time at which the next slot begins."""
        return self.start_ms(slot) + self.slot_ms
