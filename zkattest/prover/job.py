"""Do the two jobs for a block: run the guest on it, prove the run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from zkattest.prover.cache import CacheEntry, worker_environment
from zkattest.prover.errors import CannotProve
from zkattest.prover.program import Program
from zkattest.prover.protocol import Fields
from zkattest.prover.settings import Needs, execute_needs, prove_needs
from zkattest.prover.system import measure_resources, require
from zkattest.prover.worker import ReportProgress, Worker, ignore_progress, open_worker
from zkattest.spec.reasons import Cause
from zkattest.types.execution import BlockPackage


@dataclass(frozen=True, slots=True)
class Execution:
    """Say what a run of the guest cost and what it committed to."""

    cycles: int
    prover_gas: int | None
    public_values: bytes
    system_calls: dict[str, int]
    elapsed_ms: int

    def to_dict(self) -> dict[str, object]:
        """Give the fields by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Proof:
    """Say what a proof proves and what it cost; the proof itself is in the file."""

    path: Path
    program_vk: str
    public_values: bytes
    cycles: int
    proof_bytes: int
    shards: int
    elapsed_ms: int
    start_ms: int
    verify_ms: int
    stage_ms: dict[str, int]
    peak_memory_bytes: int
    peak_child_memory_bytes: int

    def to_dict(self) -> dict[str, object]:
        """Give the fields by name."""
        return asdict(self)


class Prover:
    """Run jobs for one program in one warm worker."""

    def __init__(self, worker: Worker, program: Program, entry: CacheEntry) -> None:
        """Take a worker that may not have started yet."""
        self._worker = worker
        self._program = program
        self._entry = entry
        self._checked_start = 0

    async def execute(
        self, package: BlockPackage, report: ReportProgress = ignore_progress
    ) -> Execution:
        """Run the guest on a block without proving."""
        self._require(execute_needs(), "executing", self._entry.scratch)
        with self._input_file(package) as path:
            answer = await self._worker.request(
                "execute", {"elf": self._program.elf, "input": path}, report
            )
        read = Fields(answer)
        return Execution(
            cycles=read.integer("cycles"),
            prover_gas=read.optional_integer("prover_gas"),
            public_values=read.hex_bytes("public_values"),
            system_calls=read.counts("system_calls"),
            elapsed_ms=read.integer("elapsed_ms"),
        )

    async def prove(
        self, package: BlockPackage, output: Path, report: ReportProgress = ignore_progress
    ) -> Proof:
        """
        Prove a block and write the proof to `output`, whole and verified, or not at all.

        Refuses before the long work when memory or disk would not do, when the worker makes another
        key of the program than the one that is committed, or when the guest cannot use the block.
        """
        self._require(prove_needs(), "proving", output.parent)
        await self._check_key(report)
        await self._check_statement(package, report)
        with self._input_file(package) as path:
            answer = await self._worker.request(
                "prove", {"elf": self._program.elf, "input": path, "output": output}, report
            )
        read = Fields(answer)
        return Proof(
            path=output,
            program_vk=read.text("program_vk"),
            public_values=read.hex_bytes("public_values"),
            cycles=read.integer("cycles"),
            proof_bytes=read.integer("proof_bytes"),
            shards=read.integer("shards"),
            elapsed_ms=read.integer("elapsed_ms"),
            start_ms=read.integer("start_ms"),
            verify_ms=read.integer("verify_ms"),
            stage_ms=read.counts("stage_ms"),
            peak_memory_bytes=read.integer("peak_memory_bytes"),
            peak_child_memory_bytes=read.integer("peak_child_memory_bytes"),
        )

    async def _check_key(self, report: ReportProgress) -> None:
        """Compare the program's key once in the life of each worker process."""
        if self._checked_start == self._worker.starts and self._checked_start > 0:
            return
        answer = await self._worker.request("setup", {"elf": self._program.elf}, report)
        key = Fields(answer).text("program_vk")
        if key != str(self._program.program_vk):
            raise CannotProve(
                Cause.UNREADABLE_INPUT,
                f"{self._program.elf}: the key is {key}, {self._program.program_vk} is committed",
            )
        self._checked_start = self._worker.starts

    async def _check_statement(self, package: BlockPackage, report: ReportProgress) -> None:
        """Run the guest first: a proof that says nothing is not worth minutes."""
        execution = await self.execute(package, report)
        if not any(execution.public_values):
            raise CannotProve(
                Cause.UNREADABLE_INPUT,
                "the guest cannot use this block or its witness (its public values are all zero)",
            )

    def _require(self, needs: Needs, purpose: str, folder: Path) -> None:
        free = measure_resources(folder)
        require(needs, free, purpose, reusable_bytes=self._worker.memory_bytes())

    @contextmanager
    def _input_file(self, package: BlockPackage) -> Iterator[Path]:
        """Write the guest's input where only the worker reads it."""
        self._entry.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".input", dir=self._entry.scratch)
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(package.stateless_input().encode())
            yield path
        finally:
            path.unlink(missing_ok=True)


@asynccontextmanager
async def open_prover(program: Program, entry: CacheEntry) -> AsyncIterator[Prover]:
    """Give a prover whose worker starts with the first job and is gone at the end."""
    command = (str(entry.binary),)
    async with open_worker(command, worker_environment(entry)) as worker:
        yield Prover(worker, program, entry)


async def program_key(entry: CacheEntry, elf: Path) -> str:
    """Ask a worker for the key of any program."""
    async with open_worker((str(entry.binary),), worker_environment(entry)) as worker:
        return Fields(await worker.request("setup", {"elf": elf})).text("program_vk")
