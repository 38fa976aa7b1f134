"""Look at the machine, and at programs that are useful beside the package."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from zkattest.node.findings import Finding, State
from zkattest.prover.cache import cache_root, current_entry
from zkattest.prover.errors import CannotProve
from zkattest.prover.program import load_program
from zkattest.prover.settings import GIB, MIB, prove_needs
from zkattest.prover.system import measure_resources

_MACHINE: Final = "machine"
_BESIDE: Final = "beside the package"
LEAST_MEMORY_BYTES: Final = 512 * MIB
LEAST_DISK_BYTES: Final = 1 * GIB
# 128 connections of a service, those of gossip, stores and logs: what the sample unit grants.
WANTED_OPEN_FILES: Final = 4_096
LEAST_OPEN_FILES: Final = 512
CONGESTION_FILE: Final = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
_DISCOVERY: Final = "zkattest-discovery"
# Source: adjtimex(2), <sys/timex.h>.
_STA_UNSYNC: Final = 0x40
_TIMEX_BYTES: Final = 256
_MAX_CLOCK_ERROR_MS: Final = 500


def examine_machine(folder: Path) -> Iterator[Finding]:
    """Look at cores, memory, disk where `folder` is, open files, congestion control, clock."""
    cores = len(os.sched_getaffinity(0))
    yield Finding(_MACHINE, "cores", State.OK, f"{cores}; as many proofs are verified at once")
    free = measure_resources(folder)
    yield _amount("memory", free.memory_bytes, LEAST_MEMORY_BYTES, "end something, or give more")
    yield _amount("disk", free.disk_bytes, LEAST_DISK_BYTES, f"free some where {folder} is")
    yield examine_open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield examine_congestion(CONGESTION_FILE)
    yield _examine_clock()


def examine_programs() -> Iterator[Finding]:
    """Look for the prover's worker, the guest, the discovery program and database drivers."""
    yield _examine_prover()
    yield _examine_guest()
    yield _examine_discovery()
    driver = metadata.version("pg8000")
    detail = f"driver pg8000 {driver}; a server is tried where a --config names one"
    yield Finding(_BESIDE, "PostgreSQL", State.OK, detail)


def _amount(name: str, free_bytes: int, least_bytes: int, advice: str) -> Finding:
    detail = f"{free_bytes / GIB:.1f} GiB free"
    if free_bytes >= least_bytes:
        return Finding(_MACHINE, name, State.OK, detail)
    return Finding(
        _MACHINE, name, State.WRONG, f"{detail}, {least_bytes / GIB:.1f} GiB expected", advice
    )


def examine_open_files(limit: int) -> Finding:
    """Judge how many files and sockets a process may have open; -1 is no limit."""
    name, advice = "open files", f"ulimit -n {WANTED_OPEN_FILES}, or LimitNOFILE of the unit"
    if limit == resource.RLIM_INFINITY or limit >= WANTED_OPEN_FILES:
        return Finding(_MACHINE, name, State.OK, "no limit" if limit < 0 else f"{limit}")
    detail = f"{limit}, {WANTED_OPEN_FILES} are enough for every default"
    state = State.OPTIONAL if limit >= LEAST_OPEN_FILES else State.WRONG
    return Finding(_MACHINE, name, state, detail, advice)


def examine_congestion(available: Path) -> Finding:
    """Judge whether BBR can be had, which carries proofs over lines that lose packets."""
    name = "congestion control"
    try:
        names = available.read_text().split()
    except OSError as error:
        detail = f"{available}: {error.strerror or error}"
        return Finding(_MACHINE, name, State.NOT_EXAMINED, detail, "it is for gossip alone")
    if "bbr" in names:
        return Finding(_MACHINE, name, State.OK, f"bbr, of {' '.join(names)}")
    advice = "modprobe tcp_bbr; without it lines that lose packets delay proofs by seconds"
    return Finding(_MACHINE, name, State.OPTIONAL, f"no bbr, only {' '.join(names)}", advice)


def _examine_clock() -> Finding:
    """Ask the kernel: whoever sets the clock tells it how good it is. No network is asked."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    call = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if call is None or call(buffer) < 0:
        detail = "the kernel does not say how good it is; without network nothing else does"
        return Finding(_MACHINE, "clock", State.NOT_EXAMINED, detail, "compare it by hand")
    words = [
        int.from_bytes(buffer[at : at + 8], "little", signed=True)  # type: ignore[arg-type]
        for at in range(0, 6 * 8, 8)
    ]
    return judge_clock(status=words[5] & 0xFFFF_FFFF, max_error_us=words[3])


def judge_clock(*, status: int, max_error_us: int) -> Finding:
    """Judge the clock by what the kernel was told of it."""
    name, advice = "clock", "run chrony or systemd-timesyncd"
    if status & _STA_UNSYNC:
        detail = "nothing tells the kernel that it is synchronized; its offset is not known"
        return Finding(_MACHINE, name, State.OPTIONAL, detail, advice)
    error_ms = max_error_us / 1_000
    detail = f"synchronized, within {error_ms:.0f} ms as the kernel was told"
    if error_ms > _MAX_CLOCK_ERROR_MS:
        return Finding(_MACHINE, name, State.WRONG, detail, advice)
    return Finding(_MACHINE, name, State.OK, detail)


def _examine_prover() -> Finding:
    name, advice = "prover worker", "only to prove or to run guests: zkattest prover init"
    try:
        entry = current_entry()
        needed_gib = prove_needs().memory_bytes / GIB
    except CannotProve as failure:
        return Finding(_BESIDE, name, State.OPTIONAL, failure.detail, advice)
    if not entry.is_built():
        return Finding(_BESIDE, name, State.OPTIONAL, "not built", advice)
    free_gib = measure_resources(entry.folder).memory_bytes / GIB
    detail = f"{entry.binary}; {free_gib:.1f} GiB of memory free"
    if free_gib < needed_gib:
        advice = f"proving needs {needed_gib:.0f} GiB; running guests does not"
        return Finding(_BESIDE, name, State.OPTIONAL, detail, advice)
    return Finding(_BESIDE, name, State.OK, detail)


def _examine_guest() -> Finding:
    try:
        program = load_program()
    except CannotProve as failure:
        advice = "install zkattest again; only proving needs it"
        return Finding(_BESIDE, "guest program", State.OPTIONAL, failure.detail, advice)
    return Finding(_BESIDE, "guest program", State.OK, str(program.program_vk))


def _examine_discovery() -> Finding:
    built = cache_root().parent / "target-discovery" / "release" / _DISCOVERY
    found = shutil.which(_DISCOVERY) or (str(built) if os.access(built, os.X_OK) else None)
    if found is None:
        advice = "only to find peers by discv5: make discovery, in a checkout"
        return Finding(_BESIDE, "discv5 program", State.OPTIONAL, "not found", advice)
    return Finding(_BESIDE, "discv5 program", State.OK, found)
