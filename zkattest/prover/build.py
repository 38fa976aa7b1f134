"""Build the worker into the cache: once at a time, whole or not at all, with visible progress."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import trio

from zkattest.prover.cache import BINARY_NAME, RUSTFLAGS, CacheEntry
from zkattest.prover.errors import CannotProve
from zkattest.prover.settings import build_needs
from zkattest.prover.system import measure_resources, require
from zkattest.prover.toolchain import require_toolchain
from zkattest.prover.worker import kill_group
from zkattest.spec.reasons import Cause

# Where cargo keeps what it compiled; without it the folder lies in the cache and goes afterwards.
TARGET_VARIABLE = "ZKATTEST_PROVER_TARGET_DIR"
LOCK_POLL_SECONDS = 0.5
ERROR_LINES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """Say how many crates are compiled of how many (None: not known yet), and the last one."""

    done: int
    total: int | None
    crate: str


ReportBuild = Callable[[BuildProgress], None]
ReportWaiting = Callable[[], None]


async def ensure_built(entry: CacheEntry, report: ReportBuild, waiting: ReportWaiting) -> bool:
    """Build the worker unless it is there; say whether it had to be built."""
    if entry.is_built():
        return False
    require_toolchain()
    require(build_needs(), measure_resources(entry.folder), "building the prover")
    async with _locked(entry.folder.parent, waiting):
        if entry.is_built():  # by the one we waited for
            return False
        await build(entry, report)
    return True


@asynccontextmanager
async def _locked(root: Path, waiting: ReportWaiting) -> AsyncIterator[None]:
    """Hold the cache's lock; the kernel lets go of it when the process dies."""
    with _open_lock(root) as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    waiting()
                told = True
                await trio.sleep(LOCK_POLL_SECONDS)
        yield


def _open_lock(root: Path) -> IO[str]:
    root.mkdir(parents=True, exist_ok=True)
    return (root / "lock").open("w")


async def build(entry: CacheEntry, report: ReportBuild) -> None:
    """Compile the worker and put it into the cache; nothing is there when it fails."""
    target = _target_folder(entry)
    environment = {**os.environ, "RUSTFLAGS": RUSTFLAGS, "CARGO_TARGET_DIR": str(target)}
    environment.pop("CARGO_BUILD_TARGET", None)
    report(BuildProgress(0, None, "fetching crates"))
    total = await _count_crates(entry.sources, environment)
    await _run_cargo(entry.sources, environment, total, report)
    _install(target / "release" / BINARY_NAME, entry)
    if TARGET_VARIABLE not in os.environ:
        shutil.rmtree(target, ignore_errors=True)


def _target_folder(entry: CacheEntry) -> Path:
    """Give cargo's folder: it survives an interruption, so that the next build goes on there."""
    named = os.environ.get(TARGET_VARIABLE)
    return Path(named).absolute() if named else entry.folder.parent / "target"


async def _count_crates(sources: Path, environment: dict[str, str]) -> int:
    command = ["cargo", "tree", "--locked", "-e", "normal,build", "--prefix", "none", "-f", "{p}"]
    run = await trio.run_process(
        command,
        cwd=sources,
        env=environment,
        capture_stdout=True,
        capture_stderr=True,
        check=False,
    )
    if run.returncode != 0:
        raise CannotProve(Cause.BACKEND_UNAVAILABLE, f"cargo: {_last_lines(run.stderr)}")
    lines = run.stdout.decode().splitlines()
    return len({line.removesuffix(" (*)") for line in lines if line})


async def _run_cargo(
    sources: Path, environment: dict[str, str], total: int, report: ReportBuild
) -> None:
    """Run cargo in a session of its own, so that nothing it started outlives an interruption."""
    with tempfile.TemporaryFile() as log:
        process = await trio.lowlevel.open_process(
            ["cargo", "build", "--release", "--locked", "--message-format=json-render-diagnostics"],
            cwd=sources,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            await _follow_cargo(process.stdout, total, report)
            await process.wait()
        finally:
            with trio.CancelScope(shield=True):
                await kill_group(process)
        if process.returncode != 0:
            log.seek(0)
            raise CannotProve(
                Cause.BACKEND_UNAVAILABLE, f"cargo build fails: {_last_lines(log.read())}"
            )


async def _follow_cargo(stream: trio.abc.ReceiveStream, total: int, report: ReportBuild) -> None:
    """Count the packages whose library or program cargo says it has made."""
    compiled: set[str] = set()
    buffer = b""
    async for data in stream:
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            package = _compiled_package(line)
            if package is not None and package not in compiled:
                compiled.add(package)
                report(BuildProgress(min(len(compiled), total), total, _crate_name(package)))


def _compiled_package(line: bytes) -> str | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    if message.get("reason") != "compiler-artifact":
        return None
    if message["target"]["kind"] == ["custom-build"]:
        return None
    return str(message["package_id"])


def _crate_name(package_id: str) -> str:
    """Shorten `registry+https://…#name@1.2.3` and `path+file:///…#1.2.3` to what a person reads."""
    source, _, name = package_id.partition("#")
    return name if "@" in name else f"{source.rsplit('/', 1)[-1]}@{name}"


def _install(built: Path, entry: CacheEntry) -> None:
    """Copy the program into the cache under its key, whole from the first moment."""
    unfinished = entry.folder.with_name(f"{entry.key}.{os.getpid()}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        shutil.copy2(built, unfinished / BINARY_NAME)
        shutil.rmtree(entry.folder, ignore_errors=True)
        unfinished.rename(entry.folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _last_lines(text: bytes) -> str:
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error")]
    return " / ".join((errors or lines)[-ERROR_LINES_SHOWN:])[:600]
