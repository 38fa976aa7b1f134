"""Fixtures around the fake worker."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from zkattest.prover.cache import CacheEntry
from zkattest.prover.job import Prover
from zkattest.prover.program import Program
from zkattest.prover.worker import Worker, open_worker
from zkattest.types.execution import BlockPackage, ExecutionClaim, ExecutionWitness
from zkattest.types.ids import BlockHash, ChainId, ProgramVk, Root

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")
FAKE_VK = ProgramVk(b"\x00" * 31 + b"\x07")


def fake_command() -> tuple[str, ...]:
    return (sys.executable, str(FAKE_WORKER))


def fake_environment(mode: str) -> dict[str, str]:
    return {**os.environ, "FAKE_WORKER_MODE": mode, "FAKE_WORKER_VK": str(FAKE_VK)}


@asynccontextmanager
async def fake_worker(mode: str) -> AsyncIterator[Worker]:
    async with open_worker(fake_command(), fake_environment(mode)) as worker:
        yield worker


@pytest.fixture
def program(tmp_path: Path) -> Program:
    elf = tmp_path / "guest.elf"
    elf.write_bytes(b"not an ELF, and nobody looks")
    return Program(elf, FAKE_VK)


@pytest.fixture
def entry(tmp_path: Path) -> CacheEntry:
    folder = tmp_path / "cache" / "key"
    folder.mkdir(parents=True)
    shutil.copy2(FAKE_WORKER, folder / "zkattest-prover-sp1")
    return CacheEntry("key", folder, folder)


@pytest.fixture
def package() -> BlockPackage:
    claim = ExecutionClaim(
        block_hash=BlockHash(bytes(32)),
        transactions_root=Root(bytes(32)),
        post_state_root=Root(bytes(32)),
        deferred_transactions_root=Root(bytes(32)),
        receipts_root=Root(bytes(32)),
        logs_bloom=bytes(256),
        requests_hash=Root(bytes(32)),
        execution_reverted=False,
    )
    witness = ExecutionWitness(state=(b"\x80",), codes=(), headers=(b"\xc0",))
    return BlockPackage(ChainId(1), b"\xc0", claim, (), witness)


@asynccontextmanager
async def fake_prover(mode: str, program: Program, entry: CacheEntry) -> AsyncIterator[Prover]:
    async with fake_worker(mode) as worker:
        yield Prover(worker, program, entry)
