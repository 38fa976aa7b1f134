"""Lines of progress in a pipe: none for quick work, a few for long work, all that matter."""

import pytest

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
