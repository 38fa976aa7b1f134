"""
Measure a verification called from Python against a bare call of `sp1-verifier` from Rust.

Both sides take turns in one run, so that their ratio holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, cast

from zkattest.types.ids import ProgramVk
from zkattest.verify.builtin import BuiltInVerifier
from zkattest.verify.proof import ProofSystem

ROOT = Path(__file__).resolve().parents[1]
FIXTURE = ROOT / "tests" / "fixtures" / "sp1-6.4-compressed"
BARE = [
    str(ROOT / "tools" / "cargo.sh"),
    *("run", "--release", "--quiet", "--locked", "--example", "bare"),
    *("--package", "zkattest-verifier-sp1", "--manifest-path", str(ROOT / "rust" / "Cargo.toml")),
    *("--", str(FIXTURE / "proof.bin"), str(FIXTURE / "program_vk.bin")),
]
TARGET_RATIO = 1.05


def measure(rounds: int) -> dict[str, list[float]]:
    """Let both sides verify the same proof in turn; milliseconds."""
    proof = (FIXTURE / "proof.bin").read_bytes()
    program_vk = ProgramVk((FIXTURE / "program_vk.bin").read_bytes())
    verifier = BuiltInVerifier(ProofSystem.SP1, program_vk)
    names = ("bare_ms", "bare_cpu_ms", "python_ms", "python_cpu_ms", "decode_ms")
    times: dict[str, list[float]] = {name: [] for name in names}
    with subprocess.Popen(
        BARE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        requests, answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        for _ in range(rounds):
            requests.write("\n")
            requests.flush()
            bare_ns = [int(word) for word in answers.readline().split()]
            started, worked = time.perf_counter_ns(), time.thread_time_ns()
            verified = verifier.verify(proof)
            our_ns = time.perf_counter_ns() - started, time.thread_time_ns() - worked
            row = [ns / 1e6 for ns in (*bare_ns, *our_ns)]
            for name, value in zip(names, [*row, verified.decode_ms], strict=True):
                times[name].append(value)
        requests.close()
    return times


def summarize(times: dict[str, list[float]]) -> dict[str, float]:
    """Reduce to medians; the ratio is of processor time, in which busy neighbours do not count."""
    pairs = zip(times["python_cpu_ms"], times["bare_cpu_ms"], strict=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    medians["ratio"] = statistics.median(ours / bare for ours, bare in pairs)
    return {name: round(value, 3) for name, value in medians.items()}


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    times = measure(arguments.rounds)
    report = {"rounds": arguments.rounds, **summarize(times), "target_ratio": TARGET_RATIO}
    if arguments.json:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for name, value in report.items():
        sys.stdout.write(f"{name:>15}  {value}\n")


if __name__ == "__main__":
    main()
