"""A golden proof of each system, and the Rust program that verifies it without us around it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tests.helpers.proofs import GOLDEN_PROOFS, GoldenProof

ROOT = Path(__file__).resolve().parents[2]
PLONK_KEY = ROOT / "rust/verifiers/sp1-snark/src/keys/plonk-v5.0.0.bin"


@dataclass(frozen=True)
class Case:
    """Name a proof, the example that verifies it, and what is called there."""

    name: str
    package: str
    example: str
    bare: str
    arguments: tuple[str, ...]
    """What the example is given: words, and names of files that `Bare` writes."""

    @property
    def golden(self) -> GoldenProof:
        """Return the proof."""
        return GOLDEN_PROOFS[self.name]


CASES = (
    Case("sp1", "sp1", "bare", "sp1-verifier", ("proof", "program_vk")),
    Case(
        "sp1-groth16",
        "sp1-snark",
        "bare_snark",
        "sp1-verifier",
        ("=groth16", "proof", "program_vk", "public_values"),
    ),
    Case(
        "sp1-plonk",
        "sp1-snark",
        "bare_snark",
        "sp1-verifier",
        ("=plonk", "proof", "program_vk", "public_values", f"={PLONK_KEY}"),
    ),
    Case(
        "risc0-groth16",
        "risc0-groth16",
        "bare_risc0",
        "our crate from Rust",
        ("proof", "program_vk", "public_values"),
    ),
    Case("zisk", "zisk", "bare_zisk", "proofman-verifier", ("proof",)),
    Case(
        "groth16-bn254-snarkjs",
        "groth16-bn254",
        "bare_groth16",
        "ark-groth16, all decoded",
        ("proof", "verifier_key", "public_values"),
    ),
)


def build() -> Path:
    """Build the examples with the workspace's own profile; return where they lie."""
    packages = {f"--package=zkattest-verifier-{case.package}" for case in CASES}
    command = [str(ROOT / "tools" / "cargo.sh"), "build", "--release", "--quiet", "--locked"]
    manifest = f"--manifest-path={ROOT / 'rust' / 'Cargo.toml'}"
    subprocess.run([*command, "--examples", manifest, *sorted(packages)], check=True)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = os.environ.get("CARGO_TARGET_DIR") or base / "zkattest" / "target-rust"
    return Path(target) / "release" / "examples"


class Bare:
    """Run an example, and have it verify once at a time."""

    def __init__(self, case: Case, programs: Path, folder: Path) -> None:
        """Write the files that it is given, and start it."""
        words = []
        for argument in case.arguments:
            if argument.startswith("="):
                words.append(argument[1:])
                continue
            path = folder / f"{case.name}-{argument}"
            path.write_bytes(getattr(case.golden, argument))
            words.append(str(path))
        self._process = subprocess.Popen(
            [programs / case.example, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def verify_ms(self) -> tuple[float, float]:
        """Return wall time and processor time of one verification."""
        requests = cast("IO[str]", self._process.stdin)
        requests.write("\n")
        requests.flush()
        wall_ns, cpu_ns = cast("IO[str]", self._process.stdout).readline().split()
        return int(wall_ns) / 1e6, int(cpu_ns) / 1e6

    def close(self) -> None:
        """End it."""
        cast("IO[str]", self._process.stdin).close()
        self._process.wait()
