"""Drive a service with vegeta, built from its pinned source, and read every answer."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "12.12.0"
PACKAGE = "github.com/tsenart/vegeta/v12"
USUAL_GO = Path("/usr/local/go/bin/go")
BUILD_LIMIT_S = 600


class NoGenerator(Exception):
    """Say in one line why there is no load generator."""


@dataclass(frozen=True)
class Target:
    """Name one request: its URL, and the file that is its body."""

    url: str
    body: Path


@dataclass(frozen=True)
class Answer:
    """Hold what came back for one request; code 0 is none at all, and `error` says why."""

    url: str
    code: int
    latency_ms: float
    body: bytes
    headers: dict[str, list[str]]
    error: str

    @property
    def has_retry_after(self) -> bool:
        """Tell whether it says when to ask again."""
        return "Retry-After" in {name.title() for name in self.headers}


@dataclass(frozen=True)
class Attack:
    """Say how hard to press: `rate_per_s` 0 is as fast as the workers are answered."""

    rate_per_s: int
    seconds: int
    workers: int
    timeout_s: int = 30


def generator() -> Path:
    """Return the program, built into the cache where it is not there; raise `NoGenerator`."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = base / "zkattest" / f"vegeta-{VERSION}" / "vegeta"
    if program.exists():
        return program
    go = shutil.which("go") or (str(USUAL_GO) if USUAL_GO.exists() else None)
    if go is None:
        raise NoGenerator("Go is not installed; it builds the load generator")
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".new")
    done = subprocess.run(
        [go, "build", "-mod=readonly", "-o", str(unfinished), PACKAGE],
        cwd=HERE / "vegeta",
        capture_output=True,
        text=True,
        timeout=BUILD_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise NoGenerator(f"go build: {' '.join(done.stderr.split())[-300:]}")
    unfinished.rename(program)
    return program


def start(attack: Attack, targets: Sequence[Target], folder: Path) -> subprocess.Popen[bytes]:
    """Begin an attack; `finish` reads what comes of it."""
    listed, results = folder / "targets.txt", folder / "results.bin"
    listed.write_text(
        "".join(
            f"POST {target.url}\nContent-Type: application/octet-stream\n@{target.body}\n\n"
            for target in targets
        )
    )
    return subprocess.Popen(
        [
            str(generator()),
            *("attack", f"-targets={listed}", f"-output={results}", "-http2=false"),
            *(f"-rate={attack.rate_per_s}/1s", f"-duration={attack.seconds}s"),
            *(f"-workers={attack.workers}", f"-max-workers={attack.workers}"),
            *(f"-timeout={attack.timeout_s}s", f"-connections={attack.workers}"),
        ]
    )


def finish(process: subprocess.Popen[bytes], folder: Path, limit_s: float) -> list[Answer]:
    """Wait for an attack's end, and return every answer."""
    if process.wait(limit_s):
        raise RuntimeError(f"vegeta attack ended with {process.returncode}")
    encode = [str(generator()), "encode", "-to=json", str(folder / "results.bin")]
    text = subprocess.run(encode, check=True, capture_output=True).stdout
    return [_answer(json.loads(line)) for line in text.splitlines()]


def run(attack: Attack, targets: Sequence[Target], folder: Path) -> list[Answer]:
    """Press for as long as the attack says, and return every answer."""
    process = start(attack, targets, folder)
    return finish(process, folder, attack.seconds + attack.timeout_s + 30)


def codes(answers: Sequence[Answer]) -> dict[str, int]:
    """Count answers by their status; 0 is no answer."""
    return {str(code): count for code, count in sorted(Counter(a.code for a in answers).items())}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all is not above; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _answer(line: dict[str, object]) -> Answer:
    headers = line.get("headers")
    return Answer(
        url=str(line["url"]),
        code=int(str(line["code"])),
        latency_ms=int(str(line["latency"])) / 1e6,
        body=base64.b64decode(str(line.get("body") or "")),
        headers=headers if isinstance(headers, dict) else {},
        error=str(line.get("error") or ""),
    )
