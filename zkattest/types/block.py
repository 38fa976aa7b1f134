"""Declare a decoded block's transactions: one row each, or one column for each field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Transaction(NamedTuple):
    """
    Hold what the static rules look at in one transaction.

    Fees are in wei a gas. A legacy transaction without a chain has `chain_id` None; legacy and
    access-list transactions have their gas price in both fee fields.
    """

    type: int
    chain_id: int | None
    nonce: int
    gas: int
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    to: bytes | None
    value: int
    data_bytes: int
    data_zero_bytes: int
    access_list_addresses: int
    access_list_keys: int
    max_fee_per_blob_gas: int
    blob_versioned_hashes: tuple[bytes, ...]
    authorizations: int
    y_parity: int
    r: int
    s: int


class TransactionColumns(NamedTuple):
    """Hold the same fields as columns: rows exist only while a loop looks at them."""

    type: Sequence[int]
    chain_id: Sequence[int | None]
    nonce: Sequence[int]
    gas: Sequence[int]
    max_fee_per_gas: Sequence[int]
    max_priority_fee_per_gas: Sequence[int]
    to: Sequence[bytes | None]
    value: Sequence[int]
    data_bytes: Sequence[int]
    data_zero_bytes: Sequence[int]
    access_list_addresses: Sequence[int]
    access_list_keys: Sequence[int]
    max_fee_per_blob_gas: Sequence[int]
    blob_versioned_hashes: Sequence[tuple[bytes, ...]]
    authorizations: Sequence[int]
    y_parity: Sequence[int]
    r: Sequence[int]
    s: Sequence[int]

    def rows(self) -> Iterator[Transaction]:
        """Give one row after another."""
        return map(Transaction._make, zip(*self, strict=True))


class Account(NamedTuple):
    """Hold what the static rules look at in one account."""

    nonce: int
    balance_wei: int
    code: bytes
