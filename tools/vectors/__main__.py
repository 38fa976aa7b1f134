"""Write, check or pack the static and claim vectors."""

import argparse
import sys
from pathlib import Path

from tools.vectors.all_cases import collect
from tools.vectors.files import compare, digest, render_all, write
from tools.vectors.model import DisagreementError, Vector
from tools.vectors.pack import ROOT, write_archive
from tools.vectors.tables import PAGE, with_tables


def main(arguments: list[str]) -> int:
    """Run one step; 0 when all is well, 1 when a committed file differs, 2 when it could not."""
    parser = argparse.ArgumentParser(prog="tools.vectors", description=__doc__)
    parser.add_argument("step", choices=("fill", "check", "pack", "digest"))
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="where to pack")
    options = parser.parse_args(arguments)
    try:
        if options.step == "pack":
            print(write_archive(options.folder))
            return 0
        vectors = collect()
        files = render_all(vectors)
    except (DisagreementError, ValueError, OSError) as problem:
        print(f"vectors: {problem}", file=sys.stderr)
        return 2
    if options.step == "digest":
        print(digest(files))
        return 0
    return fill(files, vectors) if options.step == "fill" else check(files, vectors)


def fill(files: dict[str, bytes], vectors: list[Vector]) -> int:
    """Write what differs, and the tables of the page."""
    changed = write(files)
    PAGE.write_text(with_tables(PAGE.read_text(), vectors))
    print(f"{len(vectors)} vectors, {len(changed)} files changed")
    return 0


def check(files: dict[str, bytes], vectors: list[Vector]) -> int:
    """Name what differs."""
    found = list(compare(files))
    page = PAGE.read_text()
    if with_tables(page, vectors) != page:
        found.append(f"{PAGE.name}: tables changed")
    print("\n".join(found) or "vectors: all files are as defined")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
