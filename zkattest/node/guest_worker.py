"""Run our guest, and prove its runs, in the prover's worker, behind `GuestWorker`."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from zkattest.prover.cache import CacheEntry, find_worker, worker_environment
from zkattest.prover.errors import CannotProve, JobFailed
from zkattest.prover.program import Program, load_program
from zkattest.prover.protocol import Fields, ProtocolError
from zkattest.prover.settings import Needs, execute_needs, prove_needs
from zkattest.prover.system import measure_resources, require
from zkattest.prover.worker import Worker, open_worker
from zkattest.spec.guests import GuestFailure, GuestProof, GuestRun, GuestUnavailable
from zkattest.spec.reasons import Cause
from zkattest.types.ids import ProgramVk
from zkattest.types.wire import MAX_PROOF_BYTES

_MAX_WAITING = 4


@dataclass(slots=True)
class SandboxedGuest:
    """Hand inputs to one warm worker, one after another; few wait."""

    worker: Worker
    program: Program
    entry: CacheEntry
    _turn: trio.Lock = field(default_factory=trio.Lock)

    @property
    def program_vk(self) -> ProgramVk:
        """Return the key of the program."""
        return self.program.program_vk

    async def execute(self, stdin: bytes, *, timeout_ms: int) -> GuestRun:
        """Run the guest without proving; raises as the port says."""
        self._require_a_place()
        with self._scratch() as folder:
            paths = await self._paths(folder, stdin)
            read = await self._request("execute", paths, execute_needs(), timeout_ms)
            return GuestRun(
                read.hex_bytes("public_values"), read.integer("cycles"), read.integer("elapsed_ms")
            )

    async def prove(self, stdin: bytes, *, timeout_ms: int) -> GuestProof:
        """Prove a run of the guest; raises as the port says."""
        self._require_a_place()
        with self._scratch() as folder:
            output = folder / "proof"
            paths = await self._paths(folder, stdin) | {"output": output}
            read = await self._request("prove", paths, prove_needs(), timeout_ms)
            proof = await trio.to_thread.run_sync(_read_proof, output)
            if len(proof) > MAX_PROOF_BYTES:
                raise GuestUnavailable(
                    Cause.OUT_OF_RESOURCES, "the proof is larger than one may be"
                )
            return GuestProof(
                read.hex_bytes("public_values"),
                proof,
                read.integer("cycles"),
                read.integer("elapsed_ms"),
            )

    async def _request(
        self, op: str, paths: Mapping[str, Path | bool], needs: Needs, timeout_ms: int
    ) -> Fields:
        # Others may have come while the input was written.
        self._require_a_place()
        answer: Mapping[str, Any] | None = None
        with trio.move_on_after(timeout_ms / 1000):
            async with self._turn:
                answer = await self._ask(op, paths, needs)
        if answer is None:
            raise GuestUnavailable(Cause.TIMEOUT, f"no answer within {timeout_ms} ms")
        try:
            return Fields(answer)
        except ProtocolError as error:
            raise GuestUnavailable(Cause.BACKEND_UNAVAILABLE, str(error)) from error

    async def _ask(
        self, op: str, paths: Mapping[str, Path | bool], needs: Needs
    ) -> Mapping[str, Any]:
        try:
            free = measure_resources(self.entry.scratch)
            require(needs, free, op, reusable_bytes=self.worker.memory_bytes())
            return await self.worker.request(op, paths)
        except JobFailed as error:
            if error.cause is Cause.BACKEND_UNAVAILABLE:
                raise GuestUnavailable(error.cause, error.detail) from error
            raise GuestFailure(error.detail) from error
        except CannotProve as error:
            raise GuestUnavailable(error.cause, error.detail) from error
        except ProtocolError as error:
            raise GuestUnavailable(Cause.BACKEND_UNAVAILABLE, str(error)) from error

    def _require_a_place(self) -> None:
        """Raise `GuestUnavailable` where too many wait, before megabytes are written."""
        if self._turn.statistics().tasks_waiting >= _MAX_WAITING:
            raise GuestUnavailable(Cause.OUT_OF_RESOURCES, "other runs wait for the worker")

    async def _paths(self, folder: Path, stdin: bytes) -> dict[str, Path | bool]:
        path = folder / "input"
        await trio.to_thread.run_sync(path.write_bytes, stdin)
        return {"elf": self.program.elf, "input": path}

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Make a folder that only the worker reads."""
        self.entry.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="guest-", dir=self.entry.scratch) as name:
            yield Path(name)


def _read_proof(path: Path) -> bytes:
    """Read a proof, and one byte more than one may have where there is more."""
    with path.open("rb") as file:
        return file.read(MAX_PROOF_BYTES + 1)


@asynccontextmanager
async def open_guest_worker(*, is_wanted: bool) -> AsyncIterator[SandboxedGuest | None]:
    """
    Give a worker that starts with its first job; nothing where none is wanted.

    Raises `CannotProve` where the worker is not built, or the program is not there.
    """
    if not is_wanted:
        yield None
        return
    program, entry = load_program(None), find_worker()
    async with open_worker((str(entry.binary),), worker_environment(entry)) as worker:
        yield SandboxedGuest(worker, program, entry)
