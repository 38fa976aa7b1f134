"""Keep built workers in the user's cache, keyed by all that decides about the machine code."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from zkattest.prover.errors import CannotProve
from zkattest.prover.resources import worker_sources
from zkattest.prover.system import cpu_features
from zkattest.spec.reasons import Cause

BINARY_NAME = "zkattest-prover-sp1"
# The field arithmetic chooses its vector instructions when it is compiled.
RUSTFLAGS = "-C target-cpu=native"
# A proof's tables take gigabytes: in large pages they cost fewer faults and translations.
MALLOC_TUNABLES = "glibc.malloc.hugetlb=1"


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """Name the place of one worker, built or not."""

    key: str
    folder: Path
    sources: Path

    @property
    def binary(self) -> Path:
        """Give the path of the worker's program."""
        return self.folder / BINARY_NAME

    @property
    def scratch(self) -> Path:
        """Give the folder for the worker's temporary files; nobody else writes there."""
        return self.folder / "scratch"

    def is_built(self) -> bool:
        """Say whether the worker is there."""
        return os.access(self.binary, os.X_OK)


def cache_root() -> Path:
    """Give the folder that holds all workers."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).absolute() / "zkattest" / "prover-sp1"


def current_entry() -> CacheEntry:
    """Name the worker for these sources, this compiler and this processor."""
    sources = worker_sources()
    key = cache_key(sources, compiler_version(), cpu_features())
    return CacheEntry(key, cache_root() / key, sources)


def cache_key(sources: Path, compiler: str, features: tuple[str, ...]) -> str:
    """Digest everything that decides about the worker's machine code."""
    digest = hashlib.sha256()
    for path in source_files(sources):
        _update(digest, path.relative_to(sources).as_posix().encode())
        _update(digest, path.read_bytes())
    for text in (compiler, RUSTFLAGS, " ".join(features)):
        _update(digest, text.encode())
    return digest.hexdigest()[:32]


def source_files(sources: Path) -> list[Path]:
    """List what the worker is compiled from, in an order that does not depend on the disk."""
    files = [sources / "Cargo.toml", sources / "Cargo.lock"]
    folders = (sources / "src", sources / "vendor")
    crates = (path for folder in folders for path in folder.rglob("*"))
    return [*files, *sorted(path for path in crates if path.suffix in (".rs", ".toml"))]


def _update(digest: hashlib._Hash, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "little"))
    digest.update(part)


def compiler_version() -> str:
    """Ask the compiler who it is; without one, nothing can be built or told apart."""
    rustc = shutil.which("rustc")
    if rustc is None:
        raise CannotProve(
            Cause.BACKEND_UNAVAILABLE,
            "rustc is not installed; it builds the prover (https://rustup.rs)",
        )
    run = subprocess.run([rustc, "-vV"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise CannotProve(Cause.BACKEND_UNAVAILABLE, f"rustc -vV fails: {run.stderr.strip()}")
    return run.stdout


def find_worker() -> CacheEntry:
    """Give the built worker, or say how to build it."""
    entry = current_entry()
    if not entry.is_built():
        raise CannotProve(
            Cause.BACKEND_UNAVAILABLE, "the prover is not built yet: run `zkattest prover init`"
        )
    return entry


def worker_environment(entry: CacheEntry) -> dict[str, str]:
    """
    Give the worker's environment: ours, large pages, temporary files where nobody else can write.

    The SP1 executor unpacks a helper program into the temporary folder and trusts what it finds
    there under that name.
    """
    entry.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    tunables = os.environ.get("GLIBC_TUNABLES", MALLOC_TUNABLES)
    return {**os.environ, "TMPDIR": str(entry.scratch), "GLIBC_TUNABLES": tunables}
