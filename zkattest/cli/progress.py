"""Show where long work is: a bar on a terminal, plain lines elsewhere, always on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from zkattest.prover.build import BuildProgress
from zkattest.prover.protocol import Progress

# Elsewhere than on a terminal, a line at most so often unless a stage ends.
PLAIN_LINE_SECONDS = 10.0

STAGES = {
    "setup": "computing the program's key",
    "start": "starting the prover (once, about a minute)",
    "execute": "executing",
    "core": "proving shards",
    "normalise": "normalising shards",
    "reduce": "joining proofs",
    "verify": "verifying the proof",
}


class Display:
    """Show one line of work: text, how far, since when."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Choose bar or lines by what standard error is."""
        self._quiet = quiet
        console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._is_terminal = console.is_terminal
        self._task: TaskID | None = None
        self._last_line = ""
        # Work that is done before the first line is due says nothing.
        self._last_time = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to show."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        self._bars.stop()

    def show_step(self, text: str, done: int, total: int | None, *, important: bool) -> None:
        """Show a step; `important` ones are never left out of plain lines."""
        if self._quiet:
            return
        if self._is_terminal:
            self._show_bar(text, done, total)
        else:
            self._show_line(f"{text} {done}/{total or '?'}", important=important)

    def _show_bar(self, text: str, done: int, total: int | None) -> None:
        if self._task is None:
            self._task = self._bars.add_task(text, total=total)
        self._bars.update(self._task, description=text, completed=done, total=total)

    def _show_line(self, line: str, *, important: bool) -> None:
        now = time.monotonic()
        if line == self._last_line:
            return
        if important or now - self._last_time >= PLAIN_LINE_SECONDS:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
            self._last_line, self._last_time = line, now


class BuildDisplay(Display):
    """Show the compilation of the worker."""

    def show(self, progress: BuildProgress) -> None:
        """Show how many crates are done."""
        text = f"compiling the prover: {progress.crate}"
        self.show_step(text, progress.done, progress.total, important=False)

    def show_waiting(self) -> None:
        """Say that somebody else is compiling it."""
        self.show_step("another process builds the prover: waiting", 0, None, important=True)


class JobDisplay(Display):
    """Show the stages of a job."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Begin without a block."""
        super().__init__(quiet=quiet)
        self.block = ""

    def show(self, progress: Progress) -> None:
        """Show the stage and how much of it is done."""
        stage = STAGES.get(progress.stage, progress.stage)
        on_terminal = f" ({progress.detail})" if progress.detail and self._is_terminal else ""
        seconds = "" if self._is_terminal else f"[{progress.elapsed_ms / 1000:6.1f} s] "
        text = f"{seconds}{self.block}: {stage}{on_terminal}"
        self.show_step(text, progress.done, progress.total, important=progress.detail is None)
