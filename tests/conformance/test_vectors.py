"""Every committed vector gives what it expects, has the documented form, and is documented."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tools.vectors.tables import PAGE
from zkattest.conformance.outcome import differences
from zkattest.conformance.registry import Found, find_cases

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "vectors" / "eip7886"
SCHEMAS = ROOT / "vectors" / "schemas"
OURS = ("static", "claim")
CASES = [one for name in OURS for one in find_cases(PACK / name)]
CHAIN = find_cases(PACK / "chain")
FILES = {"case.json": "case", "input.json": "{}-input", "expected.json": "{}-expected"}


@pytest.mark.parametrize("found", [*CASES, *CHAIN], ids=lambda found: found.id)
def test_vector__gives_what_it_expects(found: Found) -> None:
    case = found.read()
    assert found.runner is not None
    got = found.runner.check(case)
    assert differences(case.expected, got, is_complete=found.runner.is_complete) == []


@pytest.mark.parametrize(
    "group", sorted({one.folder.parent for one in CASES}), ids=lambda p: p.name
)
def test_files__have_the_documented_form(group: Path) -> None:
    for folder in sorted(group.iterdir()):
        assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
        for name, schema in FILES.items():
            value = json.loads((folder / name).read_text())
            errors = list(validator(schema.format(group.parent.name)).iter_errors(value))
            assert errors == [], f"{folder.name}/{name}: {errors[0].message[:300]}"


@cache
def validator(name: str) -> Draft202012Validator:
    contents = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    resources = [(key, Resource.from_contents(value)) for key, value in contents.items()]
    schema = contents[f"{name}.schema.json"]
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=Registry().with_resources(resources))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("case", {"format": 1}),
        ("static-expected", {"verdict": "valid"}),
        ("static-expected", {"verdict": "invalid", "reason": "x"}),
        ("static-expected", {"verdict": "skipped"}),
        ("answer", {"verdict": "cannot_check"}),
        ("question", {"id": "x"}),
        ("static-input", {"chain_id": -1}),
        ("claim-input", {"task": "sing"}),
    ],
)
def test_schema__refuses(schema: str, value: object) -> None:
    assert not validator(schema).is_valid(value)


def test_names__are_the_folders_and_say_the_verdict() -> None:
    for found in CASES:
        about = json.loads((found.folder / "case.json").read_text())
        verdict = json.loads((found.folder / "expected.json").read_text())["verdict"]
        assert about["name"] == found.id == found.folder.relative_to(PACK).as_posix()
        assert f"_{verdict}" in found.id, found.id


def test_vectors__are_many_and_not_all_refusals() -> None:
    verdicts = [found.read().expected.verdict for found in CASES]
    assert len(CASES) >= 220
    assert verdicts.count("valid") * 4 >= len(CASES)
    assert verdicts.count("cannot_check") >= 20


def test_counts__in_documents_are_those_of_the_folders() -> None:
    assert f"| all: {len(CASES)} |" in PAGE.read_text()
    counted = dict(re.findall(r"^\| `(\w+)/` .*?(\d+) cases", readme(), re.MULTILINE))
    expected = {name: str(len(find_cases(PACK / name))) for name in OURS}
    assert counted == expected


def readme() -> str:
    return (PACK / "README.md").read_text()
