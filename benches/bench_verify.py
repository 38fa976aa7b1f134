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
from zkattest.verify.sp1 import Sp1Verifier

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
    verifier = Sp1Verifier(ProgramVk((FIXTURE / "program_vk.bin").read_bytes()))
    times: dict[str, list[float]] = {"bare_ms": [], "python_ms": [], "decode_ms": []}
    with subprocess.Popen(
        BARE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        requests, answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        for _ in range(rounds):
            requests.write("\n")
            requests.flush()
            bare_ns = sum(int(word) for word in answers.readline().split())
            started = time.perf_counter_ns()
            verified = verifier.verify(proof)
            times["python_ms"].append((time.perf_counter_ns() - started) / 1e6)
            times["bare_ms"].append(bare_ns / 1e6)
            times["decode_ms"].append(verified.decode_ms)
        requests.close()
    return times


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    times = measure(arguments.rounds)
    medians = {name: round(statistics.median(values), 3) for name, values in times.items()}
    pairs = zip(times["python_ms"], times["bare_ms"], strict=True)
    ratio = round(statistics.median(mine / bare for mine, bare in pairs), 3)
    report = {"rounds": arguments.rounds, **medians, "ratio": ratio, "target_ratio": TARGET_RATIO}
    if arguments.json:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for name, value in report.items():
        sys.stdout.write(f"{name:>12}  {value}\n")


if __name__ == "__main__":
    main()
