"""The whole state of a small chain as plain Python, and its root: what a case expects."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import rlp
from eth_utils import keccak

from tests.helpers.trie import Trie


def key_of(address: str) -> str:
    """Write an address in the one form that the world knows it by."""
    return address.lower()


@dataclass(slots=True)
class Account:
    """One account; `storage` has no zeros."""

    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: dict[int, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Say whether EIP-161 removes it."""
        return not (self.balance or self.nonce or self.code)


class World:
    """All accounts by address."""

    def __init__(self, accounts: Mapping[str, Account] | None = None) -> None:
        self.accounts: dict[str, Account] = dict(accounts or {})

    def copy(self) -> "World":
        """Copy everything."""
        return World(deepcopy(self.accounts))

    def account(self, address: str) -> Account:
        """Give an account, an empty one where there was none."""
        return self.accounts.setdefault(key_of(address), Account())

    def find(self, address: str) -> Account | None:
        """Give an account, or None where there is none."""
        return self.accounts.get(key_of(address))

    def store(self, address: str, slot: int, value: int) -> None:
        """Write a slot; zero clears it."""
        storage = self.account(address).storage
        if value:
            storage[slot] = value
        else:
            storage.pop(slot, None)

    def remove(self, address: str) -> None:
        """Remove an account with all it has."""
        self.accounts.pop(key_of(address), None)

    def prune(self) -> None:
        """Drop the empty accounts (EIP-161)."""
        self.accounts = {key: one for key, one in self.accounts.items() if not one.is_empty}

    def root(self) -> bytes:
        """Compute the state root."""
        leaves = {
            keccak(hexstr=address): rlp.encode(
                [one.nonce, one.balance, storage_root(one.storage), keccak(one.code)]
            )
            for address, one in self.accounts.items()
        }
        return Trie(leaves).root

    def as_json(self) -> dict[str, Any]:
        """Render every account, sorted."""
        return {address: render(one) for address, one in sorted(self.accounts.items())}

    def changes_from(self, earlier: "World") -> dict[str, Any]:
        """Render what differs from an earlier world; null for the accounts that are gone."""
        changes: dict[str, Any] = {}
        for address in sorted(self.accounts.keys() | earlier.accounts.keys()):
            before, after = earlier.find(address), self.find(address)
            if before != after:
                changes[address] = None if after is None else difference(before, after)
        return changes


def difference(before: Account | None, after: Account) -> dict[str, Any]:
    """Render an account after a change: new code, and slots that changed (0 if cleared)."""
    earlier = before or Account()
    changed = {
        slot: after.storage.get(slot, 0)
        for slot in earlier.storage.keys() | after.storage.keys()
        if earlier.storage.get(slot, 0) != after.storage.get(slot, 0)
    }
    shown: dict[str, Any] = {"balance": after.balance, "nonce": after.nonce}
    if after.code != earlier.code:
        shown["code"] = after.code
    if changed:
        shown["storage"] = render_slots(changed)
    return shown


def render(account: Account) -> dict[str, Any]:
    """Render one account as the genesis files of clients do."""
    return {
        "balance": account.balance,
        "nonce": account.nonce,
        "code": account.code,
        "storage": render_slots(account.storage),
    }


def render_slots(storage: Mapping[int, int]) -> dict[str, str]:
    """Render slots and their values as numbers without leading zeros, sorted."""
    return {hex(slot): hex(value) for slot, value in sorted(storage.items())}


def storage_root(storage: Mapping[int, int]) -> bytes:
    """Compute the root of one account's storage."""
    return Trie(
        {keccak(slot.to_bytes(32, "big")): rlp.encode(value) for slot, value in storage.items()}
    ).root
