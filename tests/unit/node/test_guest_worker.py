"""Guests run in the worker, one after another; here the fake one, which proves nothing."""

from contextlib import asynccontextmanager

import pytest
import trio

from tests.unit.prover.conftest import FAKE_VK, fake_worker
from zkattest.node.guest_worker import SandboxedGuest, open_guest_worker
from zkattest.prover.cache import CacheEntry
from zkattest.prover.program import Program
from zkattest.spec.guests import GuestFailure, GuestProof, GuestRun, GuestUnavailable
from zkattest.spec.reasons import Cause

VALUES = bytes.fromhex("11" * 32 + "01" + "01" + "00" * 7 + "8678")


@asynccontextmanager
async def fake_guest(mode, folder):
    elf = folder / "guest.elf"
    elf.write_bytes(b"not an ELF, and nobody looks")
    async with fake_worker(mode) as worker:
        entry = CacheEntry("key", folder, folder)
        yield SandboxedGuest(worker, Program(elf, FAKE_VK), entry)
        # What the worker read and wrote is gone, however the job ended.
        assert list(entry.scratch.glob("guest-*")) == []


@pytest.mark.parametrize("mode", ["good"])
async def test_guest__run_and_proven(tmp_path, mode):
    async with fake_guest(mode, tmp_path) as guest:
        assert guest.program_vk == FAKE_VK
        assert await guest.execute(b"input", timeout_ms=20_000) == GuestRun(VALUES, 1000, 4)
        proof = await guest.prove(b"input", timeout_ms=20_000)
        assert proof == GuestProof(VALUES, b"not a proof", 1000, 7)


async def test_guest__failure_is_told_as_the_zkvm_said_it(tmp_path):
    async with fake_guest("refuse", tmp_path) as guest:
        with pytest.raises(GuestFailure, match="the program failed"):
            await guest.execute(b"input", timeout_ms=20_000)


@pytest.mark.parametrize(
    ("mode", "timeout_ms", "cause"),
    [
        ("crash", 20_000, Cause.BACKEND_UNAVAILABLE),
        ("hang", 2_000, Cause.TIMEOUT),
        ("garbage", 20_000, Cause.BACKEND_UNAVAILABLE),
    ],
)
async def test_guest__not_run_for_our_own_fault(tmp_path, mode, timeout_ms, cause):
    async with fake_guest(mode, tmp_path) as guest:
        with pytest.raises(GuestUnavailable) as caught:
            await guest.prove(b"input", timeout_ms=timeout_ms)
        assert caught.value.cause is cause


async def test_guest__sent_away_where_too_many_wait(tmp_path):
    async with fake_guest("hang", tmp_path) as guest, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(_prove_for_ever, guest)
        while guest._turn.statistics().tasks_waiting < 4:
            await trio.testing.wait_all_tasks_blocked(0.05)
        changed_ns = guest.entry.scratch.stat().st_mtime_ns
        with pytest.raises(GuestUnavailable) as caught:
            await guest.prove(b"input", timeout_ms=20_000)
        assert caught.value.cause is Cause.OUT_OF_RESOURCES
        # Nothing was written for who is sent away.
        assert guest.entry.scratch.stat().st_mtime_ns == changed_ns
        nursery.cancel_scope.cancel()


async def _prove_for_ever(guest):
    await guest.prove(b"input", timeout_ms=600_000)


async def test_worker__left_alone_where_none_is_wanted():
    async with open_guest_worker(is_wanted=False) as worker:
        assert worker is None
