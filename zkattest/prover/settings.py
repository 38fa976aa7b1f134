"""Hold the figures of proving: what it needs, how long the worker may take to answer or to end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from zkattest.prover.errors import CannotProve
from zkattest.spec.reasons import Cause

GIB: Final = 1 << 30
MIB: Final = 1 << 20

# Peak of the worker while it proves, whatever the block: provers/sp1/src/settings.rs bounds it.
PROVE_MEMORY_BYTES: Final = 16 * GIB
# Peak of the worker while it only executes, a large witness included.
EXECUTE_MEMORY_BYTES: Final = 1 * GIB
# Shared memory for the guest's memory and the ring of trace chunks.
SHARED_MEMORY_BYTES: Final = 1 * GIB
# Beside the proof of 1.3 MB: the input's copy.
PROVE_DISK_BYTES: Final = 64 * MIB

# Building the worker: the compiler's intermediate files, and the largest crates at once.
BUILD_DISK_BYTES: Final = 8 * GIB
BUILD_MEMORY_BYTES: Final = 4 * GIB

# The worker cleans up within milliseconds of being asked to end; afterwards it is killed.
STOP_GRACE_SECONDS: Final = 5.0
# Time in which the worker has to say its first line.
READY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Needs:
    """Say what must be free before a job starts; all amounts are bytes."""

    memory_bytes: int
    shared_memory_bytes: int = 0
    disk_bytes: int = 0


def prove_needs() -> Needs:
    """Give what proving needs; `ZKATTEST_PROVER_MEMORY_BYTES` says otherwise for odd machines."""
    memory_bytes = _from_environment("ZKATTEST_PROVER_MEMORY_BYTES", PROVE_MEMORY_BYTES)
    return Needs(memory_bytes, SHARED_MEMORY_BYTES, PROVE_DISK_BYTES)


def execute_needs() -> Needs:
    """Give what running the guest without proving needs."""
    return Needs(EXECUTE_MEMORY_BYTES, SHARED_MEMORY_BYTES, PROVE_DISK_BYTES)


def build_needs() -> Needs:
    """Give what building the worker needs."""
    return Needs(BUILD_MEMORY_BYTES, 0, BUILD_DISK_BYTES)


def _from_environment(name: str, default: int) -> int:
    text = os.environ.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise CannotProve(Cause.UNREADABLE_INPUT, f"{name}: {text!r} is not a number of bytes")
    return int(text)
