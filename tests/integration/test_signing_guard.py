"""Processes that share a guard: killed, or asking at once, none signs what contradicts another."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.signing_guard_process import BLOCKS, signing_root_of, subject_of
from zkattest.spec.reasons import Reason
from zkattest.spec.signing import SigningRefused
from zkattest.store import SqliteSigningGuard

ROOT = Path(__file__).parents[2]


def started(path, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.signing_guard_process", str(path), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_guard__survives_a_kill(tmp_path):
    path = tmp_path / "guard.sqlite"
    with started(path, "fill") as process:
        last = [int(process.stdout.readline()) for _ in range(40)][-1]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    last = max([last, *map(int, rest)])
    guard = SqliteSigningGuard(path)
    for number in range(last + 1):
        guard.admit(subject_of(number), signing_root_of(number))
        with pytest.raises(SigningRefused) as refusal:
            guard.admit(subject_of(number), signing_root_of(number, "other"))
        assert refusal.value.reason is Reason.SIGNED_ANOTHER_PROOF
    # One entry may have been written without its signature having left.
    assert last + 1 <= len(guard.entries()) <= last + 2
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_guard__admits_one_of_two_processes_that_ask_at_once(tmp_path):
    path = tmp_path / "guard.sqlite"
    with started(path, "race", "one") as one, started(path, "race", "two") as two:
        for process in (one, two):
            assert process.stdout.readline() == "ready\n"
        for process in (one, two):
            process.stdin.write("go\n")
            process.stdin.flush()
        may_sign = [set(map(int, process.stdout.read().split())) for process in (one, two)]
    assert may_sign[0] & may_sign[1] == set()
    assert may_sign[0] | may_sign[1] == set(range(BLOCKS))
    entered = {one.subject.slot: one.signing_root for one in SqliteSigningGuard(path).entries()}
    assert entered == {
        number: signing_root_of(number, who)
        for who, numbers in zip(("one", "two"), may_sign, strict=True)
        for number in numbers
    }
