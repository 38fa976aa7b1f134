"""
Measure what hostile peers cost a host and its honest peers.

`python -m benches.hostile_peers [--json] [--seconds 10] [--only ATTACK…] [--results FOLDER]
[--document FILE] [--times]`. `--results` writes `hostile_peers.json` there with the machine;
`--document` puts the table between the marks of a page. Both have counts alone, for times that a
busy machine gave say nothing; `--times` adds them, on a machine that does nothing else.

Each attack has a host of its own, in a process of its own, and attackers in another. Two honest
hosts talk through the victim: ten messages a second, each eighth a proof of 1.27 MB, the others of
20 kB. The first half of each run is without attack; the ratios compare the second half with it.
Exits with 1 where honest delivery is not complete, an honest peer is parted with, or memory grows
beyond a bound.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio
from rich.console import Console
from rich.table import Table

from benches.static.__main__ import machine
from tests.helpers.attacks import ATTACKS
from tests.helpers.siege import Row, Siege

MOST_GROWTH_MIB = 96.0
BEGIN = "<!-- figures: written by benches.hostile_peers -->\n"
END = "<!-- end -->\n"
COUNTS: tuple[tuple[str, str, Callable[[Row], Any]], ...] = (
    ("connections", "{:,}", lambda row: row.connections),
    ("frames", "{:,}", lambda row: row.frames),
    ("MB sent", "{:,.1f}", lambda row: row.sent_bytes / 1e6),
    ("honest %", "{:.0f}", lambda row: row.delivered_percent),
    ("growth MiB", "{:,.1f}", lambda row: row.growth_mib),
    ("what became of the attackers", "{}", lambda row: row.attacker or "nothing"),
)
TIMES: tuple[tuple[str, str, Callable[[Row], Any]], ...] = (
    ("p50 ratio", "{:.2f}", lambda row: row.p50_ratio),
    ("p95 ratio", "{:.2f}", lambda row: row.p95_ratio),
    ("p50 ms", "{:,.0f}", lambda row: row.p50_ms),
    ("p95 ms", "{:,.0f}", lambda row: row.p95_ms),
)
TIME_FIELDS = {"p50_ms", "p95_ms", "p50_ratio", "p95_ratio", "lag_ms"}
COLUMNS = (
    ("connections", "{:,}"),
    ("frames", "{:,}"),
    ("MB sent", "{:,.1f}"),
    ("honest %", "{:.1f}"),
    ("p50 ms", "{:,.1f}"),
    ("p95 ms", "{:,.1f}"),
    ("p50 ratio", "{:.2f}"),
    ("p95 ratio", "{:.2f}"),
    ("lag ms", "{:,.0f}"),
    ("growth MiB", "{:,.1f}"),
)


async def measured(attack: str, seconds: float) -> Row:
    """Measure one attack on a new host."""
    async with Siege.open(attack=attack) as siege:
        calm = await siege.measure(seconds)
        under = await siege.measure(seconds, attack)
        return Row.of(attack, calm, under, siege.friends)


def is_good(row: Row) -> bool:
    """Say whether the host stood it."""
    bounded = row.growth_mib <= MOST_GROWTH_MIB
    return row.delivered_percent == 100.0 and row.honest_peers_kept and bounded


def table(rows: list[Row]) -> Table:
    """Lay the figures out for a person."""
    view = Table(title="a host under attack, and its honest peers")
    view.add_column("attack")
    for name, _ in COLUMNS:
        view.add_column(name, justify="right")
    view.add_column("what became of the attackers")
    for row in rows:
        cells: list[Any] = [
            row.connections,
            row.frames,
            row.sent_bytes / 1e6,
            row.delivered_percent,
            row.p50_ms,
            row.p95_ms,
            row.p50_ratio,
            row.p95_ratio,
            row.lag_ms,
            row.growth_mib,
        ]
        text = [form.format(cell) for (_, form), cell in zip(COLUMNS, cells, strict=True)]
        view.add_row(row.attack, *text, row.attacker)
    return view


def markdown(rows: list[Row], about: dict[str, Any], *, has_times: bool) -> str:
    """Write the figures as a page has them."""
    columns = COUNTS + TIMES if has_times else COUNTS
    names = ["attack", *(name for name, _, _ in columns)]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        cells = [form.format(value(row)) for _, form, value in columns]
        lines.append("| " + " | ".join([row.attack, *cells]) + " |")
    told = f"{about['seconds']:g} s without and with each attack, {about['cores']} cores"
    if has_times:
        told += f" ({about['cpu']}), load average {about['load_before']} before"
    return "\n".join([f"By `{about['command']}`: {told}.", "", *lines, ""])


def fill_in(page: Path, figures: str) -> None:
    """Put the figures between the marks of a page; raise ValueError where it has none."""
    head, begin, rest = page.read_text().partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: has no marks for the figures")
    page.write_text(head + BEGIN + figures + END + tail)


async def run(names: list[str], seconds: float) -> list[Row]:
    """Measure one attack after the other."""
    rows = []
    for name in names:
        rows.append(await measured(name, seconds))
        sys.stderr.write(f"{name}: {json.dumps(rows[-1].to_json())}\n")
    return rows


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=10.0, help="without, and with, an attack")
    parser.add_argument("--only", nargs="*", choices=list(ATTACKS), default=list(ATTACKS))
    parser.add_argument("--results", type=Path, help="folder for hostile_peers.json")
    parser.add_argument("--document", type=Path, help="page whose marked table is replaced")
    parser.add_argument("--times", action="store_true", help="publish times: nothing else runs")
    arguments = parser.parse_args()
    about = machine() | {
        "command": " ".join(["python -m benches.hostile_peers", *sys.argv[1:]]),
        "seconds": arguments.seconds,
        "load_before": round(os.getloadavg()[0], 2),
    }
    rows = trio.run(run, arguments.only, arguments.seconds)
    about["load_after"] = round(os.getloadavg()[0], 2)
    if arguments.results:
        arguments.results.mkdir(parents=True, exist_ok=True)
        left_out = set() if arguments.times else TIME_FIELDS
        attacks = [
            {name: value for name, value in row.to_json().items() if name not in left_out}
            for row in rows
        ]
        report = {"machine": about, "attacks": attacks}
        path = arguments.results / "hostile_peers.json"
        path.write_text(json.dumps(report, indent=1) + "\n")
    if arguments.document:
        fill_in(arguments.document, markdown(rows, about, has_times=arguments.times))
    if arguments.json:
        sys.stdout.write(json.dumps([row.to_json() for row in rows], indent=1) + "\n")
    else:
        Console(width=240).print(table(rows))
    sys.exit(0 if all(map(is_good, rows)) else 1)


if __name__ == "__main__":
    main()
