"""
Count what a transfer costs the guest, in cycles, by executing blocks of transfers in it.

The cost is the slope between a short and a long ring of plain transfers, so that neither the
block's own cost nor its first touches of the tries count. Cycles do not depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.chain.transfers import transfer_block

ROOT = Path(__file__).resolve().parents[1]
SHORT, LONG = 10, 100
TARGET_CYCLES = 60_000


def count_cycles(block: bytes) -> int:
    """Execute a block in the guest and return its cycles."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "block.ssz")
        path.write_bytes(block)
        command = [ROOT / ".venv" / "bin" / "zkattest", "execute", path, "--json"]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    execution = json.loads(answer.stdout)
    return int(execution["cycles"])


def measure() -> dict[str, int]:
    """Execute an empty block and both rings."""
    empty, short, long = (count_cycles(transfer_block(count)) for count in (0, SHORT, LONG))
    return {
        "empty_block_cycles": empty,
        f"ring_of_{SHORT}_cycles": short,
        f"ring_of_{LONG}_cycles": long,
        "cycles_a_transfer": (long - short) // (LONG - SHORT),
        "target_cycles_a_transfer": TARGET_CYCLES,
    }


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    report = measure()
    if arguments.json:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for name, value in report.items():
        sys.stdout.write(f"{name:>26}  {value:>9,}\n")


if __name__ == "__main__":
    main()
