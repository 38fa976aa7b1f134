"""Read a guest program: its ELF, checked against the digest and the key that lie beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from zkattest.prover.errors import CannotProve
from zkattest.prover.resources import guest_elf
from zkattest.spec.reasons import Cause
from zkattest.types.ids import ProgramVk

MAX_ELF_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class Program:
    """Name a guest program: where its ELF is and which key its proofs verify under."""

    elf: Path
    program_vk: ProgramVk


def load_program(elf: Path | None = None) -> Program:
    """Load the guest program, ours unless another is named; refuse an ELF that was changed."""
    elf = elf or guest_elf()
    try:
        if elf.stat().st_size > MAX_ELF_BYTES:
            raise CannotProve(Cause.UNREADABLE_INPUT, f"{elf}: more than {MAX_ELF_BYTES} bytes")
        digest = hashlib.sha256(elf.read_bytes()).hexdigest()
        expected = elf.with_suffix(".sha256").read_text().split()[0].lower()
        key = elf.with_suffix(".vk").read_text().strip()
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise CannotProve(Cause.MISSING_FILE, f"guest program: {error}") from error
    if digest != expected:
        raise CannotProve(
            Cause.UNREADABLE_INPUT, f"{elf}: sha256 is {digest}, {expected} is committed"
        )
    try:
        return Program(elf, ProgramVk.from_hex(key))
    except ValueError as error:
        raise CannotProve(Cause.UNREADABLE_INPUT, f"{elf.with_suffix('.vk')}: {error}") from error
