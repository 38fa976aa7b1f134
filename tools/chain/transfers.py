"""
A block of plain transfers in a ring: what one transfer costs the guest is measured on it.

`python -m tools.chain.transfers 100 ring.ssz` writes the package of one of a hundred.
"""

import sys
from pathlib import Path
from typing import Any

from tools.chain import genesis
from tools.chain.cast import actor
from tools.chain.plan import BlockPlan
from tools.chain.wallet import ETHER, Wallet
from zkattest.crypto.builder import ChainBuilder


def transfer_block(count: int) -> bytes:
    """Build a package in which each of `count` accounts pays the next one, each once."""
    ring = [actor(f"ring/{index}") for index in range(count)]
    description: dict[str, Any] = genesis.as_json()
    account = {"balance": hex(10 * ETHER), "nonce": 0, "code": "0x", "storage": {}}
    description["alloc"] |= {member.address.lower(): account for member in ring}
    wallet = Wallet(genesis.CHAIN_ID)
    payments = [
        wallet.dynamic(payer, to=payee.address, value=index + 1, gas=21_000)
        for index, (payer, payee) in enumerate(zip(ring, ring[1:] + ring[:1], strict=True))
    ]
    plan = BlockPlan("transfers", "a ring of plain transfers", transactions=payments)
    return ChainBuilder(description).build_block(plan.as_json(1)).package


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(transfer_block(int(sys.argv[1])))
