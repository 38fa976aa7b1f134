"""The guest program: ELF, digest and key belong together."""

import hashlib
from pathlib import Path

import pytest

from zkattest.prover.errors import CannotProve
from zkattest.prover.program import load_program
from zkattest.types.ids import ProgramVk

KEY = ProgramVk(bytes(31) + b"\x07")


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    path = tmp_path / "guest.elf"
    path.write_bytes(b"program")
    path.with_suffix(".sha256").write_text(f"{hashlib.sha256(b'program').hexdigest()}  guest.elf\n")
    path.with_suffix(".vk").write_text(f"{KEY}\n")
    return path


def test_program__loaded(elf: Path) -> None:
    assert load_program(elf).program_vk == KEY


def test_program__refused_changed(elf: Path) -> None:
    elf.write_bytes(b"another program")
    with pytest.raises(CannotProve, match="sha256 is"):
        load_program(elf)


@pytest.mark.parametrize("suffix", [".elf", ".sha256", ".vk"])
def test_program__refused_without_file(elf: Path, suffix: str) -> None:
    elf.with_suffix(suffix).unlink()
    with pytest.raises(CannotProve, match="missing_file"):
        load_program(elf)


def test_program__refused_bad_key(elf: Path) -> None:
    elf.with_suffix(".vk").write_text("0x12")
    with pytest.raises(CannotProve, match="hexadecimal digits"):
        load_program(elf)
