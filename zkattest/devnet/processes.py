"""Start, feed, kill and end the devnet's processes; none of them outlives this one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

_END_AFTER_S = 3.0
_MOST_LINE_BYTES = 1 << 20

Listener = Callable[[str, dict[str, Any]], None]


class ProcessFailed(Exception):
    """Say that a process ended that should be running."""


class Child:
    """Hold one process; it tells events on standard output, and its errors go to a file."""

    def __init__(self, name: str, process: trio.Process, errors: Path) -> None:
        self.name = name
        self.ready = trio.Event()
        self.listening = trio.Event()
        self.connected = trio.Event()
        self.is_expected_to_end = False
        self._process = process
        self._errors = errors

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    async def order(self, orders: dict[str, Any]) -> None:
        """Tell the process what to be."""
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        await self._process.stdin.send_all(json.dumps(orders).encode() + b"\n")

    async def kill(self) -> None:
        """Kill the process as a power cut would."""
        self.is_expected_to_end = True
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def end(self) -> None:
        """Let the leash go and wait; kill what does not end by itself."""
        self.is_expected_to_end = True
        if self._process.stdin is not None:
            await self._process.stdin.aclose()
        with trio.move_on_after(_END_AFTER_S) as patience:
            await self._process.wait()
        if patience.cancelled_caught:
            self._process.kill()
            await self._process.wait()

    async def listen(self, tell: Listener) -> None:
        """Pass the process's events on until it ends; raise when it should not have."""
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        pending = b""
        async for chunk in self._process.stdout:
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self._tell(line, tell)
            if len(pending) > _MOST_LINE_BYTES:
                raise ProcessFailed(f"{self.name}: a line of its log is too long")
        code = await self._process.wait()
        if not self.is_expected_to_end:
            raise ProcessFailed(f"{self.name}: ended with code {code}: {self._last_error()}")

    def _tell(self, line: bytes, tell: Listener) -> None:
        try:
            event = json.loads(line)
        except ValueError as error:
            raise ProcessFailed(f"{self.name}: not an event: {line[:80]!r}") from error
        match event.get("event"):
            case "ready":
                self.ready.set()
            case "listening":
                self.listening.set()
            case "connected":
                self.connected.set()
        tell(self.name, event)

    def _last_error(self) -> str:
        lines = self._errors.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "nothing on standard error"


class Crew:
    """Hold the processes of one run."""

    def __init__(self, nursery: trio.Nursery, folder: Path, tell: Listener) -> None:
        self._nursery = nursery
        self._folder = folder
        self._tell = tell
        self.children: list[Child] = []

    async def start(self, name: str) -> Child:
        """Start a process that waits for orders."""
        errors = self._folder / f"{name}.stderr"
        with errors.open("ab") as stream:
            process = await trio.lowlevel.open_process(
                [sys.executable, "-m", "zkattest.devnet.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                # Ctrl-C reaches the conductor alone, which ends the others in order.
                start_new_session=True,
            )
        child = Child(name, process, errors)
        self.children.append(child)
        self._nursery.start_soon(child.listen, self._tell)
        return child


@asynccontextmanager
async def open_crew(folder: Path, tell: Listener) -> AsyncIterator[Crew]:
    """
    Give a crew, and end every process of it on leaving, whatever happened.

    What the processes told before they ended has been heard when this returns.
    """
    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, folder, tell)
        try:
            yield crew
        finally:
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as ending:
                    for child in crew.children:
                        ending.start_soon(child.end)
