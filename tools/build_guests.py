"""
Rebuild the guest programs and compare them with the committed ones.

`python -m tools.build_guests` builds each guest with Debian's compiler and compares the ELF with
`guests/sp1/elf/`. Another compiler gives another ELF, hence another program key: then it says so
and exits 2. `--update` writes ELF, sha256 and, through the prover worker, the program key.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUESTS = ROOT / "guests" / "sp1"
ELF_FOLDER = GUESTS / "elf"
PROGRAMS = {"delayed-execution": "zkattest-guest", "crypto-tests": "crypto-tests"}
COMPILER = Path("/usr/bin/rustc")
PACKAGES = "rustc-web cargo-web rust-web-src lld-19"


def compiler_version() -> str | None:
    """Return the version of the guest compiler, or None when it is not installed."""
    if not COMPILER.exists() or shutil.which("ld.lld-19") is None:
        return None
    answer = subprocess.run([COMPILER, "--version"], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def build(folder: str) -> bytes:
    """Build one guest and return its ELF."""
    command = ["sh", str(GUESTS / "build.sh"), str(GUESTS / folder)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Path(answer.stdout.strip().splitlines()[-1]).read_bytes()


def program_vk(elf: Path) -> str:
    """Ask the prover worker for the key of a program."""
    command: list[str | Path] = [ROOT / ".venv" / "bin" / "zkattest", "prover", "key", elf]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return answer.stdout.strip()


def update(name: str, elf: bytes, compiler: str) -> None:
    """Write ELF, sha256, compiler and key of one program."""
    ELF_FOLDER.mkdir(exist_ok=True)
    path = ELF_FOLDER / f"{name}.elf"
    path.write_bytes(elf)
    (ELF_FOLDER / f"{name}.sha256").write_text(f"{hashlib.sha256(elf).hexdigest()}  {name}.elf\n")
    (ELF_FOLDER / f"{name}.compiler").write_text(f"{compiler}\n")
    (ELF_FOLDER / f"{name}.vk").write_text(f"{program_vk(path)}\n")


def compare(name: str, elf: bytes, compiler: str) -> int:
    """Compare a fresh ELF with the committed one and return the exit code."""
    committed = (ELF_FOLDER / f"{name}.sha256").read_text().split()[0]
    fresh = hashlib.sha256(elf).hexdigest()
    if fresh == committed:
        print(f"{name}: same as the committed ELF (sha256 {fresh})")
        return 0
    recorded = (ELF_FOLDER / f"{name}.compiler").read_text().strip()
    if compiler != recorded:
        print(f"{name}: not comparable: built with {compiler!r}, committed with {recorded!r}")
        return 2
    print(f"{name}: differs: committed {committed}, built {fresh}")
    return 1


def main() -> int:
    """Build every guest, compare or update, and return the worst exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write what was built")
    parser.add_argument("guests", nargs="*", metavar="GUEST", help="folders (default: all)")
    arguments = parser.parse_args()
    compiler = compiler_version()
    if compiler is None:
        print(f"guest compiler missing: apt-get install -y {PACKAGES}", file=sys.stderr)
        return 2
    worst = 0
    for folder in arguments.guests or PROGRAMS:
        print(f"{folder}: building (three minutes the first time)", flush=True)
        elf = build(folder)
        if arguments.update:
            update(PROGRAMS[folder], elf, compiler)
        else:
            worst = max(worst, compare(PROGRAMS[folder], elf, compiler))
    return worst


if __name__ == "__main__":
    sys.exit(main())
