"""An examination sums up what was found: wrong before unknown before well."""

from pathlib import Path

import pytest

from zkattest.node.doctor import Examination, Health, examine
from zkattest.node.findings import Finding, State


@pytest.mark.parametrize(
    ("states", "health"),
    [
        ([State.OK, State.OPTIONAL], Health.WELL),
        ([State.OK, State.NOT_EXAMINED], Health.NOT_EXAMINED),
        ([State.NOT_EXAMINED, State.WRONG, State.OK], Health.WRONG),
    ],
)
def test_health__the_worst_that_was_found(states: list[State], health: Health) -> None:
    findings = tuple(Finding("group", "name", state, "") for state in states)
    assert Examination(findings).health is health


def test_examine__a_file_that_is_not_there_leaves_it_unexamined(tmp_path: Path) -> None:
    reported: list[Finding] = []
    found = examine([tmp_path / "none.toml"], reported.append)
    assert found.findings == tuple(reported)
    assert [each for each in found.findings if each.state is not State.OK and not each.advice] == []
    assert found.findings[0].name == "zkattest"
    assert found.findings[-1].detail == "No such file or directory"
    assert found.health is Health.NOT_EXAMINED
