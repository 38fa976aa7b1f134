"""Cases are read from three files, each bounded; what is wrong with them is named."""

import json
from pathlib import Path

import pytest

from zkattest.conformance import cases
from zkattest.conformance.cases import is_wanted, read_case, read_json
from zkattest.conformance.outcome import Verdict
from zkattest.conformance.values import CaseError

ABOUT = {"format": 1, "given": "a", "when": "b", "then": "c", "profile": {}, "tags": ["header"]}
VALID = {"verdict": "valid", "block_hash": "0x01"}


def written(folder: Path, about=ABOUT, given=None, expected=VALID) -> Path:
    for name, value in (("case", about), ("input", given or {}), ("expected", expected)):
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / f"{name}.json").write_text(text)
    return folder


def test_case__read_and_asked_without_what_is_expected(tmp_path):
    case = read_case(written(tmp_path, given={"block": "0x"}), "static/a/b", "static")
    assert (case.group, case.given, case.tags) == ("static/a", "a", ("header",))
    assert case.expected.verdict is Verdict.VALID
    line = case.request()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "id": "static/a/b",
        "runner": "static",
        "profile": {},
        "input": {"block": "0x"},
    }


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"about": {**ABOUT, "format": 2}}, "format: 2, this reader knows 1"),
        ({"about": {**ABOUT, "given": 7}}, "given: expected text"),
        ({"about": {"given": "a", "when": "b", "then": "c"}}, "profile: missing"),
        ({"about": {**ABOUT, "tags": "x"}}, "tags: expected a list"),
        ({"about": "[]"}, "expected an object"),
        ({"about": "{"}, "case.json: not JSON"),
        ({"given": "[" * 100_000}, "input.json: not JSON: nested too deeply"),
        ({"given": "{" + '"a":' * 1 + "9" * 5_000 + "}"}, "input.json: not JSON"),
        ({"expected": {"verdict": "skipped"}}, "cannot expect to be skipped"),
        ({"expected": {"verdict": "invalid"}}, "reason: missing"),
    ],
)
def test_case__refused(tmp_path, files, reason):
    with pytest.raises(CaseError) as caught:
        read_case(written(tmp_path, **files), "static/a/b", "static")
    assert reason in str(caught.value)


def test_file__refused_when_missing_large_or_no_file(tmp_path, monkeypatch):
    with pytest.raises(CaseError, match=r"none\.json: No such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(CaseError, match="not a regular file"):
        read_json(tmp_path)
    monkeypatch.setattr(cases, "MAX_FILE_BYTES", 3)
    (tmp_path / "large.json").write_text("{  }")
    with pytest.raises(CaseError, match=r"large\.json: 4 bytes, at most 3"):
        read_json(tmp_path / "large.json")


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("", True),
        ("header", True),
        ("static/header", True),
        ("static/*/x*", True),
        ("*__valid", True),
        ("header*", False),
        ("claim", False),
        ("[a-c]*", False),
    ],
)
def test_filter__is_a_part_or_a_glob_over_all(pattern, wanted):
    assert is_wanted("static/header/x__valid", pattern) is wanted
