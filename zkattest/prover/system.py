"""Ask the machine what is free, and refuse work that would not fit, with figures."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from zkattest.prover.errors import CannotProve
from zkattest.prover.settings import GIB, Needs
from zkattest.spec.reasons import Cause

SHARED_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - read, never written
CGROUP_FOLDER = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Resources:
    """Hold what is free on this machine; all amounts are bytes."""

    memory_bytes: int
    shared_memory_bytes: int
    disk_bytes: int


def measure_resources(folder: Path) -> Resources:
    """Measure free memory, and free disk space where `folder` is or will be."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return Resources(
        memory_bytes=min(psutil.virtual_memory().available, _cgroup_available()),
        shared_memory_bytes=_free(SHARED_MEMORY_FOLDER),
        disk_bytes=_free(existing),
    )


def require(needs: Needs, free: Resources, purpose: str, *, reusable_bytes: int = 0) -> None:
    """
    Refuse when less is free than needed.

    `reusable_bytes` is memory that a worker holds already and will use for the job.
    """
    checks = (
        ("memory", needs.memory_bytes, free.memory_bytes + reusable_bytes),
        ("shared memory in /dev/shm", needs.shared_memory_bytes, free.shared_memory_bytes),
        ("disk space", needs.disk_bytes, free.disk_bytes),
    )
    for name, needed, available in checks:
        if available < needed:
            raise CannotProve(
                Cause.OUT_OF_RESOURCES,
                f"{purpose} needs {_gib(needed)} of {name}, {_gib(available)} is free",
            )


def _gib(amount_bytes: int) -> str:
    return f"{amount_bytes / GIB:.1f} GiB"


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _cgroup_available(folder: Path = CGROUP_FOLDER) -> int:
    """Give what the container's limit leaves, where there is one (cgroup 2, then 1)."""
    pairs = (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    )
    for limit_name, used_name in pairs:
        limit, used = _read_number(folder / limit_name), _read_number(folder / used_name)
        if limit is not None and used is not None:
            return max(0, limit - used + _reclaimable(folder / limit_name))
    return 1 << 62


def _reclaimable(limit_path: Path) -> int:
    """Count the file cache, which the kernel gives up before it kills."""
    try:
        lines = (limit_path.parent / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    counts = dict(line.split(maxsplit=1) for line in lines if " " in line)
    return int(counts.get("inactive_file", "0"))


def _read_number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def cpu_features() -> tuple[str, ...]:
    """List what this processor can do, sorted: code built for it must not run on a lesser one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return (os.uname().machine, *sorted(value.split()))
    return (os.uname().machine,)
