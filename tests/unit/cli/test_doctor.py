"""`zkattest doctor`: three exit codes, a table, one JSON object."""

import json
from pathlib import Path

import pytest

from tests.helpers.scripts import run_script
from zkattest.cli.doctor import show
from zkattest.cli.main import run
from zkattest.node.findings import Finding, State


def outcome(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[object, str, str]:
    """Run the command in this process and return its code, output and errors."""
    with pytest.raises(SystemExit) as left:
        run(["doctor", *options])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def test_doctor__exits_1_for_a_file_with_a_mistake_in_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "engine.toml"
    path.write_text("[engine]\n")
    code, out, err = outcome(capsys, "--json", "--config", str(path))
    report = json.loads(out)
    assert (code, err, report["health"]) == (1, "", "wrong")
    assert report["findings"][-1] == {
        "group": str(path),
        "name": "engine.chain_id",
        "state": "wrong",
        "detail": "missing",
        "advice": f"mend {path}",
    }
    wrong = [each["name"] for each in report["findings"] if each["state"] == "wrong"]
    assert wrong == ["engine.chain_id"]


def test_doctor__exits_2_for_a_file_that_is_not_there_and_prints_a_table(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = outcome(capsys, "--config", str(tmp_path / "none.toml"))
    assert (code, err) == (2, "")
    assert "sp1-groth16" in out
    assert "not examined" in out


def test_show__control_characters_forge_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show([Finding("group", "na\x1b[2Jme", State.WRONG, "a\nb", "c")])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert [line.split() for line in out.splitlines()] == [
        ["group"],
        ["wrong", "na?[2Jme", "a", "b"],
        ["→", "c"],
    ]


def test_doctor__one_line_where_the_core_cannot_be_loaded() -> None:
    script = (
        "import sys; sys.modules['zkattest._core'] = None\n"
        "from zkattest.cli.main import run; run(['doctor'])"
    )
    done = run_script(script)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("zkattest: doctor: zkattest._core: ")
    assert done.stderr.count("\n") == 1
