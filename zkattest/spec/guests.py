"""Say what running a guest program gives, and how it can fail."""

from __future__ import annotations

from dataclasses import dataclass

from zkattest.spec.reasons import Cause


@dataclass(frozen=True, slots=True)
class GuestRun:
    """Say what a guest committed to, and what the run cost."""

    public_values: bytes
    cycles: int
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class GuestProof:
    """Hold a proof of a run, what it commits to, and what proving cost."""

    public_values: bytes
    proof: bytes
    cycles: int
    elapsed_ms: int


class GuestFailure(Exception):
    """Say what the zkVM said against a run: the fault of what it was given."""


class GuestUnavailable(Exception):
    """Say that a guest could not be run, and why: our fault."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        """Keep the cause and one line of detail."""
        super().__init__(f"{cause}: {detail}" if detail else str(cause))
        self.cause = cause
