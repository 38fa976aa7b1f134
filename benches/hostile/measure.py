"""Time the whole check of one package from its bytes, in a process of its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from zkattest.crypto.blocks import decode_header
from zkattest.crypto.keys import KeyCache, SenderHints
from zkattest.node.embed import check_block
from zkattest.spec.presets import OSAKA
from zkattest.spec.reasons import CannotVerify, InvalidBlock
from zkattest.spec.state_reader import StateReader
from zkattest.spec.static_block import ChainView, read_block, validate_block
from zkattest.types.execution import BlockPackage

REPEATS = 3
LONG_S = 20


def check(data: bytes) -> None:
    """Do all that `zkattest check` does with a file's bytes."""
    check_block(BlockPackage.decode(data))


def check_hinted(data: bytes, hints: SenderHints) -> None:
    """Do the same with hints about the senders, as a node does."""
    package = BlockPackage.decode(data)
    block = read_block(package.block, OSAKA)
    parent, _ = decode_header(package.witness.headers[-1])
    accounts = StateReader.before(block.header, package.witness)
    chain = ChainView(package.chain_id, parent, package.parent_claim)
    validate_block(chain, block, accounts, package.versioned_hashes, OSAKA, hints)


def hints_for(data: bytes, kind: str) -> SenderHints:
    """Learn the keys of the block's senders, and name them rightly or not."""
    block = read_block(BlockPackage.decode(data).block, OSAKA)
    keys = KeyCache(1 << 18)
    names = block.senders(SenderHints(keys)).by_transaction()
    if kind == "wrong":
        names = [*names[1:], names[0]]
    if kind == "some_wrong":
        names = [names[0] if place % 100 == 99 else one for place, one in enumerate(names)]
    return SenderHints(keys, names)


def answer_of(work: Callable[[], None]) -> str:
    """Do the work; say in a word what it answered."""
    try:
        work()
    except InvalidBlock as refusal:
        return str(refusal.reason)
    except CannotVerify as failure:
        return f"not checked: {failure.cause}"
    return "valid"


def measure(data: bytes, kind: str) -> dict[str, object]:
    """Take the median of some checks."""
    if kind == "none":
        work: Callable[[], None] = lambda: check(data)  # noqa: E731
    else:
        hints = hints_for(data, kind)
        work = lambda: check_hinted(data, hints)  # noqa: E731
    before_kib = peak_kib()
    times, cpu_times, answer = [], [], ""
    for _ in range(REPEATS):
        started, cpu_started = time.perf_counter(), time.process_time()
        answer = answer_of(work)
        times.append(time.perf_counter() - started)
        cpu_times.append(time.process_time() - cpu_started)
        if times[-1] > LONG_S:
            break
    return {
        "answer": answer,
        "ms": round(1_000 * sorted(times)[len(times) // 2], 1),
        "cpu_ms": round(1_000 * sorted(cpu_times)[len(times) // 2], 1),
        "memory_mib": round((peak_kib() - before_kib) / 1024, 1),
    }


def peak_kib() -> int:
    """Read how much memory this process has had at most; what `getrusage` says is inherited."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main() -> None:
    """Read a package's file, print one JSON object."""
    data = Path(sys.argv[1]).read_bytes()
    sys.stdout.write(json.dumps(measure(data, sys.argv[2])) + "\n")


if __name__ == "__main__":
    main()
