"""Cases are run several at a time; each one fails for itself."""

import json
import sys
from pathlib import Path

from zkattest.conformance import registry
from zkattest.conformance.outcome import valid
from zkattest.conformance.registry import Runner, find_cases
from zkattest.conformance.runner import Settings, Status, count_by_group, run_cases

ABOUT = {"given": "a", "when": "b", "then": "c", "profile": {}}


def pack(folder: Path, runner: str, names: str) -> Path:
    for name in names:
        place = folder / runner / "group" / name
        place.mkdir(parents=True)
        for file, value in (
            ("case", ABOUT),
            ("input", {"n": name}),
            ("expected", {"verdict": "valid"}),
        ):
            (place / f"{file}.json").write_text(json.dumps(value))
    return folder


def statuses(results) -> dict[str, Status]:
    return {result.found.id.rpartition("/")[2]: result.status for result in results}


async def test_run__ourselves_with_a_crash_in_one_case(tmp_path, monkeypatch):
    def check(case):
        if case.input["n"] == "b":
            raise ZeroDivisionError("by zero")
        return valid() if case.input["n"] == "a" else valid(extra=1)

    monkeypatch.setitem(registry.RUNNERS, "odd", Runner(check))
    done = []
    found = find_cases(pack(tmp_path, "odd", "abc"))
    results = await run_cases(found, Settings(jobs=2), done.append)
    assert statuses(results) == {"a": Status.PASSED, "b": Status.FAILED, "c": Status.FAILED}
    assert results[1].problems == ("crashed: ZeroDivisionError: by zero",)
    assert results[1].to_json()["given"] == "a"
    assert results[2].problems == ("extra: 1, not expected",)
    assert done == [1, 2, 3]
    assert count_by_group(results) == {"odd/group": {Status.PASSED: 1, Status.FAILED: 2}}


async def test_run__nobody_runs_an_unknown_folder(tmp_path):
    results = await run_cases(find_cases(pack(tmp_path, "dance", "a")), Settings())
    assert statuses(results) == {"a": Status.SKIPPED}
    assert results[0].problems == ("nobody here runs dance",)


async def test_run__unreadable_vector_fails(tmp_path):
    folder = pack(tmp_path, "static", "a")
    (folder / "static" / "group" / "a" / "expected.json").write_text("{}")
    results = await run_cases(find_cases(folder), Settings())
    assert statuses(results) == {"a": Status.FAILED}
    assert results[0].problems[0].startswith("unreadable vector: verdict: None")


async def test_run__another_program_in_several_processes(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.RUNNERS, "odd", Runner(lambda _case: valid()))
    script = tmp_path / "program.py"
    script.write_text(
        "import json, sys\n"
        "for text in sys.stdin:\n"
        "    n = json.loads(text)['input']['n']\n"
        "    if n == 'c': sys.exit(3)\n"
        "    verdict = {'a': 'valid', 'b': 'skipped'}.get(n, 'cannot_check')\n"
        "    print(json.dumps({'verdict': verdict, 'cause': 'timeout'}), flush=True)\n"
    )
    found = find_cases(pack(tmp_path / "pack", "odd", "abcde"))
    settings = Settings((sys.executable, str(script)), jobs=3)
    results = await run_cases(found, settings)
    assert statuses(results) == {
        "a": Status.PASSED,
        "b": Status.SKIPPED,
        "c": Status.FAILED,
        "d": Status.FAILED,
        "e": Status.FAILED,
    }
    assert results[2].problems == ("crashed: exit code 3",)
    assert results[3].problems == ("verdict: cannot_check (timeout), expected valid",)
