"""The worker process: jobs, crashes, cancellation."""

from pathlib import Path

import psutil
import pytest
import trio

from tests.unit.prover.conftest import fake_environment, fake_worker
from zkattest.prover.errors import CannotProve, JobFailed, WorkerGone
from zkattest.prover.protocol import Progress, ProtocolError
from zkattest.prover.worker import open_worker


async def test_worker__several_jobs_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"12345")
    async with fake_worker("good") as worker:
        answers = [
            await worker.request("execute", {"elf": tmp_path, "input": tmp_path / "input"})
            for _ in range(3)
        ]
    assert len({answer["pid"] for answer in answers}) == 1
    assert [answer["input_bytes"] for answer in answers] == [5, 5, 5]


async def test_worker__process_is_gone_afterwards(tmp_path: Path) -> None:
    async with fake_worker("good") as worker:
        await worker.request("setup", {"elf": tmp_path})
        assert worker.process is not None
        pid = worker.process.pid
    assert not psutil.pid_exists(pid)


async def test_worker__reports_progress(tmp_path: Path) -> None:
    seen: list[Progress] = []
    async with fake_worker("good") as worker:
        await worker.request("prove", {"elf": tmp_path, "output": tmp_path / "out"}, seen.append)
    assert [(progress.stage, progress.done) for progress in seen] == [("core", 0), ("core", 2)]


async def test_job__failed_keeps_the_worker_and_names_the_first_cause(tmp_path: Path) -> None:
    async with fake_worker("refuse") as worker:
        for _ in range(2):
            with pytest.raises(JobFailed) as failure:
                await worker.request("execute", {"elf": tmp_path})
            assert failure.value.kind == "execution"
            assert failure.value.detail == ("the program failed (first cause: first logged cause)")
        assert worker.starts == 1


async def test_job__cannot_after_crash_and_next_job_gets_a_new_process(tmp_path: Path) -> None:
    output = {"elf": tmp_path, "output": tmp_path / "out"}
    async with fake_worker("crash") as worker:
        with pytest.raises(WorkerGone, match=r"exit code 70; last of its log: something terrible"):
            await worker.request("prove", output)
        await worker.request("setup", {"elf": tmp_path})
        assert worker.starts == 2


async def test_job__cancelled_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    child_pid = 0
    scope = trio.CancelScope()

    def report(progress: Progress) -> None:
        nonlocal child_pid
        if progress.stage.startswith("child "):
            child_pid = int(progress.stage.split()[1])
            scope.cancel()

    async with fake_worker("hang") as worker:
        with scope:
            await worker.request("prove", {"elf": tmp_path, "output": tmp_path / "out"}, report)
    assert scope.cancelled_caught
    assert child_pid
    assert not _is_running(child_pid)
    assert list(await trio.Path(tmp_path).iterdir()) == []


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_worker__refused_when_it_speaks_another_language(tmp_path: Path) -> None:
    async with fake_worker("garbage") as worker:
        with pytest.raises(ProtocolError, match="not JSON"):
            await worker.request("setup", {"elf": tmp_path})
        assert worker.process is None


async def test_worker__refused_when_its_protocol_is_another(tmp_path: Path) -> None:
    async with fake_worker("old") as worker:
        with pytest.raises(ProtocolError, match="begins with"):
            await worker.request("setup", {"elf": tmp_path})


async def test_worker__cannot_start_what_is_not_there(tmp_path: Path) -> None:
    async with open_worker((str(tmp_path / "nothing"),), fake_environment("good")) as worker:
        with pytest.raises(CannotProve, match="worker does not start"):
            await worker.request("setup", {"elf": tmp_path})
