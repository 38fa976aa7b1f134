"""
Measure what blocks that are made to be dear cost beside honest ones of the same bytes.

`python -m benches.hostile [--json]`. Each block is checked from its bytes in a process of its own,
three times; the median counts. The factor compares the time of all cores for each byte with that
of the honest block whose size is nearer: other load on the machine hardly moves it. A hostile block
beyond a small factor is a bug.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benches.hostile.blocks import MANY, SOME, Workload, all_hostile, honest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 600
# What a block may cost at most, as a multiple of an honest one of the same bytes.
LIMIT_FACTOR = 4.0


def measured(workload: Workload) -> dict[str, Any]:
    """Measure one package in a new process; one that does not end has no time."""
    data = workload.package.encode()
    with tempfile.NamedTemporaryFile(suffix=".ssz") as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-m", "benches.hostile.measure", file.name, workload.hints]
        try:
            done = subprocess.run(
                command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=LONGEST_S
            )
            figures = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            figures = {
                "answer": "no end",
                "ms": 1_000 * LONGEST_S,
                "cpu_ms": 1_000 * LONGEST_S,
                "memory_mib": 0,
            }
        except subprocess.CalledProcessError as failure:
            figures = {
                "answer": f"exit {failure.returncode}",
                "ms": 0,
                "cpu_ms": 0,
                "memory_mib": 0,
            }
    return {"name": workload.name, "bytes": len(data), **figures}


def with_factor(row: dict[str, Any], references: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare with the honest block of the nearer size, byte for byte."""
    near = min(references, key=lambda one: abs(one["bytes"] - row["bytes"]))
    cost = row["cpu_ms"] / row["bytes"]
    return {**row, "factor": round(cost / (near["cpu_ms"] / near["bytes"]), 2)}


def table(rows: list[dict[str, Any]]) -> Table:
    """Lay the figures out for a person."""
    view = Table(title="whole check beside an honest block of the same bytes")
    for heading in ("block", "answer"):
        view.add_column(heading)
    for heading in ("MiB", "ms", "cpu ms", "memory MiB", "factor"):
        view.add_column(heading, justify="right")
    for row in rows:
        figures = (row["bytes"] / 2**20, row["ms"], row["cpu_ms"], row["memory_mib"], row["factor"])
        view.add_row(row["name"], row["answer"], *(f"{one:,.2f}" for one in figures))
    return view


def main() -> None:
    """Print a table, or one JSON object; exit with 1 where a factor is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", default="", help="part of the names of the blocks to measure")
    arguments = parser.parse_args()
    progress = Console(stderr=True)
    references = [measured(honest(count)) for count in (SOME, MANY)]
    rows = [with_factor(row, references) for row in references]
    if any(row["answer"] != "valid" for row in rows):
        sys.exit("the honest blocks are not valid: there is nothing to compare with")
    for workload in all_hostile():
        if arguments.only in workload.name:
            rows.append(with_factor(measured(workload), references))
            progress.print(f"{workload.name}: {rows[-1]['ms']} ms, factor {rows[-1]['factor']}")
    if arguments.json:
        sys.stdout.write(json.dumps({"blocks": rows, "limit": LIMIT_FACTOR}) + "\n")
    else:
        Console(width=None if sys.stdout.isatty() else 120).print(table(rows))
    if any(row["factor"] > LIMIT_FACTOR for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
