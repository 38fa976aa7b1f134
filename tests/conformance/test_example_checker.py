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
PROOF_ROOTS = ROOT / "examples" / "checkers" / "proof-roots.mjs"
PROOFS = ROOT / "vectors" / "eip8025"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="the example needs node, which is not there")


def report(checker: Path, pattern: str, folder: Path = STATIC) -> dict:
    command = [str(Path(sys.executable).with_name("zkattest")), "vectors", "run", str(folder)]
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


def test_example_of_proofs__has_the_roots_of_every_profile() -> None:
    done = report(PROOF_ROOTS, "/ssz/", PROOFS)
    assert done["failed"] == 0, done["failures"]
    assert done["passed"] >= 181
    groups = {name.partition("/")[2] for name, one in done["groups"].items() if one["passed"]}
    assert groups == {"ssz/bytes", "ssz/message", "ssz/public_input", "ssz/request"}
    # Text is another matter: it answers about bytes alone.
    skipped = {one.split("/")[2] for one in done["skipped_cases"]}
    assert skipped == {"json", "request"}


@pytest.mark.parametrize(
    ("line", "changed", "pattern"),
    [
        ("room * 4", "room * 2", "cs5566/ssz/message/message__valid_673_bytes"),
        ("data[32] > 1", "data[32] > 2", ""),
        ("data.length > limit", "data.length > limit + 1",
         "beta4/ssz/bytes/bytes__invalid_one_byte_more"),
    ],
)  # fmt: skip
def test_example_of_proofs__broken_copy_fails(tmp_path, line, changed, pattern) -> None:
    text = PROOF_ROOTS.read_text()
    assert text.count(line) == 1
    broken = tmp_path / "broken.mjs"
    broken.write_text(text.replace(line, changed))
    done = report(broken, pattern or "beta4/ssz/public_input/", PROOFS)
    failed = [one["id"] for one in done["failures"]]
    assert failed == ([pattern] if pattern else ["beta4/ssz/public_input/input__invalid_byte_2"])
