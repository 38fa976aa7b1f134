"""Anvil, an execution client of another make: installed once into the cache, run for a test."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).resolve().parent
LOCK = HERE / "package-lock.json"
PROGRAM = "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
LISTENING = re.compile(r"^Listening on (\S+)")


class NoAnvil(Exception):
    """Say in one line why there is none on this machine."""


class Anvil:
    """Speak to a running client."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, *params: object) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(self.url, json=request, timeout=60, trust_env=False).json()
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]


@contextmanager
def running() -> Iterator[Anvil]:
    """Run a client with a chain of its own; every transaction mines a block."""
    command = [str(binary()), "--port", "0", "--hardfork", "osaka"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = (LISTENING.match(line) for line in process.stdout)
            found = next((line for line in lines if line), None)
            if found is None:
                raise AssertionError("anvil ended before it listened")
            yield Anvil(f"http://{found[1]}")
        finally:
            process.kill()


def binary() -> Path:
    """Find the program; install the locked packages by npm when they are not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zkattest"
    target = cache / f"anvil-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Made elsewhere and named when whole: an interrupted installation is never taken for one.
        with tempfile.TemporaryDirectory(prefix=".anvil-", dir=cache) as name:
            made = Path(name) / "packages"
            install(made)
            try:
                made.rename(target)
            except OSError:
                # Another process was faster; its packages are the same.
                if not target.exists():
                    raise
    return target / PROGRAM


def install(place: Path) -> None:
    """Install exactly the locked packages; none of their scripts is run."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoAnvil("npm is not installed")
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoAnvil("the locked program is for Linux on x86-64")
    place.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, place)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"npm ci: {' '.join(done.stderr.split())[:200]}")
