"""The contracts of the recorded chain: Vyper source, and the committed bytecode made from it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "contracts"
BYTECODE = SOURCES / "bytecode.json"


@dataclass(frozen=True, slots=True)
class Contract:
    """Initcode without constructor arguments, and the code that it leaves."""

    initcode: bytes
    runtime: bytes


def load() -> dict[str, Contract]:
    """Read the committed bytecode of every contract."""
    table = json.loads(BYTECODE.read_text())
    return {
        name: Contract(bytes.fromhex(entry["initcode"]), bytes.fromhex(entry["runtime"]))
        for name, entry in table.items()
    }


def compile_all() -> dict[str, Contract]:
    """Compile every source with the compiler of the development environment."""
    return {path.stem: compile_source(path) for path in sorted(SOURCES.glob("*.vy"))}


def compile_source(path: Path) -> Contract:
    """Compile one source file; raise CalledProcessError when it does not compile."""
    command = [sys.executable, "-m", "vyper.cli.vyper_compile", "--no-bytecode-metadata"]
    finished = subprocess.run(
        [*command, "-f", "bytecode,bytecode_runtime", path.name],
        capture_output=True,
        text=True,
        check=True,
        cwd=path.parent,
    )
    initcode, runtime = finished.stdout.split()
    return Contract(bytes.fromhex(initcode[2:]), bytes.fromhex(runtime[2:]))


def write(contracts: dict[str, Contract]) -> None:
    """Replace the committed bytecode."""
    table = {
        name: {"initcode": contract.initcode.hex(), "runtime": contract.runtime.hex()}
        for name, contract in contracts.items()
    }
    BYTECODE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    write(compile_all())
