"""What is free, and refusals with figures."""

from pathlib import Path

import pytest

from zkattest.prover import system
from zkattest.prover.errors import CannotProve
from zkattest.prover.settings import GIB, Needs
from zkattest.prover.system import Resources, measure_resources, require
from zkattest.spec.reasons import Cause

NEEDS = Needs(memory_bytes=16 * GIB, shared_memory_bytes=GIB, disk_bytes=2 * GIB)
ENOUGH = Resources(memory_bytes=16 * GIB, shared_memory_bytes=GIB, disk_bytes=2 * GIB)


def test_resources__enough_to_the_byte() -> None:
    require(NEEDS, ENOUGH, "proving")


@pytest.mark.parametrize(
    ("free", "message"),
    [
        (
            Resources(16 * GIB - 1, GIB, 2 * GIB),
            "proving needs 16.0 GiB of memory, 16.0 GiB is free",
        ),
        (Resources(3 * GIB, GIB, 2 * GIB), "proving needs 16.0 GiB of memory, 3.0 GiB is free"),
        (
            Resources(16 * GIB, 64 << 20, 2 * GIB),
            "proving needs 1.0 GiB of shared memory in /dev/shm, 0.1 GiB is free",
        ),
        (Resources(16 * GIB, GIB, 0), "proving needs 2.0 GiB of disk space, 0.0 GiB is free"),
    ],
)
def test_resources__refused_too_little(free: Resources, message: str) -> None:
    with pytest.raises(CannotProve) as refusal:
        require(NEEDS, free, "proving")
    assert refusal.value.cause == Cause.OUT_OF_RESOURCES
    assert refusal.value.detail == message


def test_resources__memory_of_a_warm_worker_counts() -> None:
    free = Resources(10 * GIB, GIB, 2 * GIB)
    require(NEEDS, free, "proving", reusable_bytes=6 * GIB)


def test_resources__measured_where_the_folder_will_be(tmp_path: Path) -> None:
    measured = measure_resources(tmp_path / "not" / "there" / "yet")
    assert measured.memory_bytes > 0
    assert measured.disk_bytes > 0


def test_container_limit__counts_what_the_kernel_can_reclaim(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 300\n")
    assert system._cgroup_available(tmp_path) == 400


def test_container_limit__none_is_no_limit(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("900\n")
    assert system._cgroup_available(tmp_path) == 1 << 62
