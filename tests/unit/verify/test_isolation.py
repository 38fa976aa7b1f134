"""Child processes: the three answers come through; what misbehaves is lost, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF, SP1_PUBLIC_VALUES
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.verify.isolation import VerifierChildren
from zkattest.verify.pool import VerifierPool
from zkattest.verify.proof import ProofSystem, ProofVerifier, VerifiedProof
from zkattest.verify.registry import Registry

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (ProofSystem.SP1, SP1_PROGRAM_VK)
MISBEHAVING = (sys.executable, "-m", "tests.helpers.misbehaving_verifier")
# More than a child takes to start on a busy machine.
SLOW_MS = 30_000
MEMORY_BYTES = 512 << 20


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[VerifierChildren]:
    """Give children that do what the proof says."""
    monkeypatch.chdir(ROOT)
    with VerifierChildren(
        Registry([PROGRAM]), SLOW_MS, memory_bytes=MEMORY_BYTES, command=MISBEHAVING
    ) as children:
        yield children


def failure_of(verifier: ProofVerifier, proof: bytes) -> CannotVerify:
    with pytest.raises(CannotVerify) as failure:
        verifier.verify(proof)
    return failure.value


def pid_of(verifier: ProofVerifier) -> int:
    """Ask which process answers."""
    return int(verifier.verify(b"answer").circuit_version)


def test_isolated__real_proof_answered_as_in_this_process() -> None:
    registry = Registry([PROGRAM])
    with VerifierChildren(registry, SLOW_MS) as children:
        verifier = children.verifier(*PROGRAM)
        there = verifier.verify(SP1_PROOF, SP1_PUBLIC_VALUES)
        with pytest.raises(InvalidProof) as refused_there:
            verifier.verify(SP1_PROOF, b"other")
    here = registry.verify(*PROGRAM, SP1_PROOF, SP1_PUBLIC_VALUES)
    with pytest.raises(InvalidProof) as refused_here:
        registry.verify(*PROGRAM, SP1_PROOF, b"other")
    assert (there.system, there.program_vk, there.public_values, there.circuit_version) == (
        *PROGRAM,
        here.public_values,
        here.circuit_version,
    )
    assert refused_there.value.reason is Reason.PUBLIC_VALUES_MISMATCH
    assert refused_there.value.args == refused_here.value.args


def test_isolated__refusal_and_operands_come_through(children: VerifierChildren) -> None:
    with pytest.raises(InvalidProof) as refused:
        children.verifier(*PROGRAM).verify(b"refuse")
    assert refused.value.reason is Reason.PROOF_INVALID
    assert refused.value.operands == {"got": b"refuse", "limit": 7, "detail": "no"}


def test_isolated__not_checked_comes_through(children: VerifierChildren) -> None:
    failure = failure_of(children.verifier(*PROGRAM), b"decline")
    assert (failure.cause, failure.detail) == (Cause.UNKNOWN_KEY, "no key")
    assert children.lost == 0


@pytest.mark.parametrize(
    ("proof", "cause", "words"),
    [
        (b"crash", Cause.BACKEND_PANIC, "ended by SIGSEGV"),
        (b"signal", Cause.BACKEND_PANIC, f"ended by signal {signal.SIGRTMIN + 1}"),
        (b"exit", Cause.BACKEND_PANIC, "ended with 3"),
        (b"babble", Cause.BACKEND_PANIC, "ended with 0"),
        (b"eat", Cause.OUT_OF_RESOURCES, "memory is used up"),
    ],
)
def test_isolated__not_checked_when_the_process_misbehaves(
    children: VerifierChildren, proof: bytes, cause: Cause, words: str
) -> None:
    verifier = children.verifier(*PROGRAM)
    failure = failure_of(verifier, proof)
    assert failure.cause is cause
    assert words in failure.detail
    assert verifier.verify(b"answer", b"values").public_values == b"values"


def test_isolated__not_checked_when_it_hangs_and_its_process_is_gone(
    children: VerifierChildren,
) -> None:
    verifier = children.verifier(*PROGRAM)
    hanging = pid_of(verifier)
    children.deadline_ms = 200
    failure = failure_of(verifier, b"hang")
    assert failure.cause is Cause.TIMEOUT
    assert not psutil.pid_exists(hanging)
    assert children.lost == 1
    children.deadline_ms = SLOW_MS
    assert pid_of(verifier) != hanging


def test_isolated__idle_process_that_died_is_replaced(children: VerifierChildren) -> None:
    verifier = children.verifier(*PROGRAM)
    first = pid_of(verifier)
    os.kill(first, signal.SIGKILL)
    psutil.Process(first).wait(SLOW_MS / 1000)
    assert pid_of(verifier) != first


def test_isolated__one_process_serves_one_call_after_another(children: VerifierChildren) -> None:
    verifier = children.verifier(*PROGRAM)
    assert pid_of(verifier) == pid_of(verifier)


def test_isolated__too_long_a_proof_reaches_no_process(children: VerifierChildren) -> None:
    verifier = children.verifier(*PROGRAM)
    with pytest.raises(InvalidProof) as refused:
        verifier.verify(bytes(verifier.max_proof_bytes + 1))
    limit = verifier.max_proof_bytes
    assert refused.value.reason is Reason.PROOF_TOO_LARGE
    assert refused.value.operands == {"got": limit + 1, "limit": limit}


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (2, "2"), (128, "4"), (None, "1")])
def test_child__has_few_threads_on_machines_with_many_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, threads: str
) -> None:
    """128 of them do not fit into a child's address space, and each proof would be a panic."""
    monkeypatch.delenv("RAYON_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    with VerifierChildren(Registry()) as children:
        children.warm_up(1)
        [child] = psutil.Process().children()
        assert child.environ()["RAYON_NUM_THREADS"] == threads


def test_child__has_the_threads_that_the_operator_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYON_NUM_THREADS", "7")
    with VerifierChildren(Registry()) as children:
        children.warm_up(1)
        [child] = psutil.Process().children()
        assert child.environ()["RAYON_NUM_THREADS"] == "7"


def test_isolated__not_checked_without_a_process() -> None:
    with VerifierChildren(Registry([PROGRAM]), command=("/nonexistent",)) as children:
        failure = failure_of(children.verifier(*PROGRAM), b"answer")
    assert failure.cause is Cause.OUT_OF_RESOURCES
    assert "No such file" in failure.detail


def test_close__leaves_no_process(children: VerifierChildren) -> None:
    children.warm_up(2)
    started = [process.pid for process in psutil.Process().children()]
    assert len(started) == 2
    children.close()
    assert not any(psutil.pid_exists(pid) for pid in started)


async def test_pool__two_children_at_once(children: VerifierChildren) -> None:
    pool = VerifierPool(children, threads=2, deadline_ms=SLOW_MS)
    answer = await pool.answer(*PROGRAM, b"answer", b"values")
    assert isinstance(answer, VerifiedProof)
    assert answer.public_values == b"values"


def test_child__ends_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed cannot close anything."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import psutil, time\n"
        "from zkattest.verify.isolation import VerifierChildren\n"
        "from zkattest.verify.registry import Registry\n"
        "children = VerifierChildren(Registry())\n"
        "children.warm_up(1)\n"
        "print(psutil.Process().children()[0].pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        deadline_s = time.monotonic() + 10
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline_s, "the child outlived its parent"
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
