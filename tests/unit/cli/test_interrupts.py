"""Ctrl-C where Python cannot hear it: the process ends, and whoever handles it keeps doing so."""

import signal
import threading

import pytest

from tests.helpers.scripts import run_script
from zkattest.cli.interrupts import ended_by_interrupts


def test_interrupts__python_handles_them_again_behind_the_block() -> None:
    with ended_by_interrupts():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupts__python_handles_them_again_after_a_failure() -> None:
    with pytest.raises(ValueError, match="inside"), ended_by_interrupts():
        raise ValueError("inside")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupts__left_alone_where_they_are_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ended_by_interrupts():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_interrupts__left_alone_in_other_threads() -> None:
    found = []

    def look() -> None:
        with ended_by_interrupts():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_interrupt__ends_the_process_at_once_and_in_silence() -> None:
    script = (
        "import os, signal\n"
        "from zkattest.cli.interrupts import ended_by_interrupts\n"
        "with ended_by_interrupts():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "print('went on')"
    )
    done = run_script(script)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
