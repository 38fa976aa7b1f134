"""
Measure the static check of one block at first sight: transfers, each from a sender of its own.

Beside it stand its parts, from the same run: decoding, recovery alone, hashing the witness.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from tests.helpers.blocks import Case, TestAccount
from tests.helpers.transactions import Tx, key
from zkattest.crypto.blocks import WitnessAccounts, decode_block
from zkattest.spec.presets import OSAKA, Preset
from zkattest.spec.static_block import ChainView, read_block, validate_block
from zkattest.types.execution import BlockPackage

# Accounts that share the trie with the senders, so that a witness has branches of a real size.
BYSTANDERS = 4_000


def build(transactions: int, preset: Preset) -> tuple[BlockPackage, ChainView]:
    """Build a valid block with one transfer a sender."""
    senders = [Tx(signer=key(n), data=b"") for n in range(transactions)]
    accounts = {tx.sender: TestAccount() for tx in senders}
    accounts |= {n.to_bytes(20, "big"): TestAccount() for n in range(BYSTANDERS)}
    case = Case(transactions=tuple(senders), accounts=accounts)
    limit = max(case.parent.gas_limit, 21_000 * transactions)
    case = case.but(parent=replace(case.parent, gas_limit=limit, gas_used=limit // 2))
    package = case.package()
    return package, ChainView(package.chain_id, case.parent, package.parent_claim)


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Time some calls and take the median."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(1_000 * (time.perf_counter() - started))
    return statistics.median(times)


def measure(transactions: int, repeats: int) -> dict[str, float]:
    """Time the whole check and its parts."""
    size = replace(OSAKA.header, max_block_bytes=1 << 30)
    preset = replace(OSAKA, header=size)
    package, chain = build(transactions, preset)
    witness = package.witness
    block = read_block(package.block, preset)
    root = block.header.pre_state_root

    def whole() -> object:
        block = read_block(package.block, preset)
        accounts = WitnessAccounts(witness.state, witness.codes, root)
        return validate_block(chain, block, accounts, package.versioned_hashes, preset)

    return {
        "transactions": transactions,
        "witness_bytes": sum(map(len, witness.state)),
        "check_ms": median_ms(whole, repeats),
        "decode_ms": median_ms(lambda: decode_block(package.block, 1 << 30), repeats),
        "recovery_ms": median_ms(block.senders, repeats),
        "witness_ms": median_ms(
            lambda: WitnessAccounts(witness.state, witness.codes, root), repeats
        ),
    }


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.transactions, arguments.repeats)
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>16}  {value:12.1f}")


if __name__ == "__main__":
    main()
