"""Ask another program: one process answers many cases, line by line, and is started again."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO, Final

import trio

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, read_outcome
from zkattest.conformance.values import CaseError
from zkattest.prover.worker import kill_group, last_line
from zkattest.types.json_text import parse_json

MAX_ANSWER_BYTES: Final = 1 << 20
GRACE_SECONDS: Final = 1.0


class ProgramError(Exception):
    """Say in one line what a program did instead of answering."""


@dataclass
class Program:
    """Hold one process; used by one task at a time, started when it is first asked."""

    command: Sequence[str]
    timeout_s: float
    starts: int = 0
    _process: trio.Process | None = None
    _log: IO[bytes] | None = None
    _buffer: bytearray = field(default_factory=bytearray)

    async def ask(self, case: VectorCase) -> Outcome:
        """Send a case and read the verdict; after a `ProgramError` the next one starts anew."""
        try:
            # The time to start counts: a program that never comes up has to end, too.
            with trio.fail_after(self.timeout_s):
                process = await self._running()
                await self._send(process, case.request())
                line = await self._line(process)
            return _read_answer(line, case.id)
        except trio.TooSlowError:
            await self.stop()
            raise ProgramError(f"hung: no answer within {self.timeout_s:g} s") from None
        except ProgramError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the process and all that it started."""
        process, self._process = self._process, None
        self._buffer.clear()
        if process is None:
            return
        with trio.CancelScope(shield=True):
            if process.stdin is not None:
                await process.stdin.aclose()
            with trio.move_on_after(GRACE_SECONDS):
                await process.wait()
            await kill_group(process)
            if process.stdout is not None:
                await process.stdout.aclose()
        if self._log is not None:
            self._log.close()

    async def _running(self) -> trio.Process:
        if self._process is not None and self._process.poll() is None:
            return self._process
        await self.stop()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        try:
            self._process = await trio.lowlevel.open_process(
                list(self.command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                # A group of its own: Ctrl-C reaches us alone, and we end whatever it started.
                start_new_session=True,
            )
        except OSError as error:
            raise ProgramError(f"does not start: {error.strerror or error}") from None
        self.starts += 1
        return self._process

    async def _send(self, process: trio.Process, line: bytes) -> None:
        assert process.stdin is not None  # noqa: S101 - asked for above
        try:
            await process.stdin.send_all(line)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise ProgramError(await self._how_it_ended(process)) from None

    async def _line(self, process: trio.Process) -> bytes:
        assert process.stdout is not None  # noqa: S101 - asked for above
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_ANSWER_BYTES:
                raise ProgramError(f"undecodable answer: a line above {MAX_ANSWER_BYTES} bytes")
            received = await process.stdout.receive_some()
            if not received:
                raise ProgramError(await self._how_it_ended(process))
            self._buffer += received
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    async def _how_it_ended(self, process: trio.Process) -> str:
        with trio.move_on_after(GRACE_SECONDS):
            await process.wait()
        code = process.returncode
        how = "closed its output" if code is None else f"exit code {code}"
        if code is not None and code < 0:
            how = f"killed by {signal.Signals(-code).name}"
        said = last_line(self._log)
        return f"crashed: {how}" + (f"; it said: {said}" if said else "")


def _read_answer(line: bytes, case_id: str) -> Outcome:
    try:
        answer = parse_json(line)
        outcome = read_outcome(answer)
    except CaseError as error:
        raise ProgramError(f"undecodable answer: {error}") from None
    except ValueError:
        shown = ascii(line[:60])[2:-1]
        raise ProgramError(f"undecodable answer: not JSON: {shown}") from None
    # An answer that names its question must not be one to an earlier question.
    if answer.get("id", case_id) != case_id:
        raise ProgramError(f"undecodable answer: it is about {ascii(answer['id'])[:80]}")
    return outcome


@asynccontextmanager
async def open_program(command: Sequence[str], timeout_s: float) -> AsyncIterator[Program]:
    """Give a program that is gone at the end, with everything it started."""
    program = Program(command, timeout_s)
    try:
        yield program
    finally:
        await program.stop()
