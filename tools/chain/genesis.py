"""State and parameters that the recorded chain begins with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from eth_utils import keccak, to_checksum_address

from tools.chain import contracts, system_contracts
from tools.chain.cast import FUNDED, derive
from tools.chain.wallet import ETHER, GWEI, word

CHAIN_ID: Final = 7886
GENESIS_TIME: Final = 1_800_000_000
SECONDS_PER_SLOT: Final = 12
GAS_LIMIT: Final = 36_000_000
BASE_FEE: Final = GWEI


def contract_address(name: str) -> str:
    """Choose the address of a contract that genesis deploys."""
    return to_checksum_address(derive(f"contract/{name}")[:20])


LEDGER: Final = contract_address("ledger")
BATCH: Final = contract_address("batch")
PROBE: Final = contract_address("probe")
FACTORY: Final = contract_address("factory")

# Keys that the ledger holds from the start; clearing one of two makes its trie collapse.
LEDGER_ENTRIES: Final[Mapping[int, int]] = {1: 1001, 2: 1002}


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    """One account of the genesis state."""

    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


def alloc() -> dict[str, GenesisAccount]:
    """List the genesis accounts by address."""
    compiled = contracts.load()
    accounts = {actor.address: GenesisAccount(balance=1000 * ETHER) for actor in FUNDED}
    for address, code in system_contracts.CODES.items():
        accounts[to_checksum_address(address)] = GenesisAccount(nonce=1, code=code)
    for name, address in (("batch", BATCH), ("probe", PROBE), ("factory", FACTORY)):
        accounts[address] = GenesisAccount(nonce=1, code=compiled[name].runtime)
    entries = {mapping_slot(key, 0): value for key, value in LEDGER_ENTRIES.items()}
    accounts[LEDGER] = GenesisAccount(nonce=1, code=compiled["ledger"].runtime, storage=entries)
    return accounts


def mapping_slot(key: int, position: int) -> int:
    """Compute the slot of an entry of a Vyper mapping."""
    return int.from_bytes(keccak(word(position) + word(key)), "big")


def as_json() -> dict[str, Any]:
    """Render the genesis for the builder and for `genesis.json`."""
    return {
        "config": {
            "chain_id": CHAIN_ID,
            "rules": "osaka",
            "schema_id": "0x7886",
            "seconds_per_slot": SECONDS_PER_SLOT,
        },
        "gas_limit": GAS_LIMIT,
        "timestamp": GENESIS_TIME,
        "base_fee_per_gas": BASE_FEE,
        "extra_data": "0x" + b"zkattest".hex(),
        "alloc": {
            address.lower(): {
                "balance": hex(account.balance),
                "nonce": account.nonce,
                "code": "0x" + account.code.hex(),
                "storage": {hex(slot): hex(value) for slot, value in account.storage.items()},
            }
            for address, account in sorted(alloc().items(), key=lambda item: item[0].lower())
        },
    }
