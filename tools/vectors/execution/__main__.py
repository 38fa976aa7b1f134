"""
Write the execution vectors (`fill`), or compare the committed ones with those made now (`check`).

Run as `python -m tools.vectors.execution fill|check`. Exit codes: 0 done, 1 different or refused.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.chain.files import write_atomically
from tools.vectors.execution import (
    blocks,
    create,
    deep_calls,
    delayed,
    delegation,
    erc20,
    gas,
    multicall,
    no_statement,
    opcodes,
    precompiles,
    requests,
    selfdestruct,
    swap,
)
from tools.vectors.execution.case import Case, ExpectationError

ROOT: Final = Path(__file__).resolve().parents[3]
PACK: Final = ROOT / "vectors" / "eip7886" / "execution"
PAGE: Final = ROOT / "docs" / "vectors-execution.md"
MARK: Final = "<!-- cases: written by tools.vectors.execution -->\n"
GROUPS: Final = (
    blocks,
    erc20,
    swap,
    multicall,
    deep_calls,
    create,
    selfdestruct,
    precompiles,
    opcodes,
    gas,
    delegation,
    requests,
    delayed,
    no_statement,
)
MAX_PACK_BYTES: Final = 6_000_000


def all_cases() -> Iterator[Case]:
    """Play every case; raise ExpectationError at the first that does something else."""
    for group in GROUPS:
        yield from group.cases()


def pack_files(cases: list[Case]) -> dict[Path, bytes]:
    """Render the pack and the table of its page."""
    files: dict[Path, bytes] = {}
    for case in cases:
        for name, content in case.files().items():
            if PACK / name in files:
                raise ExpectationError(f"{name}: this case is there already")
            files[PACK / name] = content
    size = sum(map(len, files.values()))
    if size > MAX_PACK_BYTES:
        raise ExpectationError(f"{size} bytes, at most {MAX_PACK_BYTES}")
    files[PAGE] = with_table(PAGE.read_text(), cases).encode()
    return files


def with_table(page: str, cases: list[Case]) -> str:
    """Write the table of cases into the page, below its mark."""
    head, mark, _ = page.partition(MARK)
    if not mark:
        raise ExpectationError(f"{PAGE.name}: the mark of the table is missing")
    lines = ["| case | given | when | then |", "| --- | --- | --- | --- |"]
    for case in cases:
        story = case.story
        lines.append(f"| `{case.path}` | {story.given} | {story.when} | {story.then} |")
    return head + mark + "\n" + "\n".join(lines) + "\n"


def stale(files: dict[Path, bytes]) -> list[Path]:
    """List committed files that no case makes."""
    return [path for path in sorted(PACK.rglob("*.json")) if path not in files]


def fill(files: dict[Path, bytes]) -> None:
    """Write what differs and remove what is no longer made."""
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)
    for path in stale(files):
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def differences(files: dict[Path, bytes]) -> list[Path]:
    """List files that are missing, other, or no longer made."""
    other = [path for path, one in files.items() if not path.exists() or path.read_bytes() != one]
    return other + stale(files)


def main(arguments: list[str]) -> int:
    """Perform one of the two commands."""
    if arguments not in (["fill"], ["check"]):
        print("usage: python -m tools.vectors.execution fill|check", file=sys.stderr)
        return 1
    try:
        files = pack_files(list(all_cases()))
    except ExpectationError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    if arguments == ["fill"]:
        fill(files)
    wrong = differences(files)
    for path in wrong:
        print(f"different: {path.relative_to(ROOT)}", file=sys.stderr)
    size = sum(len(one) for path, one in files.items() if path != PAGE)
    print(f"{(len(files) - 1) // 3} cases, {size:,} bytes, {len(wrong)} files differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
