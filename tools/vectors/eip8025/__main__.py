"""Write or check the vectors of EIP-8025."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from tools.vectors.all_cases import disagreements
from tools.vectors.eip8025 import gossip, order, pool, signing, ssz
from tools.vectors.files import compare, digest, render_all, write
from tools.vectors.model import DisagreementError, Names, Vector
from zkattest.types.proof_profiles import ProfileName

ROOT: Final = Path(__file__).resolve().parents[3]
PACK: Final = ROOT / "vectors" / "eip8025"
PAGE: Final = ROOT / "docs" / "vectors-eip8025.md"
MODULES: Final = (ssz, signing, gossip, order, pool)
OWNED: Final = tuple(name.value for name in ProfileName)
MARK: Final = "<!-- counts: written by tools.vectors.eip8025 -->\n"
END: Final = "<!-- end -->\n"
# Folders and name of a case: `<profile>/<runner>/<group>/<case>`.
ID: Final = r"[a-z0-9-]+/[a-z]+/[a-z0-9_]+/[a-z0-9_]+"


def collect() -> list[Vector]:
    """Build every case; raise `DisagreementError` where our checker gives another outcome."""
    names, found = Names(ID), []
    for vector in chain.from_iterable(module.cases() for module in MODULES):
        names.claim(vector.id)
        found.append(vector)
    complaints = list(disagreements(found))
    if complaints:
        raise DisagreementError("\n".join(complaints))
    return sorted(found, key=lambda vector: vector.id)


def with_counts(page: str, vectors: Sequence[Vector]) -> str:
    """Put a fresh table of counts between the marks of the page."""
    head, mark, rest = page.partition(MARK)
    _, end, tail = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{PAGE.name}: the marks of the table are missing")
    return head + mark + "".join(count_lines(vectors)) + end + tail


def count_lines(vectors: Sequence[Vector]) -> Iterator[str]:
    """Count the cases by runner, group and profile."""
    counts: dict[str, Counter[str]] = {}
    for vector in vectors:
        profile, runner, group, _ = vector.id.split("/")
        counts.setdefault(f"{runner}/{group}", Counter())[profile] += 1
    yield _row("group", *(f"`{name}`" for name in OWNED))
    yield _row(*["---"] * (len(OWNED) + 1))
    for group, counted in sorted(counts.items()):
        yield _row(f"`{group}`", *(counted[name] or "" for name in OWNED))
    sums = [sum(counted[name] for counted in counts.values()) for name in OWNED]
    yield _row(f"all: {len(vectors)}", *sums)


def main(arguments: list[str]) -> int:
    """Run one step; 0 when all is well, 1 when a committed file differs, 2 when it could not."""
    parser = argparse.ArgumentParser(prog="tools.vectors.eip8025", description=__doc__)
    parser.add_argument("step", choices=("fill", "check", "digest"))
    step = parser.parse_args(arguments).step
    try:
        vectors = collect()
        files = render_all(vectors)
        page = with_counts(PAGE.read_text(), vectors)
    except (DisagreementError, ValueError, OSError) as problem:
        print(f"vectors: {problem}", file=sys.stderr)
        return 2
    if step == "digest":
        print(digest(files))
        return 0
    if step == "fill":
        changed = write(files, PACK, OWNED)
        PAGE.write_text(page)
        print(f"{len(vectors)} vectors, {len(changed)} files changed")
        return 0
    found = list(compare(files, PACK, OWNED))
    if PAGE.read_text() != page:
        found.append(f"{PAGE.name}: table changed")
    print("\n".join(found) or "vectors: all files are as defined")
    return 1 if found else 0


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
