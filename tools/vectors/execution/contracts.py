"""The contracts of the vectors: Solidity and Yul source, and the bytecode made from it."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

SOURCES: Final = Path(__file__).parent / "contracts"
BYTECODE: Final = SOURCES / "bytecode.json"


class CompilerError(Exception):
    """Say in one line why the sources were not compiled."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Initcode without constructor arguments, and the code that it leaves."""

    initcode: bytes
    runtime: bytes


@cache
def load() -> dict[str, Contract]:
    """Read the committed bytecode of every contract."""
    table = json.loads(BYTECODE.read_text())["contracts"]
    return {
        name: Contract(bytes.fromhex(entry["initcode"]), bytes.fromhex(entry["runtime"]))
        for name, entry in table.items()
    }


def runtime(name: str) -> bytes:
    """Give the code that a contract of this name has on chain."""
    return load()[name].runtime


def initcode(name: str) -> bytes:
    """Give the code that creates a contract; its constructor's arguments follow it."""
    return load()[name].initcode


def has_node() -> bool:
    """Say whether node and npm are there, which the compiler runs on."""
    return bool(shutil.which("node") and shutil.which("npm"))


def compile_all() -> dict[str, Any]:
    """Compile every source with the pinned compiler; raise CompilerError."""
    packages = ensure_compiler()
    script = [shutil.which("node") or "node", str(SOURCES / "compile.js"), str(SOURCES)]
    compiled: dict[str, Any] = json.loads(run(script, NODE_PATH=str(packages)))
    return compiled


def ensure_compiler() -> Path:
    """Return the folder of the compiler's packages; install what the lock file names."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = json.loads((SOURCES / "package.json").read_text())["dependencies"]["solc"]
    place = cache_home / "zkattest" / f"solc-{version}"
    packages = place / "node_modules"
    if not (packages / "solc" / "package.json").exists():
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, place / name)
        npm = shutil.which("npm") or "npm"
        run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(place)])
    return packages


def run(command: list[str], **environment: str) -> str:
    """Run one step and give what it printed."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:]
        raise CompilerError(f"{' '.join(Path(part).name for part in command[:2])}: {reason}")
    return done.stdout


if __name__ == "__main__":
    BYTECODE.write_text(json.dumps(compile_all(), indent=1) + "\n")
