"""
Measure every proof system: against the bare Rust call, in child processes, on all cores, for long.

All sides of a comparison take turns in one run, so that their ratios hold on a busy machine, too;
absolute times do not. `--parts` chooses: times, throughput, memory, start.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benches.engine_load.workload import engine_process, resident_bytes, targets, write_bodies
from benches.static.__main__ import machine
from benches.verifiers.cases import CASES, Bare, Case, build
from zkattest.verify.builtin import BuiltInVerifier
from zkattest.verify.isolation import VerifierChildren
from zkattest.verify.proof import ProofVerifier
from zkattest.verify.registry import Registry

PARTS = ("times", "throughput", "memory", "start")
DEADLINE_MS = 60_000
# A PLONK proof takes a second: fewer of those. Ten thousand of `sp1` take eight minutes.
LONG_RUNS = {"sp1-plonk": 200}
LONG_RUN = 10_000
SAMPLES = 10
# A system that needs less takes more rounds, twenty times as many at most.
QUICK_MS = 50


def children_of(case: Case) -> VerifierChildren:
    """Make verifiers of one program that work in child processes."""
    registry, golden = Registry(), case.golden
    registry.add(golden.system, golden.program_vk, golden.verifier_key)
    return VerifierChildren(registry, deadline_ms=DEADLINE_MS)


def in_process(case: Case) -> ProofVerifier:
    """Make the verifier that works in this process."""
    golden = case.golden
    return BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key)


def verify(verifier: ProofVerifier, case: Case) -> None:
    """Verify the golden proof; raise where it is not valid."""
    verifier.verify(case.golden.proof, case.golden.public_values)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall time and this thread's processor time of a call, in milliseconds."""
    started, worked = time.perf_counter_ns(), time.thread_time_ns()
    work()
    return (time.perf_counter_ns() - started) / 1e6, (time.thread_time_ns() - worked) / 1e6


def times(case: Case, programs: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Let all sides verify the same proof in turn; quick systems do so more often."""
    bare, ours = Bare(case, programs, folder), in_process(case)
    with children_of(case) as children:
        isolated = children.verifier(case.golden.system, case.golden.program_vk)

        def turn() -> tuple[float, ...]:
            in_child = timed(lambda: verify(isolated, case))[0]
            return (*bare.verify_ms(), *timed(lambda: verify(ours, case)), in_child)

        # The first one warms up; the second says how many fit into some seconds.
        turn()
        rounds = max(rounds, round(rounds * QUICK_MS / max(QUICK_MS / 20, turn()[0])))
        columns = list(zip(*(turn() for _ in range(rounds)), strict=True))
    bare.close()
    names = ("bare_ms", "bare_cpu_ms", "python_ms", "python_cpu_ms", "child_ms")
    report: dict[str, Any] = {
        name: round(statistics.mean(column) if "cpu" in name else statistics.median(column), 3)
        for name, column in zip(names, columns, strict=True)
    }
    # Of processor time, in which busy neighbours do not count; a child's is not ours to read.
    report["ratio"] = round(sum(columns[3]) / sum(columns[1]), 3)
    pairs = list(zip(columns[4], columns[2], strict=True))
    report["isolation_adds_ms"] = round(statistics.median(child - own for child, own in pairs), 3)
    return {"bare": case.bare, "bytes": len(case.golden.proof), "rounds": rounds, **report}


def throughput(case: Case, seconds: float, cores: int) -> dict[str, float]:
    """Verify on all cores for some time, in threads, then in children; proofs a second."""
    found = {"threads_per_s": _rate(in_process(case), case, seconds, cores)}
    with children_of(case) as children:
        isolated = children.verifier(case.golden.system, case.golden.program_vk)
        found["children_per_s"] = _rate(isolated, case, seconds, cores)
    return found


def _rate(verifier: ProofVerifier, case: Case, seconds: float, cores: int) -> float:
    with ThreadPoolExecutor(cores) as pool:
        # One each, so that keys are prepared and children are there.
        list(pool.map(lambda _: verify(verifier, case), range(cores)))
        ends = time.perf_counter() + seconds

        def work(_: int) -> int:
            count = 0
            while time.perf_counter() < ends:
                verify(verifier, case)
                count += 1
            return count

        started = time.perf_counter()
        done = sum(pool.map(work, range(cores)))
        return round(done / (time.perf_counter() - started), 2)


def memory(case: Case, count: int, *, isolation: bool) -> dict[str, Any]:
    """Verify many times, and watch what this process and its child hold."""
    with children_of(case) as children:
        golden = case.golden
        isolated = children.verifier(golden.system, golden.program_vk)
        verifier = isolated if isolation else in_process(case)
        samples = []
        for index in range(count + 1):
            verify(verifier, case)
            if index % (count // SAMPLES) == 0:
                gc.collect()
                held = resident_bytes(os.getpid())
                samples.append(held["children" if isolation else "process"])
    grown = samples[-1] - samples[1]
    return {
        "verifications": count,
        "isolation": isolation,
        "resident_mib": [round(each / 2**20, 1) for each in samples],
        # From the first tenth on: before, keys are prepared and pools fill.
        "grown_kib": round(grown / 1024),
        "grown_bytes_each": round(grown / (count - count // SAMPLES), 1),
    }


def _long_run(case: Case, scale: float) -> int:
    return max(SAMPLES, round(LONG_RUNS.get(case.name, LONG_RUN) * scale))


def start(rounds: int) -> dict[str, Any]:
    """Start an engine several times: to its being ready, and to its first verdict after that."""
    found: dict[str, list[float]] = {"ready_ms": [], "first_verdict_ms": [], "second_ms": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="engine-start-") as name:
            folder = Path(name)
            bodies = write_bodies(folder, 2)
            with engine_process(folder, isolation=True) as engine:
                found["ready_ms"].append(engine.ready_ms)
                asked = targets(engine.url, bodies)
                for key, target in zip(("first_verdict_ms", "second_ms"), asked, strict=True):
                    found[key].append(timed(partial(_ask, target))[0])
                engine.stop()
    return {name: round(statistics.median(values)) for name, values in found.items()}


def _ask(target: Any) -> None:
    body = target.body.read_bytes()
    httpx.post(target.url, content=body, trust_env=False, timeout=60).raise_for_status()


def told(part: str, cases: list[Case]) -> Iterator[Case]:
    """Say on standard error which of the cases is measured; some take minutes."""
    for number, case in enumerate(cases, 1):
        sys.stderr.write(f"{part}: {case.name} ({number} of {len(cases)})\n")
        yield case


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the parts that are wanted."""
    cases = [case for case in CASES if not arguments.systems or case.name in arguments.systems]
    cores = len(os.sched_getaffinity(0))
    load = round(os.getloadavg()[0], 2)
    report: dict[str, Any] = {
        "machine": machine(),
        "load_before": dict.fromkeys(arguments.parts, load),
    }
    if "times" in arguments.parts:
        programs = build()
        with tempfile.TemporaryDirectory(prefix="verifiers-") as folder:
            report["times"] = {
                case.name: times(case, programs, Path(folder), arguments.rounds)
                for case in told("times", cases)
            }
    if "throughput" in arguments.parts:
        report["throughput"] = {
            case.name: throughput(case, arguments.seconds, cores)
            for case in told("throughput", cases)
        }
    if "memory" in arguments.parts:
        report["memory"] = {
            case.name: [
                memory(case, _long_run(case, arguments.scale), isolation=mode)
                for mode in (False, True)
            ]
            for case in told("memory", cases)
        }
    if "start" in arguments.parts:
        report["start"] = start(max(1, arguments.rounds // 10))
    return report


def keep(report: dict[str, Any], folder: Path) -> None:
    """Write the parts that were measured; what an earlier run measured of others stays."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "verifiers.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    for name, part in report.items():
        before[name] = {**before.get(name, {}), **part} if isinstance(part, dict) else part
    path.write_text(json.dumps(before, indent=1) + "\n")


def show(report: dict[str, Any], console: Console) -> None:
    """Print the parts for a person."""
    for part in ("times", "throughput"):
        if part in report:
            names = list(next(iter(report[part].values())))
            view = Table("system", *names, title=part)
            for name, row in report[part].items():
                view.add_row(name, *(str(row[each]) for each in names))
            console.print(view)
    for name, runs in report.get("memory", {}).items():
        for run in runs:
            where = "its child" if run["isolation"] else "the process"
            console.print(
                f"{run['verifications']:,} of {name}: {where} grew by {run['grown_kib']} KiB after "
                f"the first tenth, {run['grown_bytes_each']} bytes each; MiB {run['resident_mib']}"
            )
    if "start" in report:
        console.print(f"start of an engine: {report['start']}")


def main() -> None:
    """Print tables, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--rounds", type=int, default=30, help="of each side of a comparison, at least (30)"
    )
    parser.add_argument("--seconds", type=float, default=5, help="of each throughput (5)")
    parser.add_argument("--scale", type=float, default=1, help="share of the long runs (1)")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured (all)"
    )
    parser.add_argument(
        "--systems", nargs="+", choices=[case.name for case in CASES], help="of which (all)"
    )
    parser.add_argument("--results", type=Path, help="folder for verifiers.json")
    arguments = parser.parse_args()
    report = measure(arguments)
    if arguments.results:
        keep(report, arguments.results)
    if arguments.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        show(report, Console(width=None if sys.stdout.isatty() else 200))


if __name__ == "__main__":
    main()
