"""Limits of the machine: what is judged wrong, and what is a wish."""

from pathlib import Path

import pytest

from zkattest.node.doctor_machine import (
    examine_congestion,
    examine_machine,
    examine_open_files,
    examine_programs,
    judge_clock,
)
from zkattest.node.findings import Finding, State

ADVICE = "ulimit -n 4096, or LimitNOFILE of the unit"


@pytest.mark.parametrize(
    ("limit", "state", "detail"),
    [
        (-1, State.OK, "no limit"),
        (4_096, State.OK, "4096"),
        (1_024, State.OPTIONAL, "1024, 4096 are enough for every default"),
        (512, State.OPTIONAL, "512, 4096 are enough for every default"),
        (511, State.WRONG, "511, 4096 are enough for every default"),
    ],
)
def test_open_files__judged_by_what_the_defaults_need(
    limit: int, state: State, detail: str
) -> None:
    advice = "" if state is State.OK else ADVICE
    assert examine_open_files(limit) == Finding("machine", "open files", state, detail, advice)


def test_congestion__ok_with_bbr_and_optional_without(tmp_path: Path) -> None:
    path = tmp_path / "available"
    path.write_text("reno cubic bbr\n")
    assert examine_congestion(path).state is State.OK
    path.write_text("reno cubic\n")
    found = examine_congestion(path)
    assert (found.state, found.detail) == (State.OPTIONAL, "no bbr, only reno cubic")
    assert found.advice.startswith("modprobe tcp_bbr")


def test_congestion__not_examined_where_the_kernel_does_not_say(tmp_path: Path) -> None:
    found = examine_congestion(tmp_path / "none")
    assert found.state is State.NOT_EXAMINED
    assert found.detail == f"{tmp_path / 'none'}: No such file or directory"


@pytest.mark.parametrize(
    ("status", "max_error_us", "state"),
    [
        (0x40, 0, State.OPTIONAL),
        (0x2001, 500_000, State.OK),
        (0x2001, 501_000, State.WRONG),
    ],
    ids=["unsynchronized", "just good", "too far off"],
)
def test_clock__judged_by_what_the_kernel_was_told(
    status: int, max_error_us: int, state: State
) -> None:
    found = judge_clock(status=status, max_error_us=max_error_us)
    assert found.state is state
    assert bool(found.advice) is (state is not State.OK)


def test_machine__every_part_is_looked_at_and_advice_stands_by_what_is_not_well(
    tmp_path: Path,
) -> None:
    found = [*examine_machine(tmp_path), *examine_programs()]
    assert [each.name for each in found] == [
        *("cores", "memory", "disk", "open files", "congestion control", "clock"),
        *("prover worker", "guest program", "discv5 program", "PostgreSQL"),
    ]
    assert all(each.advice for each in found if each.state is not State.OK)
