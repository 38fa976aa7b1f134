"""
Execute single blocks over given states with the Python specification of Osaka and EIP-7886's rules.

Runs where `execute.py` runs, and like it shares no code with zkattest. What the EIP adds is written
down here once more: every sender is charged in advance, a transaction that cannot be executed or a
wrong gas leaves only system calls and withdrawals. One JSON object comes in on standard input
(`cases`: input of each), one goes out (`answers`).
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import execute
from ethereum.exceptions import EthereumException
from ethereum.forks.osaka import fork, vm
from ethereum.forks.osaka.state import State, get_account, set_account_balance
from ethereum.forks.osaka.transactions import BlobTransaction, decode_transaction
from ethereum.forks.osaka.trie import trie_set
from ethereum.forks.osaka.vm.gas import (
    calculate_blob_gas_price,
    calculate_total_blob_gas,
)
from ethereum_rlp import rlp
from ethereum_types.numeric import U256, Uint
from execute import Chain, header_of, number

RECOVER_SENDER = fork.recover_sender


class Block(Chain):
    """One block over its pre-state."""

    def __init__(self, given: dict[str, Any]) -> None:
        headers = [bytes.fromhex(item[2:]) for item in given["witness"]["headers"]]
        alloc = {
            address: {**account, "balance": hex(int(account["balance"]))}
            for address, account in given["pre_state"].items()
        }
        genesis = {"config": {"chain_id": given["chain_id"]}, "alloc": alloc}
        super().__init__(genesis, headers[-1])
        # The oldest header names one ancestor more.
        self.hashes = [rlp.decode(headers[0])[0], *map(fork.keccak256, headers)]
        self.block = joined(given["block"])
        header = header_of(rlp.decode(self.block)[0])
        reverted = number(header.parent_execution_reverted)
        self.parent_gas_used = Uint(0 if reverted else number(self.parent.gas_used))

    def answer(self) -> dict[str, Any]:
        """Execute the block and give what `Chain.execute` gives, and the state after it."""
        return {**self.execute(self.block), "post_state": dump(self.state)}


def apply_body(
    block_env: vm.BlockEnvironment, transactions: tuple[Any, ...], withdrawals: Any
) -> vm.BlockOutput:
    """Execute a body; a failure is answered with a gas that no header declares."""
    try:
        return try_body(block_env, transactions, withdrawals)
    except EthereumException:
        output = vm.BlockOutput()
        output.block_gas_used = Uint(2**64)
        return output


def try_body(
    block_env: vm.BlockEnvironment, transactions: tuple[Any, ...], withdrawals: Any
) -> vm.BlockOutput:
    """Charge all senders, give each its own charge back for its transaction, then the rest."""
    output = vm.BlockOutput()
    for target, data in (
        (fork.BEACON_ROOTS_ADDRESS, block_env.parent_beacon_block_root),
        (fork.HISTORY_STORAGE_ADDRESS, block_env.block_hashes[-1]),
    ):
        fork.process_unchecked_system_transaction(
            block_env=block_env, target_address=target, data=data
        )
    decoded = [decode_transaction(item) for item in transactions]
    senders = [RECOVER_SENDER(block_env.chain_id, tx) for tx in decoded]
    charges = [charge_of(block_env, tx) for tx in decoded]
    for sender, charge in zip(senders, charges, strict=True):
        move(block_env.state, sender, -charge)
    for index, (tx, sender, charge) in enumerate(zip(decoded, senders, charges, strict=True)):
        move(block_env.state, sender, charge)
        # The caps are other ones than were signed, so the signature says nothing any more.
        fork.recover_sender = lambda _chain_id, _tx, sender=sender: sender
        fork.process_transaction(block_env, output, capped(block_env, tx), Uint(index))
        # The trie holds the transaction as it was signed.
        trie_set(output.transactions_trie, rlp.encode(Uint(index)), transactions[index])
    fork.process_withdrawals(block_env, output, withdrawals)
    fork.process_general_purpose_requests(block_env=block_env, block_output=output)
    return output


def joined(value: Any) -> bytes:
    """Read bytes that may be written as pieces, some of them with a count."""
    pieces = value if isinstance(value, list) else [value]
    return b"".join(
        bytes.fromhex(one[2:]) if isinstance(one, str) else joined(one["repeat"]) * one["times"]
        for one in pieces
    )


def price_of(block_env: vm.BlockEnvironment, tx: Any) -> int:
    """Compute what a transaction pays per gas."""
    if hasattr(tx, "gas_price"):
        return int(tx.gas_price)
    tip = int(block_env.base_fee_per_gas) + int(tx.max_priority_fee_per_gas)
    return min(int(tx.max_fee_per_gas), tip)


def charge_of(block_env: vm.BlockEnvironment, tx: Any) -> int:
    """Compute what a sender pays in advance."""
    blob_price = int(calculate_blob_gas_price(block_env.excess_blob_gas))
    blob_gas = int(calculate_total_blob_gas(tx))
    return int(tx.gas) * price_of(block_env, tx) + blob_gas * blob_price


def capped(block_env: vm.BlockEnvironment, tx: Any) -> Any:
    """Set the fee caps to the effective prices."""
    if hasattr(tx, "gas_price"):
        return tx
    price = price_of(block_env, tx)
    tip = price - int(block_env.base_fee_per_gas)
    lowered = replace(tx, max_fee_per_gas=Uint(price), max_priority_fee_per_gas=Uint(tip))
    if isinstance(tx, BlobTransaction):
        blob_price = calculate_blob_gas_price(block_env.excess_blob_gas)
        lowered = replace(lowered, max_fee_per_blob_gas=U256(blob_price))
    return lowered


def move(state: State, address: Any, amount: int) -> None:
    """Change a balance; it never goes below zero in a block that is statically valid."""
    balance = int(get_account(state, address).balance) + amount
    set_account_balance(state, address, U256(balance))


def dump(state: State) -> dict[str, Any]:
    """Write down every account."""
    return {
        "0x" + address.hex(): {
            "balance": hex(int(account.balance)),
            "nonce": hex(int(account.nonce)),
            "code": "0x" + account.code.hex(),
            "storage": {
                hex(int.from_bytes(slot, "big")): hex(int(value))
                for slot, value in sorted(slots_of(state, address).items())
            },
        }
        for address, account in sorted(state._main_trie._data.items())
        if account is not None
    }


def slots_of(state: State, address: Any) -> dict[Any, Any]:
    """List the slots of an account."""
    trie = state._storage_tries.get(address)
    return {} if trie is None else trie._data


def main() -> None:
    """Read the cases, execute each, write what came out."""
    execute.apply_body = apply_body
    request = json.load(sys.stdin)
    json.dump({"answers": [Block(given).answer() for given in request["cases"]]}, sys.stdout)


if __name__ == "__main__":
    main()
