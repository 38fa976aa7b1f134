"""`zkattest vectors`: a table, names of what fails, three exit codes."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from zkattest.cli.main import run

PACK = Path(__file__).resolve().parents[3] / "vectors" / "eip7886"
HEADER = PACK / "static" / "header"


def outcome(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as left:
        run(["vectors", *map(str, arguments)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def program(tmp_path: Path, answer: str) -> str:
    path = tmp_path / "program.py"
    path.write_text(f"import sys\nfor _ in sys.stdin: print({answer!r}, flush=True)\n")
    return shlex.join([sys.executable, str(path)])


def test_run__all_pass(capsys):
    code, out, err = outcome(capsys, "run", HEADER, "--filter", "number")
    assert (code, err) == (0, "")
    count = len(list(HEADER.glob("number*")))
    assert out.splitlines()[0].split() == ["group", "passed", "failed", "skipped"]
    assert f"static/header       {count}" in out
    assert out.endswith(f"{count} passed\n")


def test_run__json(capsys):
    code, out, _ = outcome(capsys, "run", PACK, "--filter", "chain/*", "--json", "--jobs", 1)
    report = json.loads(out)
    assert code == 0
    assert report["groups"] == {"chain": {"passed": 13, "failed": 0, "skipped": 0}}
    assert (report["passed"], report["failures"], report["skipped_cases"]) == (13, [], [])


def test_run__failures_are_told_with_their_story(capsys, tmp_path):
    command = program(tmp_path, '{"verdict":"invalid","reason":"bad\\nforged: line"}')
    name = "static/header/ordinary__valid"
    code, out, err = outcome(capsys, "run", PACK, "--filter", name, "--against", command)
    assert (code, err) == (1, "")
    assert f"failed: {name}\n" in out
    assert "  given an empty block on a parent" in out
    assert "  - verdict: invalid (bad forged: line), expected valid\n" in out
    assert out.endswith("1 failed\n")


def test_run__skipped_never_passes(capsys, tmp_path):
    command = program(tmp_path, '{"verdict":"skipped"}')
    code, out, _ = outcome(capsys, "run", HEADER, "--filter", "nonce", "--against", command)
    assert code == 2
    assert out.endswith("2 skipped\n")


def test_run__hang_fails(capsys, tmp_path):
    path = tmp_path / "hang.py"
    path.write_text("import sys\nsys.stdin.read()\n")
    command = shlex.join([sys.executable, str(path)])
    arguments = ["--filter", "ordinary", "--against", command, "--timeout-s", "0.5", "--json"]
    code, out, _ = outcome(capsys, "run", HEADER, *arguments)
    assert code == 1
    assert json.loads(out)["failures"][0]["problems"] == ["hung: no answer within 0.5 s"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((PACK / "none",), "not a folder"),
        ((HEADER, "--filter", "nothing"), "no vectors match nothing"),
        ((HEADER, "--against", "'"), "--against: No closing quotation"),
        ((HEADER, "--jobs", 0), "--jobs"),
    ],
)
def test_run__bad_input(capsys, arguments, reason):
    code, out, err = outcome(capsys, "run", *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert reason in err


def test_run__bad_input_empty_folder(capsys, tmp_path):
    assert outcome(capsys, "run", tmp_path)[2].endswith(": no vectors\n")


def test_list__ids(capsys):
    code, out, _ = outcome(capsys, "list", HEADER, "--filter", "nonce")
    ids = [
        "static/header/nonce__invalid_first_byte",
        "static/header/nonce__invalid_last_byte",
    ]
    assert (code, out.split()) == (0, ids)
    code, out, _ = outcome(capsys, "list", HEADER, "--filter", "nonce", "--json")
    assert json.loads(out) == {"cases": ids}
