"""The example in another language passes what it checks, and a broken copy of it does not."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "checkers" / "header.mjs"
STATIC = ROOT / "vectors" / "eip7886" / "static"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="the example needs node, which is not there")


def report(checker: Path, pattern: str) -> dict:
    command = [str(Path(sys.executable).with_name("zkattest")), "vectors", "run", str(STATIC)]
    command += ["--filter", pattern, "--against", shlex.join([str(NODE), str(checker)]), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def test_example__passes_every_header() -> None:
    done = report(EXAMPLE, "static/header/")
    count = len(list((STATIC / "header").iterdir()))
    assert (done["passed"], done["failed"], done["skipped"]) == (count, 0, 0), done["failures"]


def test_example__skips_what_has_a_body() -> None:
    done = report(EXAMPLE, "")
    assert done["failed"] == 0, done["failures"]
    assert done["skipped"] > done["passed"] > 180
    assert "static/nonce/one__valid_5" in done["skipped_cases"]
    groups = {name for name, counted in done["groups"].items() if not counted["skipped"]}
    assert groups == {"static/header", "static/fees", "static/outputs"}


@pytest.mark.parametrize(
    ("line", "changed", "case"),
    [
        ("extra > 32", "extra > 33", "extra_data__invalid_33_bytes"),
        ("extra > 32", "extra > 31", "extra_data__valid_32_bytes"),
        ("-moved >= step", "-moved > step", "gas_limit__invalid_step_down"),
    ],
)
def test_example__broken_copy_fails(tmp_path, line: str, changed: str, case: str) -> None:
    text = EXAMPLE.read_text()
    assert text.count(line) == 1
    broken = tmp_path / "broken.mjs"
    broken.write_text(text.replace(line, changed))
    done = report(broken, "static/header/")
    assert [one["id"] for one in done["failures"]] == [f"static/header/{case}"]
