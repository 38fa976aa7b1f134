"""Declare a decoded block's transactions as columns, their senders, and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zkattest.types.words import Mask, Numbers, Words

HASH_BYTES: Final = 32
NO_SENDER: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class TransactionColumns:
    """
    Hold what the static rules look at: one array for each field, one row for each transaction.

    Fees are in wei a gas. A legacy transaction without a chain has no chain id: the number is zero
    then, and not zero where its `v` has no known form. Legacy and access-list transactions have
    their gas price in both fee fields. `blobs` counts versioned hashes, which stand one after
    another in `blob_versioned_hashes`; `authorizations` counts too.
    """

    type: NDArray[np.uint8]
    has_chain_id: Mask
    chain_id: Words
    nonce: Numbers
    gas: Numbers
    max_fee_per_gas: Words
    max_priority_fee_per_gas: Words
    creates: Mask
    value: Words
    data_bytes: Numbers
    data_zero_bytes: Numbers
    access_list_addresses: Numbers
    access_list_keys: Numbers
    max_fee_per_blob_gas: Words
    blobs: Numbers
    blob_versioned_hashes: tuple[bytes, ...]
    authorizations: Numbers
    y_parity: Words
    r: Words
    s: Words

    def __len__(self) -> int:
        return len(self.type)


@dataclass(frozen=True, slots=True)
class Senders:
    """
    Hold who sent each transaction: the row of `addresses`, or `NO_SENDER` for nobody.

    `ranks` counts the sender's transactions before this one. `authorities` says for each EIP-7702
    authorization in which transaction it stands and who signed it, None for nobody.
    """

    slots: NDArray[np.uint32]
    ranks: NDArray[np.uint32]
    addresses: tuple[bytes, ...]
    authorities: tuple[tuple[int, bytes | None], ...] = ()

    def by_transaction(self) -> list[bytes | None]:
        """Give the sender of each transaction; None where nobody can have signed."""
        return [None if slot == NO_SENDER else self.addresses[slot] for slot in self.slots.tolist()]


class Account(NamedTuple):
    """Hold what the static rules look at in one account."""

    nonce: int
    balance_wei: int
    code: bytes
