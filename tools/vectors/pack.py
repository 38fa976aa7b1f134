"""Pack the vectors into one archive whose bytes depend on nothing but the vectors."""

from __future__ import annotations

import gzip
import io
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Final

import zkattest

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("vectors/eip7886", "vectors/eip8025", "vectors/schemas")
DOCUMENTS: Final = (
    "docs/vectors.md",
    "docs/vectors-execution.md",
    "docs/vectors-eip8025.md",
    "docs/reasons.md",
)
LICENCES: Final = ("LICENSE-APACHE", "LICENSE-MIT")
MANIFEST: Final = "MANIFEST.sha256"


def write_archive(folder: Path, root: Path = ROOT) -> Path:
    """Write `zkattest-vectors-<version>.tar.gz` into a folder; give its path."""
    name = f"zkattest-vectors-{zkattest.__version__}"
    path = folder / f"{name}.tar.gz"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archive(name, contents(root)))
    return path


def contents(root: Path) -> dict[str, bytes]:
    """Collect the files, and a manifest that `sha256sum --check` reads."""
    names = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    names += [root / name for name in (*DOCUMENTS, *LICENCES) if (root / name).is_file()]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in names}
    lines = [f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return {**files, MANIFEST: "".join(lines).encode()}


def archive(top: str, files: dict[str, bytes]) -> bytes:
    """Make a compressed archive: sorted, without times, owners or names of machines."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mode, entry.mtime = len(files[name]), 0o644, 0
            tar.addfile(entry, io.BytesIO(files[name]))
    # Neither a file name nor a time in the header of gzip.
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)
