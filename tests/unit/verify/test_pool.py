"""The pool of threads: answers, deadline, bounded waiting."""

import threading

import pytest
import trio
import trio.testing

from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF, SP1_PUBLIC_VALUES
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.pool import VerifierPool
from zkattest.verify.proof import ProofSystem, ProofVerifier, VerifiedProof
from zkattest.verify.registry import Registry

PROGRAM = (ProofSystem.SP1, SP1_PROGRAM_VK)


class GatedVerifier:
    """A verifier that answers when the gate opens."""

    max_proof_bytes = 1

    def __init__(self) -> None:
        self.gate = threading.Event()

    def verify(self, proof: bytes, public_values: bytes | None = None) -> VerifiedProof:
        self.gate.wait()
        return VerifiedProof(*PROGRAM, "gated", public_values or b"", 0.0, 0.0)

    def verifier(self, system: ProofSystem, program_vk: ProgramVk) -> ProofVerifier:
        return self


class DearAndCheap:
    """Programs of which the dear ones wait for a gate."""

    def __init__(self, dear: GatedVerifier) -> None:
        self.dear = dear
        self.cheap = Registry([PROGRAM])

    def verifier(self, system: ProofSystem, program_vk: ProgramVk) -> ProofVerifier:
        if system is ProofSystem.SP1_PLONK:
            return self.dear
        return self.cheap.verifier(system, program_vk)


async def test_answer__is_the_verified_proof() -> None:
    pool = VerifierPool(Registry([PROGRAM]))
    answer = await pool.answer(*PROGRAM, SP1_PROOF, SP1_PUBLIC_VALUES)
    assert isinstance(answer, VerifiedProof)
    assert answer.public_values == SP1_PUBLIC_VALUES


async def test_answer__is_invalid_with_the_reason() -> None:
    answer = await VerifierPool(Registry([PROGRAM])).answer(*PROGRAM, SP1_PROOF[:-1])
    assert isinstance(answer, InvalidProof)
    assert answer.reason is Reason.PROOF_UNDECODABLE


async def test_answer__is_not_checked_for_an_unknown_program() -> None:
    answer = await VerifierPool(Registry()).answer(*PROGRAM, SP1_PROOF)
    assert isinstance(answer, CannotVerify)
    assert answer.cause is Cause.UNKNOWN_PROGRAM_VK


async def test_verify__not_checked_when_late(autojump_clock: trio.testing.MockClock) -> None:
    gated = GatedVerifier()
    pool = VerifierPool(gated, deadline_ms=4_000)
    with pytest.raises(CannotVerify) as failure:
        await pool.verify(*PROGRAM, b"")
    gated.gate.set()
    assert failure.value.cause is Cause.TIMEOUT
    assert trio.current_time() == pytest.approx(4)


async def test_verify__not_checked_when_too_many_wait() -> None:
    gated = GatedVerifier()
    pool = VerifierPool(gated, threads=1, max_pending=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.answer, *PROGRAM, b"running")
        nursery.start_soon(pool.answer, *PROGRAM, b"waiting")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(CannotVerify) as failure:
            await pool.verify(*PROGRAM, b"refused")
        gated.gate.set()
    assert failure.value.cause is Cause.OUT_OF_RESOURCES


async def test_verify__not_begun_where_it_could_not_end_in_time(
    mock_clock: trio.testing.MockClock,
) -> None:
    gated, answers = GatedVerifier(), []
    pool = VerifierPool(gated, threads=1, deadline_ms=4_000)

    async def ask(name: bytes) -> None:
        answers.append((name, await pool.answer(*PROGRAM, name)))

    async def play(names: list[bytes], takes_s: float) -> None:
        gated.gate.clear()
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(ask, name)
                await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(takes_s)
            gated.gate.set()

    await play([b"first"], 1.0)
    await play([b"running", b"waiting"], 3.5)
    await play([b"another"], 0.1)
    found = dict(answers)
    late = found.pop(b"waiting")
    assert isinstance(late, CannotVerify)
    assert (late.cause, late.detail) == (Cause.TIMEOUT, "no thread came free in time")
    assert all(isinstance(answer, VerifiedProof) for answer in found.values())
    assert (sorted(found), pool.busy) == ([b"another", b"first", b"running"], 0)


async def test_verify__begun_after_a_wait_that_leaves_time(
    mock_clock: trio.testing.MockClock,
) -> None:
    gated, answers = GatedVerifier(), []
    pool = VerifierPool(gated, threads=1, deadline_ms=4_000)
    async with trio.open_nursery() as nursery:

        async def ask(name: bytes) -> None:
            answers.append(await pool.answer(*PROGRAM, name))

        for name in (b"running", b"waiting"):
            nursery.start_soon(ask, name)
            await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(1.5)
        gated.gate.set()
    assert all(isinstance(answer, VerifiedProof) for answer in answers)
    assert len(answers) == 2


async def test_verify__lets_the_event_loop_run() -> None:
    """The call must release the GIL: another thread and the loop go on while it works."""
    pool = VerifierPool(Registry([PROGRAM]), threads=2)
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(pool.verify, *PROGRAM, SP1_PROOF)
        await trio.testing.wait_all_tasks_blocked()
        turns = 0
        while pool.busy:
            turns += 1
            await trio.lowlevel.checkpoint()
    assert turns > 10


async def test_dear_proofs__leave_a_thread_to_others_and_few_of_them_wait() -> None:
    gated = GatedVerifier()
    programs = DearAndCheap(gated)
    pool = VerifierPool(programs, threads=2, deadline_ms=60_000)
    dear = (ProofSystem.SP1_PLONK, SP1_PROGRAM_VK)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.answer, *dear, b"running")
        nursery.start_soon(pool.answer, *dear, b"waiting")
        await trio.testing.wait_all_tasks_blocked()
        assert pool.busy == 1
        with pytest.raises(CannotVerify, match="other sp1-plonk proofs wait") as failure:
            await pool.verify(*dear, b"refused")
        assert failure.value.cause is Cause.OUT_OF_RESOURCES
        for _ in range(3):
            assert isinstance(await pool.answer(*PROGRAM, SP1_PROOF), VerifiedProof)
        gated.gate.set()
    assert pool.busy == 0


async def test_dear_proof__keeps_its_place_until_its_thread_ends() -> None:
    gated = GatedVerifier()
    pool = VerifierPool(DearAndCheap(gated), threads=2, deadline_ms=100)
    dear = (ProofSystem.SP1_PLONK, SP1_PROGRAM_VK)
    for _ in range(3):
        answer = await pool.answer(*dear, b"late")
        assert isinstance(answer, CannotVerify)
        assert (answer.cause, pool.busy) == (Cause.TIMEOUT, 1)
    gated.gate.set()
    with trio.fail_after(10):
        assert isinstance(await VerifierPool(gated).answer(*dear, b"next"), VerifiedProof)
