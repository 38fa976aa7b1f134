"""
Measure the static check at today's gas and at a hundred times as much, beside re-execution.

Each block is measured in a process of its own: first sight, known keys, the parts, and the same
block executed again by the execution crate in that process. `--json` prints one object,
`--results FOLDER` writes it there with a plot and a description of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benches.static.blocks import Workload, mixed, transfers
from tests.oracle.client import execute_chain

SMALL, LARGE = 1_000, 171_000
STEPS = (SMALL, 10_000, 50_000, LARGE)
ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "first_sight_1000_ms": 25,
    "known_keys_1000_ms": 12,
    "first_sight_171000_s": 3.5,
    "known_keys_171000_s": 2,
    "peak_rss_mib": 1024,
    "recovery_over_batch": 2,
}


def measured(workload: Workload, repeats: int) -> dict[str, Any]:
    """Measure one block in a new process."""
    package = workload.case.package()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "block.pickle")
        path.write_bytes(pickle.dumps(package))
        command = [sys.executable, "-m", "benches.static.measure", path, str(repeats)]
        answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    figures = pickle.loads(answer.stdout)  # noqa: S301 - written by our own process
    size = {"block_bytes": len(package.block)}
    size["witness_bytes"] = sum(map(len, package.witness.state))
    return {"name": workload.name, "transactions": workload.transactions, **size, **figures}


def specification_ms(workload: Workload) -> float:
    """Execute a block once with the Python specification, which is another process."""
    [answer] = execute_chain(workload.genesis(), [workload.case.block_rlp()])
    return float(answer["elapsed_ms"])


def run(steps: tuple[int, ...], repeats: int, progress: Console) -> list[dict[str, Any]]:
    """Measure the mixed block and transfer blocks of growing size."""
    rows = []
    for build, count in [(mixed, SMALL), *((transfers, count) for count in steps)]:
        progress.print(f"building {build.__name__} of {count:,}")
        workload = build(count)
        few = max(3, repeats * SMALL // count)
        progress.print(f"measuring {build.__name__} of {count:,}, {few} times")
        rows.append(measured(workload, few))
        if workload.name == "mixed":
            progress.print("executing it with ethereum-execution")
            rows[-1]["ethereum_execution_ms"] = specification_ms(workload)
    return rows


def summarize(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Take the figures that the targets are about."""
    small, large = rows[0], rows[-1]
    return {
        "first_sight_1000_ms": round(small["first_sight_ms"], 2),
        "known_keys_1000_ms": round(small["known_keys_ms"], 2),
        "first_sight_171000_s": round(large["first_sight_ms"] / 1_000, 3),
        "known_keys_171000_s": round(large["known_keys_ms"] / 1_000, 3),
        "peak_rss_mib": round(large["peak_rss_mib"], 1),
        "reexecution_over_static_1000": round(small["reexecution_ms"] / small["first_sight_ms"], 2),
        "ethereum_execution_1000_ms": round(small["ethereum_execution_ms"], 1),
        "recovery_over_batch": round(large["recovery_ms"] / large["batch_ms"], 2),
    }


def table(rows: list[dict[str, Any]]) -> Table:
    """Lay the measurements out for a person; milliseconds, and microseconds a transaction."""
    view = Table(title="static check, milliseconds (in brackets: µs a transaction)")
    columns = ("first_sight", "known_keys", "reexecution", "recovery", "batch", "decode")
    columns += ("witness", "accounts")
    for heading in ("block", "transactions", *columns, "peak MiB"):
        view.add_column(heading, justify="left" if heading == "block" else "right")
    for row in rows:
        cells = [
            f"{row[f'{name}_ms']:,.1f} ({1_000 * row[f'{name}_ms'] / row['transactions']:.1f})"
            for name in columns
        ]
        peak = f"{row['peak_rss_mib']:,.0f}"
        view.add_row(row["name"], f"{row['transactions']:,}", *cells, peak)
    return view


def machine() -> dict[str, Any]:
    """Describe where the figures come from."""
    cpu = next(
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_kib / 2**20, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw time against size; a straight line of slope one is linear cost."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    rows = [row for row in rows if row["name"] == "transfers"]
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name in ("reexecution", "first_sight", "known_keys"):
        times = [row[f"{name}_ms"] for row in rows]
        axes.loglog(
            [row["transactions"] for row in rows], times, "o-", label=name.replace("_", " ")
        )
    axes.axhline(4_000, color="grey", linestyle=":", label="attestation deadline")
    axes.set(xlabel="transfers in the block", ylabel="milliseconds", title="one block, 2 cores")
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeats", type=int, default=40, help="for 1,000 transactions")
    parser.add_argument("--largest", type=int, default=LARGE, help="most transfers in a block")
    parser.add_argument("--results", type=Path, help="folder for static.json and static.svg")
    arguments = parser.parse_args()
    progress = Console(stderr=True, quiet=arguments.json)
    steps = tuple(count for count in STEPS if count <= arguments.largest)
    rows = run(steps, arguments.repeats, progress)
    report = {**summarize(rows), "targets": TARGETS, "machine": machine(), "blocks": rows}
    if arguments.results:
        arguments.results.mkdir(parents=True, exist_ok=True)
        path = arguments.results / "static.json"
        path.write_text(json.dumps(report, indent=1) + "\n")
        plot(rows, arguments.results / "static.svg")
    if arguments.json:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table(rows))
    for name, value in summarize(rows).items():
        console.print(f"{name:>30}  {value:>10}   target {TARGETS.get(name, '')}")


if __name__ == "__main__":
    main()
