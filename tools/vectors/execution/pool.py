"""The pool of the vectors: a constant product with a fee of 3/1000, as plain arithmetic."""

from dataclasses import dataclass, replace
from math import isqrt
from typing import Final

from tools.chain.cast import Actor
from tools.chain.genesis import SECONDS_PER_SLOT
from tools.chain.wallet import word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, event, mapping_slot
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import GENESIS_TIME, Scene
from tools.vectors.execution.token import (
    NOBODY,
    allowance_slot,
    balance_slot,
    place_token,
    transferred,
)

POOL: Final = contract_address("vectors/pool")
GOLD: Final = contract_address("vectors/gold")
SILVER: Final = contract_address("vectors/silver")
RESERVES_SLOT: Final = 2
SHARES_SLOT: Final = 3
LOCKED_SHARES: Final = 1_000
GREATEST_RESERVE: Final = 2**112 - 1


@dataclass(frozen=True, slots=True)
class Pool:
    """Reserves of gold and silver."""

    gold: int
    silver: int

    @property
    def shares(self) -> int:
        """Compute the shares that exist when both reserves came at once."""
        return isqrt(self.gold * self.silver)

    def gold_for(self, silver: int) -> int:
        """Compute how much gold an amount of silver buys."""
        return quote(silver, self.silver, self.gold)

    def silver_for(self, gold: int) -> int:
        """Compute how much silver an amount of gold buys."""
        return quote(gold, self.gold, self.silver)

    def add(self, gold: int, silver: int) -> "Pool":
        """Change the reserves."""
        return replace(self, gold=self.gold + gold, silver=self.silver + silver)

    def word(self, block: int = 1) -> int:
        """Pack the reserves and the time of a block as the contract does."""
        updated_at = GENESIS_TIME + block * SECONDS_PER_SLOT
        return self.gold | self.silver << 112 | updated_at << 224

    def synced(self) -> Log:
        """Describe the log of new reserves."""
        return event(POOL, "Sync(uint112,uint112)", [], word(self.gold) + word(self.silver))


def quote(amount: int, reserve_in: int, reserve_out: int) -> int:
    """Compute the output of a swap: 997 parts of 1000 of the input count."""
    after_fee = 997 * amount
    return after_fee * reserve_out // (1000 * reserve_in + after_fee)


def place_pool(scene: Scene, pool: Pool, provider: Actor) -> None:
    """Put a pool and both tokens, of which actors hold none yet, into the genesis state."""
    storage = {0: int(GOLD, 16), 1: int(SILVER, 16)}
    if pool.shares:
        storage |= {
            RESERVES_SLOT: pool.word(0),
            SHARES_SLOT: pool.shares,
            share_slot(NOBODY): LOCKED_SHARES,
            share_slot(provider.address): pool.shares - LOCKED_SHARES,
        }
    scene.place(POOL, contracts.runtime("Pair"), storage=storage)


def place_metals(scene: Scene, pool: Pool, holder: Actor, gold: int, silver: int) -> None:
    """Let an actor hold both tokens and allow the pool all of them; the pool holds its reserves."""
    for token, amount, reserve in ((GOLD, gold, pool.gold), (SILVER, silver, pool.silver)):
        balances = {key: value for key, value in ((holder, amount), (POOL, reserve)) if value}
        place_token(scene, balances, {(holder, POOL): amount}, address=token)


def share_slot(holder: str) -> int:
    """Compute where the shares of a holder lie."""
    return mapping_slot(holder, 4)


def paid(scene: Scene, token: str, holder: Actor, had: int, amount: int, reserve: int) -> Log:
    """Expect tokens to go from an actor, who had allowed all, to the pool; describe the log."""
    left = had - amount
    slots = {balance_slot(holder): left, allowance_slot(holder, POOL): left}
    scene.store(token, {**slots, balance_slot(POOL): reserve + amount})
    return transferred(holder, POOL, amount, address=token)


def swapped(sender: Actor, token: str, amount_in: int, amount_out: int) -> Log:
    """Describe the log of a swap for oneself."""
    data = word(token) + word(amount_in) + word(amount_out)
    ends: list[int | bytes | str] = [sender.address, sender.address]
    return event(POOL, "Swap(address,address,address,uint256,uint256)", ends, data)
