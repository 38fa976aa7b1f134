"""Run the worker: one warm process in a session of its own, jobs one after another."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import trio

from zkattest.prover.errors import CannotProve, JobFailed, WorkerGone
from zkattest.prover.protocol import (
    PROTOCOL_VERSION,
    Event,
    Failed,
    Progress,
    ProtocolError,
    Ready,
    Result,
    encode_request,
    parse_event,
)
from zkattest.prover.settings import READY_SECONDS, STOP_GRACE_SECONDS
from zkattest.spec.reasons import Cause

MAX_LINE_BYTES = 1 << 20
MAX_LOG_BYTES_READ = 1 << 14
GROUP_SECONDS = 2.0
GROUP_POLL_SECONDS = 0.01
ReportProgress = Callable[[Progress], None]


def ignore_progress(_progress: Progress) -> None:
    """Show nothing."""


@dataclass
class Worker:
    """
    Hold one worker process.

    Used by one task at a time. A worker that ends during a job is started again for the next one.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    process: trio.Process | None = None
    ready: Ready | None = None
    starts: int = 0
    _lines: _Lines | None = None
    _log: IO[bytes] | None = None
    _jobs: int = 0

    async def request(
        self, op: str, paths: Mapping[str, Path | bool], report: ReportProgress = ignore_progress
    ) -> Mapping[str, Any]:
        """Run one job and give the fields of its result; cancelling it kills the process."""
        try:
            await self._start_unless_running()
            self._jobs += 1
            request_id = str(self._jobs)
            await self._send(encode_request(request_id, op, paths))
            return await self._answer_to(request_id, report)
        except (trio.Cancelled, ProtocolError, WorkerGone):
            # After a cancelled job the process is busy with work that nobody wants.
            with trio.CancelScope(shield=True):
                await self.stop()
            raise

    async def _start_unless_running(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        await self.stop()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        # A session of its own: Ctrl-C reaches us alone, and killing the group gets every child.
        try:
            self.process = await trio.lowlevel.open_process(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=dict(self.environment),
                start_new_session=True,
            )
        except OSError as error:
            raise CannotProve(
                Cause.BACKEND_UNAVAILABLE, f"worker does not start: {error}"
            ) from error
        self.starts += 1
        assert self.process.stdout is not None  # noqa: S101 - asked for above
        self._lines = _Lines(self.process.stdout)
        await self._read_ready()

    async def _read_ready(self) -> None:
        with trio.move_on_after(READY_SECONDS):
            match await self._next_event():
                case Ready() as ready if ready.protocol == PROTOCOL_VERSION:
                    self.ready = ready
                    return
                case Failed(message=message):
                    raise CannotProve(Cause.UNREADABLE_INPUT, message)
                case other:
                    raise ProtocolError(f"the worker begins with {other!r}")
        raise WorkerGone(f"the worker said nothing for {READY_SECONDS:.0f} s")

    async def _send(self, line: bytes) -> None:
        assert self.process is not None  # noqa: S101 - started before
        assert self.process.stdin is not None  # noqa: S101
        try:
            await self.process.stdin.send_all(line)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise WorkerGone(await self._how_it_ended()) from error

    async def _answer_to(self, request_id: str, report: ReportProgress) -> Mapping[str, Any]:
        while True:
            match await self._next_event():
                case Progress(id=progress_id) as progress if progress_id == request_id:
                    report(progress)
                case Result(id=result_id, fields=fields) if result_id == request_id:
                    return fields
                case Failed(id=failed_id) as failed if failed_id in {request_id, None}:
                    raise JobFailed(failed.kind, failed.message, failed.logged)
                case Progress():
                    pass  # of a job before this one
                case other:
                    raise ProtocolError(f"unexpected {other!r}")

    async def _next_event(self) -> Event:
        assert self._lines is not None  # noqa: S101 - started before
        line = await self._lines.next()
        if line is None:
            raise WorkerGone(await self._how_it_ended())
        return parse_event(line)

    async def _how_it_ended(self) -> str:
        assert self.process is not None  # noqa: S101 - started before
        with trio.move_on_after(STOP_GRACE_SECONDS):
            await self.process.wait()
        said = last_line(self._log)
        log = f"; last of its log: {said}" if said else ""
        return f"the worker ended in the middle of a job: {describe_exit(self.process)}{log}"

    def memory_bytes(self) -> int:
        """Give the resident memory that the running process holds."""
        if self.process is None or self.process.poll() is not None:
            return 0
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    async def stop(self) -> None:
        """End the process and everything it started; it may be running, dead or never started."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.stdin is not None:
            await process.stdin.aclose()  # the worker cleans up and leaves
        with trio.move_on_after(STOP_GRACE_SECONDS):
            await process.wait()
        leftovers = shared_memory_files(process.pid)
        # Also when it ended by itself: what it started may live on.
        await kill_group(process)
        for path in leftovers:
            path.unlink(missing_ok=True)
        if process.stdout is not None:
            await process.stdout.aclose()
        if self._log is not None:
            self._log.close()


async def kill_group(process: trio.Process) -> None:
    """Kill a process that leads its session, and wait until all of its group is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    # What it started is not ours to wait for, and a zombie that nobody collects stays for ever.
    with suppress(ProcessLookupError), trio.move_on_after(GROUP_SECONDS):
        while True:
            os.killpg(process.pid, 0)
            await trio.sleep(GROUP_POLL_SECONDS)


@asynccontextmanager
async def open_worker(
    command: tuple[str, ...], environment: Mapping[str, str]
) -> AsyncIterator[Worker]:
    """Give a worker that starts with its first job and is gone, with its children, at the end."""
    worker = Worker(command, environment)
    try:
        yield worker
    finally:
        with trio.CancelScope(shield=True):
            await worker.stop()


class _Lines:
    """Split a stream into lines of bounded length."""

    def __init__(self, stream: trio.abc.ReceiveStream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    async def next(self) -> bytes | None:
        """Give the next line without its end, None at the end of the stream."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise ProtocolError(f"a line of more than {MAX_LINE_BYTES} bytes")
            try:
                data = await self._stream.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                return None
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line


def last_line(log: IO[bytes] | None) -> str:
    """Give the last line that a log holds, cut to what fits in a message."""
    if log is None or log.closed:
        return ""
    log.seek(max(0, log.seek(0, os.SEEK_END) - MAX_LOG_BYTES_READ))
    lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-1].split())[:400] if lines else ""


def describe_exit(process: trio.Process) -> str:
    """Say in words how a process ended."""
    code = process.returncode
    if code is None:
        return "it does not answer"
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"killed by {name}{hint}"


def shared_memory_files(pid: int) -> list[Path]:
    """List the executor's files in /dev/shm that a living process has mapped."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return []
    found = re.findall(r"/dev/shm/(?:sem\.)?sp1_\S+", maps)  # noqa: S108
    return [Path(name) for name in sorted(set(found))]
