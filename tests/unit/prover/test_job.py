"""Jobs for a block: answers, the check of the key, refusals before any work."""

from pathlib import Path

import pytest

from tests.unit.prover.conftest import fake_prover
from zkattest.prover.cache import CacheEntry
from zkattest.prover.errors import CannotProve, WorkerGone
from zkattest.prover.program import Program
from zkattest.spec.reasons import Cause
from zkattest.types.execution import BlockPackage
from zkattest.types.ids import ProgramVk


@pytest.fixture(autouse=True)
def little_memory_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKATTEST_PROVER_MEMORY_BYTES", "1")


async def test_execute__gives_cycles_and_values(
    program: Program, entry: CacheEntry, package: BlockPackage
) -> None:
    async with fake_prover("good", program, entry) as prover:
        execution = await prover.execute(package)
    assert execution.cycles == 1000
    assert execution.prover_gas == 77
    assert execution.system_calls == {"keccak_permute": 3}
    assert len(execution.public_values) == 43
    assert list(entry.scratch.iterdir()) == []


async def test_prove__writes_the_proof(
    program: Program, entry: CacheEntry, package: BlockPackage, tmp_path: Path
) -> None:
    async with fake_prover("good", program, entry) as prover:
        proof = await prover.prove(package, tmp_path / "proof.bin")
    assert proof.path.read_bytes() == b"not a proof"
    assert proof.shards == 2
    assert list(entry.scratch.iterdir()) == []


async def test_prove__refused_before_any_work_without_memory(
    program: Program,
    entry: CacheEntry,
    package: BlockPackage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZKATTEST_PROVER_MEMORY_BYTES", str(1 << 50))
    async with fake_prover("good", program, entry) as prover:
        with pytest.raises(CannotProve, match=r"needs 1048576\.0 GiB of memory") as refusal:
            await prover.prove(package, tmp_path / "proof.bin")
        assert refusal.value.cause == Cause.OUT_OF_RESOURCES
        assert prover._worker.starts == 0
    assert not (tmp_path / "proof.bin").exists()


async def test_prove__refused_when_the_key_is_another(
    program: Program, entry: CacheEntry, package: BlockPackage, tmp_path: Path
) -> None:
    other = Program(program.elf, ProgramVk(bytes(31) + b"\x08"))
    async with fake_prover("good", other, entry) as prover:
        with pytest.raises(CannotProve, match="is committed"):
            await prover.prove(package, tmp_path / "proof.bin")
    assert not (tmp_path / "proof.bin").exists()


async def test_prove__cannot_when_the_worker_dies(
    program: Program, entry: CacheEntry, package: BlockPackage, tmp_path: Path
) -> None:
    async with fake_prover("crash", program, entry) as prover:
        with pytest.raises(WorkerGone):
            await prover.prove(package, tmp_path / "proof.bin")
    assert list(entry.scratch.iterdir()) == []


async def test_prove__refused_when_the_guest_cannot_use_the_block(
    program: Program, entry: CacheEntry, package: BlockPackage, tmp_path: Path
) -> None:
    async with fake_prover("sentinel", program, entry) as prover:
        with pytest.raises(CannotProve, match="public values are all zero"):
            await prover.prove(package, tmp_path / "proof.bin")
    assert not (tmp_path / "proof.bin").exists()
