"""Time the static check in a process of its own, so that its memory is its own too."""

from __future__ import annotations

import gc
import pickle
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benches.static.blocks import PRESET
from zkattest.crypto.blocks import WitnessAccounts, decode_block, decode_header
from zkattest.crypto.keys import KeyCache, SenderHints
from zkattest.crypto.statement import execute_block
from zkattest.spec.static_block import ChainView, StaticReport, read_block, validate_block
from zkattest.types.execution import BlockPackage


def check(package: BlockPackage, hints: SenderHints | None = None) -> StaticReport:
    """Do all that a node does with a block, from its bytes and those of its witness."""
    block = read_block(package.block, PRESET)
    parent_header, _ = decode_header(package.witness.headers[-1])
    witness = package.witness
    accounts = WitnessAccounts(witness.state, witness.codes, block.header.pre_state_root)
    chain = ChainView(package.chain_id, parent_header, package.parent_claim)
    return validate_block(chain, block, accounts, package.versioned_hashes, PRESET, hints)


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """
    Time some calls and take the median; the first, which warms up, does not count.

    The collector of garbage rests meanwhile, as it does in `timeit`.
    """
    times = []
    gc.collect()
    gc.disable()
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        times.append(1_000 * (time.perf_counter() - started))
    gc.enable()
    return statistics.median(times[1:])


def peak_rss_mib() -> float:
    """Say how much memory this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(package: BlockPackage, repeats: int) -> dict[str, float]:
    """Time check, parts and re-execution of one block in turns of one process."""
    decoded = decode_block(package.block, PRESET.header.max_block_bytes)
    senders = decoded.senders()
    signed = senders.by_transaction()
    result = {"first_sight_ms": median_ms(lambda: check(package), repeats)}
    cache = KeyCache(2 * len(signed) + 1)
    known = SenderHints(cache, signed, [authority for _, authority in senders.authorities])
    check(package, known)
    result["known_keys_ms"] = median_ms(lambda: check(package, known), repeats)
    result["peak_rss_mib"] = peak_rss_mib()
    witness = package.witness
    root = decoded.header.pre_state_root
    result["decode_ms"] = median_ms(
        lambda: decode_block(package.block, PRESET.header.max_block_bytes), repeats
    )
    result["witness_ms"] = median_ms(
        lambda: WitnessAccounts(witness.state, witness.codes, root), repeats
    )
    accounts = WitnessAccounts(witness.state, witness.codes, root)
    result["accounts_ms"] = median_ms(lambda: accounts.accounts(senders.addresses), repeats)
    result["recovery_ms"] = median_ms(decoded.senders, repeats)
    result["batch_ms"] = median_ms(lambda: decoded.senders(known), repeats)
    stateless_input = package.stateless_input()
    result["reexecution_ms"] = median_ms(lambda: execute_block(stateless_input), min(repeats, 3))
    return result


def main() -> None:
    """Read a block from a file, measure, write the figures to standard output."""
    package = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - written by our parent
    sys.stdout.buffer.write(pickle.dumps(measure(package, int(sys.argv[2]))))


if __name__ == "__main__":
    main()
