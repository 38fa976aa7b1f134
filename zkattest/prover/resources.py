"""Find the files that come with the package: the guest program, the worker's sources."""

from __future__ import annotations

from pathlib import Path

from zkattest.prover.errors import CannotProve
from zkattest.spec.reasons import Cause

# In a wheel the files lie in the package, in a checkout where they are developed.
_PACKAGED = Path(__file__).parent / "data"
_CHECKOUT = Path(__file__).parents[2]


def find_resource(packaged: str, in_checkout: str) -> Path:
    """Find a file or folder of the package by its two possible places."""
    for path in (_PACKAGED / packaged, _CHECKOUT / in_checkout):
        if path.exists():
            return path
    raise CannotProve(Cause.MISSING_FILE, f"{in_checkout} is neither in the package nor beside it")


def worker_sources() -> Path:
    """Give the folder of the worker's crate."""
    return find_resource("worker", "provers/sp1")


def guest_elf() -> Path:
    """Give the guest program's ELF; its sha256 and key lie beside it."""
    return find_resource("elf/zkattest-guest.elf", "guests/sp1/elf/zkattest-guest.elf")
