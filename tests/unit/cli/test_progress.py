"""Lines of progress in a pipe: none for quick work, a few for long work, all that matter."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.helpers.proofs import GOLDEN_PROOFS
from zkattest.cli import progress
from zkattest.cli.progress import Display


def test_display__says_nothing_of_quick_work_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        display.show_step("records", 1, None, important=False)
    assert capsys.readouterr().err == ""


def test_display__says_what_matters_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        display.show_step("waiting", 0, None, important=True)
        display.show_step("records", 1, 2, important=False)
    assert capsys.readouterr().err == "waiting 0/?\n"


def test_display__says_now_and_then_how_far_long_work_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PLAIN_LINE_SECONDS", 0.0)
    with Display() as display:
        display.show_step("records", 1, 2, important=False)
        display.show_step("records", 1, 2, important=False)
        display.show_step("records", 2, 2, important=False)
    assert capsys.readouterr().err == "records 1/2\nrecords 2/2\n"


def test_display__says_nothing_where_json_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(quiet=True) as display:
        display.show_step("waiting", 0, None, important=True)
    assert capsys.readouterr().err == ""


def on_a_terminal(*arguments: object) -> tuple[bytes, bytes]:
    """Run a command whose standard error is a terminal; return what that and a pipe are shown."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "zkattest.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    ) as process:
        os.close(theirs)
        shown = b""
        # The end of a terminal is an error in Linux, not an empty read.
        with suppress(OSError):
            while piece := os.read(ours, 4096):
                shown += piece
        os.close(ours)
        out, _ = process.communicate()
    return shown, out


def test_doctor__shows_a_person_how_far_it_is() -> None:
    shown, out = on_a_terminal("doctor")
    assert b"examining: proof systems" in shown
    assert b"sp1-groth16" in out
    assert b"examining" not in out


@pytest.mark.parametrize(
    ("system", "expected"),
    [("sp1-plonk", b"verifying a proof of sp1-plonk: seconds\r\n"), ("sp1-groth16", b"")],
)
def test_verify__tells_a_person_of_what_takes_seconds(
    system: str, expected: bytes, tmp_path: Path
) -> None:
    golden = GOLDEN_PROOFS[system]
    proof, values = tmp_path / "proof", tmp_path / "values"
    proof.write_bytes(golden.proof)
    values.write_bytes(golden.public_values)
    shown, out = on_a_terminal(
        *("verify", proof, "--system", system, "--program-vk", golden.program_vk),
        *("--public-values", values),
    )
    assert (shown, out.startswith(b"valid: ")) == (expected, True)
