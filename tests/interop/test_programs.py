"""Programs of other makes, where what it takes to have them is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop import programs
from tests.interop.programs import NoProgram, Program, command

TOOLS = {Program.JS: "npm", Program.GO: "Go", Program.RUST: "Rust"}


@pytest.mark.parametrize("program", Program)
def test_program__is_named_with_the_tool_that_is_missing(program, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "USUAL_GO", tmp_path / "go")
    with pytest.raises(NoProgram, match=f"^{TOOLS[program]} is not installed$"):
        command(program)
    # Nothing half made is left behind.
    assert list((tmp_path / "zkattest").iterdir()) == []


def test_program__is_made_once_and_whole(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made: list[Path] = []

    def fail(place: Path) -> None:
        place.mkdir()
        raise RuntimeError("npm ci: no network")

    def make(place: Path) -> None:
        place.mkdir()
        made.append(place)

    with pytest.raises(RuntimeError, match="no network"):
        programs._made_once("interop-x", fail)
    assert list((tmp_path / "zkattest").iterdir()) == []
    for _ in range(2):
        assert programs._made_once("interop-x", make) == tmp_path / "zkattest/interop-x"
    assert len(made) == 1
