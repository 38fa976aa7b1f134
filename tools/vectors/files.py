"""Write vectors into their folders, and say what is missing, changed or superfluous there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from tools.vectors.model import Vector

PACK: Final = Path(__file__).resolve().parents[2] / "vectors" / "eip7886"
# Folders that are ours alone; whatever lies there and is no case is removed.
OWNED: Final = ("static", "claim")


def render_all(vectors: Sequence[Vector]) -> dict[str, bytes]:
    """Give every file by its path in the pack."""
    return {
        f"{vector.id}/{name}": data for vector in vectors for name, data in vector.files().items()
    }


def digest(files: dict[str, bytes]) -> str:
    """Hash names and contents of all files."""
    total = sha256()
    for name in sorted(files):
        total.update(f"{name}\0{sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def compare(
    files: dict[str, bytes], root: Path = PACK, owned: Sequence[str] = OWNED
) -> Iterator[str]:
    """Name what is not in a folder as it should be."""
    there = {path.relative_to(root).as_posix() for path in existing(root, owned)}
    for name in sorted(there | files.keys()):
        if name not in files:
            yield f"{name}: superfluous"
        elif name not in there:
            yield f"{name}: missing"
        elif (root / name).read_bytes() != files[name]:
            yield f"{name}: changed"


def write(files: dict[str, bytes], root: Path = PACK, owned: Sequence[str] = OWNED) -> list[str]:
    """Write what differs, remove what is superfluous; give the names."""
    changed = list(compare(files, root, owned))
    for line in changed:
        name, _, what = line.partition(": ")
        if what == "superfluous":
            (root / name).unlink()
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(files[name])
    for name in owned:
        remove_empty_folders(root / name)
    return changed


def existing(root: Path, owned: Sequence[str] = OWNED) -> Iterator[Path]:
    """List the files in the folders that are ours."""
    for name in owned:
        yield from (path for path in (root / name).rglob("*") if path.is_file())


def remove_empty_folders(root: Path) -> None:
    """Remove folders in which nothing is left."""
    for folder in sorted(root.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            shutil.rmtree(folder)
