"""What the builder is told about one block."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.chain.cast import PROPOSER, derive
from tools.chain.genesis import GAS_LIMIT, GENESIS_TIME, SECONDS_PER_SLOT


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One withdrawal of the consensus layer; the amount is in gwei."""

    index: int
    validator_index: int
    address: str
    amount_gwei: int


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """One block before it is built: its name in the vectors and what it contains."""

    name: str
    summary: str
    transactions: Sequence[bytes] = ()
    withdrawals: Sequence[Withdrawal] = ()
    declared_gas: int | None = None

    def as_json(self, number: int) -> dict[str, Any]:
        """Render for the builder; times and random values follow from the number."""
        return {
            "timestamp": GENESIS_TIME + number * SECONDS_PER_SLOT,
            "fee_recipient": PROPOSER.address.lower(),
            "gas_limit": GAS_LIMIT,
            "extra_data": "0x",
            "prev_randao": "0x" + derive(f"randao/{number}").hex(),
            "parent_beacon_block_root": "0x" + derive(f"beacon root/{number}").hex(),
            "transactions": ["0x" + raw.hex() for raw in self.transactions],
            "withdrawals": [
                {
                    "index": withdrawal.index,
                    "validator_index": withdrawal.validator_index,
                    "address": withdrawal.address.lower(),
                    "amount_gwei": withdrawal.amount_gwei,
                }
                for withdrawal in self.withdrawals
            ],
            "declared_gas": self.declared_gas,
        }
