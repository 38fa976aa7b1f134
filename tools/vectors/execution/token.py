"""The ERC-20 of the vectors: where it keeps what, and what it logs."""

from collections.abc import Mapping
from typing import Final

from tools.chain.cast import ALICE, Actor
from tools.chain.wallet import word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, event, mapping_slot, nested_slot
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene

TOKEN: Final = contract_address("vectors/token")
NOBODY: Final = "0x" + "00" * 20
SUPPLY_SLOT: Final = 0
OWNER_SLOT: Final = 3


def balance_slot(holder: Actor | str) -> int:
    """Compute where a balance lies."""
    return mapping_slot(holder if isinstance(holder, str) else holder.address, 1)


def allowance_slot(holder: Actor, spender: Actor | str) -> int:
    """Compute where an allowance lies."""
    other = spender if isinstance(spender, str) else spender.address
    return nested_slot(holder.address, other, 2)


def place_token(
    scene: Scene,
    balances: Mapping[Actor | str, int],
    allowances: Mapping[tuple[Actor, Actor | str], int] | None = None,
    *,
    address: str = TOKEN,
    owner: Actor = ALICE,
) -> str:
    """Put a token into the genesis state."""
    storage = {balance_slot(holder): amount for holder, amount in balances.items()}
    for (holder, spender), amount in (allowances or {}).items():
        storage[allowance_slot(holder, spender)] = amount
    storage |= {SUPPLY_SLOT: sum(balances.values()), OWNER_SLOT: int(owner.address, 16)}
    return scene.place(address, contracts.runtime("Token"), storage=storage)


def transferred(
    sender: Actor | str, receiver: Actor | str, amount: int, *, address: str = TOKEN
) -> Log:
    """Describe the log of a transfer."""
    ends: list[int | bytes | str] = [
        end if isinstance(end, str) else end.address for end in (sender, receiver)
    ]
    return event(address, "Transfer(address,address,uint256)", ends, word(amount))


def approved(holder: Actor, spender: Actor, amount: int) -> Log:
    """Describe the log of an approval."""
    ends: list[int | bytes | str] = [holder.address, spender.address]
    return event(TOKEN, "Approval(address,address,uint256)", ends, word(amount))
