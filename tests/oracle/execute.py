"""
Execute blocks with the Python specification of Osaka and report what came out.

Runs in a virtual environment of its own (see `environment.py`): it shares no code with zkattest,
decodes the blocks itself and takes the whole state from genesis along. One JSON object comes in
on standard input (`genesis`, `headers`: the anchor's, `blocks`: RLP in hex), one goes out.
"""

import json
import sys
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from ethereum.crypto.hash import keccak256
from ethereum.forks.osaka import vm
from ethereum.forks.osaka.blocks import Header, Withdrawal
from ethereum.forks.osaka.bloom import logs_bloom
from ethereum.forks.osaka.fork import (
    BEACON_ROOTS_ADDRESS,
    HISTORY_STORAGE_ADDRESS,
    apply_body,
    calculate_base_fee_per_gas,
    process_unchecked_system_transaction,
    process_withdrawals,
)
from ethereum.forks.osaka.fork_types import Account
from ethereum.forks.osaka.requests import compute_requests_hash
from ethereum.forks.osaka.state import State, set_account, set_storage, state_root
from ethereum.forks.osaka.transactions import LegacyTransaction
from ethereum.forks.osaka.trie import copy_trie, root
from ethereum.forks.osaka.vm.gas import calculate_excess_blob_gas
from ethereum_rlp import rlp
from ethereum_types.bytes import Bytes20, Bytes32
from ethereum_types.numeric import U64, U256, Uint

# The order of the header's fields, written down once more from the text of EIP-7886.
FIELDS = (
    "parent_hash",
    "ommers_hash",
    "coinbase",
    "pre_state_root",
    "parent_transactions_root",
    "parent_receipt_root",
    "parent_bloom",
    "parent_requests_hash",
    "parent_execution_reverted",
    "difficulty",
    "number",
    "gas_limit",
    "gas_used",
    "timestamp",
    "extra_data",
    "prev_randao",
    "nonce",
    "base_fee_per_gas",
    "withdrawals_root",
    "blob_gas_used",
    "excess_blob_gas",
    "parent_beacon_block_root",
)


class Chain:
    """State and hashes of a chain from its genesis on."""

    def __init__(self, genesis: dict[str, Any], anchor_rlp: bytes) -> None:
        self.chain_id = U64(genesis["config"]["chain_id"])
        self.state = genesis_state(genesis["alloc"])
        self.hashes = [keccak256(anchor_rlp)]
        self.parent = header_of(rlp.decode(anchor_rlp))
        self.parent_gas_used = Uint(0)

    def execute(self, block_rlp: bytes) -> dict[str, Any]:
        """Execute the next block; a gas mismatch leaves only system calls and withdrawals."""
        header_fields, raw_transactions, _ommers, raw_withdrawals = rlp.decode(block_rlp)
        header = header_of(header_fields)
        expected_fees = self.fees_for(header)
        pre_state_root = state_root(self.state)
        transactions = tuple(canonical(item) for item in raw_transactions)
        withdrawals = tuple(rlp.decode_to(Withdrawal, rlp.encode(item)) for item in raw_withdrawals)
        attempt = copied(self.state)
        started = perf_counter()
        output = apply_body(self.environment(header, attempt), transactions, withdrawals)
        elapsed_ms = 1_000 * (perf_counter() - started)
        used = output.block_gas_used
        reverted = used != Uint(number(header.gas_used))
        if reverted:
            attempt = copied(self.state)
            output = self.without_transactions(self.environment(header, attempt), withdrawals)
        self.state = attempt
        self.hashes.append(keccak256(rlp.encode(header_fields)))
        self.parent = header
        self.parent_gas_used = output.block_gas_used
        return {
            "block_hash": self.hashes[-1].hex(),
            "pre_state_root": pre_state_root.hex(),
            "post_state_root": state_root(self.state).hex(),
            "transactions_root": root(output.transactions_trie).hex(),
            "receipts_root": root(output.receipts_trie).hex(),
            "logs_bloom": logs_bloom(output.block_logs).hex(),
            "requests_hash": compute_requests_hash(output.requests).hex(),
            "requests": len(output.requests),
            "withdrawals_root": root(output.withdrawals_trie).hex(),
            "gas_used": int(used),
            "blob_gas_used": int(output.blob_gas_used),
            "execution_reverted": reverted,
            "elapsed_ms": elapsed_ms,
            **expected_fees,
        }

    def fees_for(self, header: SimpleNamespace) -> dict[str, int]:
        """Compute the fees a child must declare; a reverted parent used no gas."""
        base_fee = calculate_base_fee_per_gas(
            Uint(number(header.gas_limit)),
            Uint(number(self.parent.gas_limit)),
            self.parent_gas_used,
            Uint(number(self.parent.base_fee_per_gas)),
        )
        # The specification takes anything but a header of its own for one without blobs.
        parent = object.__new__(Header)
        for name, kind in (
            ("excess_blob_gas", U64),
            ("blob_gas_used", U64),
            ("base_fee_per_gas", Uint),
        ):
            object.__setattr__(parent, name, kind(number(getattr(self.parent, name))))
        excess = calculate_excess_blob_gas(parent)
        return {"base_fee_per_gas": int(base_fee), "excess_blob_gas": int(excess)}

    def environment(self, header: SimpleNamespace, state: State) -> vm.BlockEnvironment:
        """Say what the block's transactions see around them."""
        return vm.BlockEnvironment(
            chain_id=self.chain_id,
            state=state,
            block_gas_limit=Uint(number(header.gas_limit)),
            block_hashes=self.hashes[-256:],
            coinbase=Bytes20(header.coinbase),
            number=Uint(number(header.number)),
            base_fee_per_gas=Uint(number(header.base_fee_per_gas)),
            time=U256(number(header.timestamp)),
            prev_randao=Bytes32(header.prev_randao),
            excess_blob_gas=U64(number(header.excess_blob_gas)),
            parent_beacon_block_root=Bytes32(header.parent_beacon_block_root),
        )

    def without_transactions(
        self, environment: vm.BlockEnvironment, withdrawals: tuple[Withdrawal, ...]
    ) -> vm.BlockOutput:
        """Apply what a revert leaves of a block."""
        output = vm.BlockOutput()
        for target, data in (
            (BEACON_ROOTS_ADDRESS, environment.parent_beacon_block_root),
            (HISTORY_STORAGE_ADDRESS, environment.block_hashes[-1]),
        ):
            process_unchecked_system_transaction(
                block_env=environment, target_address=target, data=data
            )
        process_withdrawals(environment, output, withdrawals)
        return output


def header_of(fields: Any) -> SimpleNamespace:
    """Name the fields of a decoded header."""
    return SimpleNamespace(**dict(zip(FIELDS, fields, strict=True)))


def number(data: bytes) -> int:
    """Read an RLP integer."""
    return int.from_bytes(data, "big")


def canonical(item: Any) -> Any:
    """Turn an item of the transactions list into what `apply_body` takes."""
    if isinstance(item, bytes):
        return item
    return rlp.decode_to(LegacyTransaction, rlp.encode(item))


def copied(state: State) -> State:
    """Copy a state, so that a block can be tried."""
    other = State()
    other._main_trie = copy_trie(state._main_trie)
    other._storage_tries = {key: copy_trie(trie) for key, trie in state._storage_tries.items()}
    return other


def genesis_state(alloc: dict[str, Any]) -> State:
    """Fill the state that the chain begins with."""
    state = State()
    for address_hex, entry in alloc.items():
        address = Bytes20(bytes.fromhex(address_hex[2:]))
        balance = U256(int(entry["balance"], 16))
        code = bytes.fromhex(entry["code"][2:])
        set_account(state, address, Account(Uint(entry["nonce"]), balance, code))
        for slot, value in entry["storage"].items():
            key = Bytes32(int(slot, 16).to_bytes(32, "big"))
            set_storage(state, address, key, U256(int(value, 16)))
    return state


def main() -> None:
    """Read the chain, execute it, write what came out."""
    request = json.load(sys.stdin)
    genesis = request["genesis"]
    chain = Chain(genesis, bytes.fromhex(genesis["anchor"]["header"][2:]))
    results = [chain.execute(bytes.fromhex(block)) for block in request["blocks"]]
    json.dump({"blocks": results}, sys.stdout)


if __name__ == "__main__":
    main()
