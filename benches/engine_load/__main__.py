"""
Load a proof engine over HTTP with vegeta: capacity, four times as much, and its end under load.

Bodies are proofs of 1.27 MB that are verified anew. Every answer is compared with the right one,
and with the engine's evidence log. Exit code 1 if any answer was wrong, lost or undeclared.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benches.engine_load import generator
from benches.engine_load.generator import Answer, Attack, NoGenerator, Target
from benches.engine_load.workload import (
    Accounts,
    EngineProcess,
    engine_process,
    resident_bytes,
    settle,
    targets,
    write_bodies,
)
from benches.static.__main__ import machine

OVERLOAD = 4
# As many as the engine lets one address have by default.
WORKERS = 64
# What a request may wait for room, for its verdict and for its body, by default, and the way.
LATENCY_BOUND_MS = 10_000
# Of the verdicts that it can tell, an engine that is asked for more tells at least this share:
# what it refuses costs the generator and itself some of the same processors.
KEPT_SHARE = 0.7


def phase(answers: Sequence[Answer], seconds: float) -> dict[str, Any]:
    """Reduce an attack to figures; latencies are of answers with a verdict, and of refusals."""
    verdicts = [each.latency_ms for each in answers if each.code == 200]
    refusals = [each.latency_ms for each in answers if each.code in (429, 503)]
    return {
        "requests": len(answers),
        "codes": generator.codes(answers),
        "verdicts_per_s": round(len(verdicts) / seconds, 1),
        **{
            f"verdict_p{round(100 * share)}_ms": round(generator.percentile(verdicts, share), 1)
            for share in (0.5, 0.99, 1)
        },
        "refusal_p99_ms": round(generator.percentile(refusals, 0.99), 1),
    }


def time_to_first_verdict_ms(engine: EngineProcess, target: Target) -> float:
    """Ask once, of an engine that has just become ready."""
    started = time.perf_counter()
    answer = httpx.post(target.url, content=target.body.read_bytes(), trust_env=False, timeout=60)
    answer.raise_for_status()
    return 1_000 * (time.perf_counter() - started)


def drained(
    engine: EngineProcess, asked: Sequence[Target], folder: Path, rate_per_s: int, seconds: int
) -> tuple[list[Answer], dict[str, Any]]:
    """Press, and have the engine end in the middle."""
    process = generator.start(Attack(rate_per_s, seconds, WORKERS), asked, folder)
    time.sleep(seconds / 2)
    started = time.perf_counter()
    code = engine.stop()
    took_ms = 1_000 * (time.perf_counter() - started)
    answers = generator.finish(process, folder, seconds + 90)
    return answers, {"exit_code": code, "drain_ms": round(took_ms), **phase(answers, seconds)}


def load(folder: Path, *, isolation: bool, seconds: int) -> dict[str, Any]:
    """Run all phases against one engine."""
    bodies = write_bodies(folder)
    with engine_process(folder, isolation=isolation) as engine:
        asked = targets(engine.url, bodies)
        first_ms = time_to_first_verdict_ms(engine, asked[0])
        steady = generator.run(Attack(0, seconds, 8), asked, folder)
        capacity = phase(steady, seconds)
        rate = max(1, round(OVERLOAD * capacity["verdicts_per_s"]))
        pressed = generator.run(Attack(rate, seconds, WORKERS), asked, folder)
        memory = resident_bytes(engine.process.pid)
        ended, end = drained(engine, asked, folder, rate, seconds)
    log = engine.evidence
    settled = {
        "capacity": settle(steady, log),
        "overload": settle(pressed, log),
        "drain": settle(ended, log, ends=True),
    }
    phases = {"capacity": capacity, "overload": phase(pressed, seconds), "drain": end}
    return {
        "isolation": isolation,
        "ready_ms": round(engine.ready_ms),
        "first_verdict_ms": round(first_ms),
        "offered_overload_per_s": rate,
        "resident_bytes": memory,
        "phases": {
            name: {**phases[name], **faults(accounts)} for name, accounts in settled.items()
        },
        "is_clean": all(each.is_clean for each in settled.values())
        and end["exit_code"] == 0
        and phases["overload"]["verdict_p99_ms"] <= LATENCY_BOUND_MS
        and phases["overload"]["verdicts_per_s"] >= KEPT_SHARE * capacity["verdicts_per_s"],
    }


def faults(accounts: Accounts) -> dict[str, Any]:
    """Show what should not be there, a few of each."""
    return {
        "wrong": accounts.wrong[:3],
        "lost": accounts.lost[:3],
        "undeclared": accounts.undeclared[:3],
    }


def table(reports: Sequence[dict[str, Any]]) -> Table:
    """Lay the phases out for a person."""
    view = Table(title="an engine under load: proofs of 1.27 MB, each verified")
    for heading in ("isolation", "phase", "requests", "codes", "verdicts/s", "p50 ms", "p99 ms"):
        view.add_column(heading)
    view.add_column("faults")
    for report in reports:
        for name, found in report["phases"].items():
            codes = ", ".join(f"{code}: {count}" for code, count in found["codes"].items())
            view.add_row(
                "children" if report["isolation"] else "threads",
                name,
                str(found["requests"]),
                codes,
                str(found["verdicts_per_s"]),
                str(found["verdict_p50_ms"]),
                str(found["verdict_p99_ms"]),
                str(len(found["wrong"]) + len(found["lost"]) + len(found["undeclared"])),
            )
    return view


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=int, default=20, help="length of each phase (20)")
    parser.add_argument(
        "--isolation",
        choices=("both", "on", "off"),
        default="both",
        help="verifiers in child processes, in threads, or one after the other (both)",
    )
    parser.add_argument("--results", type=Path, help="folder for engine_load.json")
    arguments = parser.parse_args()
    try:
        generator.generator()
    except NoGenerator as missing:
        sys.exit(f"engine_load: {missing}")
    modes = {"both": (True, False), "on": (True,), "off": (False,)}[arguments.isolation]
    reports = []
    for isolation in modes:
        with tempfile.TemporaryDirectory(prefix="engine-load-") as folder:
            reports.append(load(Path(folder), isolation=isolation, seconds=arguments.seconds))
    report = {"machine": machine(), "overload": OVERLOAD, "runs": reports}
    if arguments.results:
        arguments.results.mkdir(parents=True, exist_ok=True)
        path = arguments.results / "engine_load.json"
        path.write_text(json.dumps(report, indent=1) + "\n")
    if arguments.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        console = Console(width=None if sys.stdout.isatty() else 200)
        console.print(table(reports))
        for each in reports:
            ready, first = each["ready_ms"], each["first_verdict_ms"]
            console.print(f"ready after {ready} ms, first verdict {first} ms later")
    if not all(each["is_clean"] for each in reports):
        sys.exit(1)


if __name__ == "__main__":
    main()
