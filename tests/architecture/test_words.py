"""No file names a machine's own paths, a registry's host, or work left undone."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Written in halves, so that this file does not name them itself.
FORBIDDEN = [
    "/" + "work/",
    "/" + "root/",
    "/" + "home/",
    "py" + "pi.org",
    "python" + "hosted.org",
    "index." + "crates.io",
    "static." + "crates.io",
    "proxy." + "golang.org",
    "TO" + "DO",
    "FIX" + "ME",
]
# Data, and a published crate as it was published.
SKIPPED_FOLDERS = ("vectors/", "provers/sp1/vendor/")
SKIPPED_SUFFIXES = {".lock", ".bin", ".ssz", ".elf", ".snappy", ".png"}


def tracked_files() -> list[Path]:
    """List the text files of ours that are tracked or could be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = (name for name in listed.split("\0") if name and not name.startswith(SKIPPED_FOLDERS))
    paths = [ROOT / name for name in names]
    return [path for path in paths if path.is_file() and path.suffix not in SKIPPED_SUFFIXES]


@pytest.mark.parametrize("word", FORBIDDEN)
def test_files__do_not_contain(word: str) -> None:
    needle = word.encode()
    offenders = [
        str(path.relative_to(ROOT)) for path in tracked_files() if needle in path.read_bytes()
    ]
    assert offenders == []
