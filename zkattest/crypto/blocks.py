"""Decode blocks, recover senders, read accounts from a witness, and compute list roots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zkattest import _core
from zkattest.crypto.keys import SenderHints
from zkattest.types.block import HASH_BYTES, Account, Senders, TransactionColumns
from zkattest.types.errors import (
    BackendPanic,
    BlockDecodeError,
    CheckExhausted,
    MalformedNode,
    MissingCode,
    MissingNode,
    WitnessError,
)
from zkattest.types.execution import MAX_BLOCK_BYTES, Header, OsakaHeader, Withdrawal
from zkattest.types.ids import Address, BlockHash, Root
from zkattest.types.words import Mask, Numbers, Words

_ROOT_FIELDS: Final = (
    "ommers_hash",
    "state_root",
    "pre_state_root",
    "transactions_root",
    "receipt_root",
    "requests_hash",
    "parent_transactions_root",
    "parent_receipt_root",
    "parent_requests_hash",
    "withdrawals_root",
    "parent_beacon_block_root",
)
_ID_FIELDS: Final[dict[str, Callable[[Any], Any]]] = {
    "parent_hash": BlockHash,
    "coinbase": Address,
    **dict.fromkeys(_ROOT_FIELDS, Root),
}
_Answer: TypeAlias = Account | WitnessError | None
_new_tuple: Final = tuple.__new__
_ACCOUNT_VALUES: Final = 3
_NO_ANSWERS: Final[dict[str, type[WitnessError]]] = {
    error.cause: error
    for error in (MissingNode, MalformedNode, MissingCode, CheckExhausted, BackendPanic)
}
_UNBOUNDED: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Block:
    """Hold a decoded block; signers are recovered when they are asked for."""

    header: Header
    block_hash: BlockHash
    columns: TransactionColumns
    ommers: int
    withdrawals: tuple[Withdrawal, ...]
    size_bytes: int
    _body: _core.Transactions

    @property
    def transactions(self) -> tuple[bytes, ...]:
        """Give the canonical bytes of each transaction."""
        return self._body.raw()

    def transactions_root(self) -> Root:
        """Compute the root of the transactions, to which EIP-7886 headers do not commit."""
        with _typed_errors():
            return Root(self._body.root())

    def senders(self, hints: SenderHints | None = None) -> Senders:
        """Find who signed each transaction; hints change the time it takes, not the answer."""
        known = () if hints is None else (hints.in_order(len(self.columns)), hints.keys.core)
        with _typed_errors():
            slots, ranks, addresses, authorities = self._body.senders(*known)
        return Senders(
            slots=np.frombuffer(slots, dtype="<u4"),
            ranks=np.frombuffer(ranks, dtype="<u4"),
            addresses=tuple(addresses),
            authorities=tuple(authorities),
        )


class WitnessAccounts:
    """Read accounts through Merkle proofs against one state root."""

    __slots__ = ("_max_steps", "_reader")

    def __init__(
        self,
        state: Sequence[bytes],
        codes: Sequence[bytes],
        root: bytes,
        max_steps: int = _UNBOUNDED,
    ) -> None:
        """Hash the nodes and the codes, once; one call passes at most `max_steps` nodes."""
        self._max_steps = max_steps
        with _typed_errors():
            self._reader = _core.AccountReader(state, codes, root)

    def accounts(self, addresses: Sequence[bytes]) -> list[_Answer]:
        """
        Read accounts, one answer for each address.

        None where the state has no such account; `MissingNode`, `MalformedNode` or `MissingCode`
        where the witness cannot answer. Raises `CheckExhausted` for walks that are too long.
        """
        with _typed_errors():
            found = self._reader.accounts(addresses, self._max_steps)
        # The same as `Account(*values)` at a third of the time; there is one for each sender.
        return [
            _new_tuple(Account, values)
            if values is not None and len(values) == _ACCOUNT_VALUES
            else _no_account(values)
            for values in found
        ]


def decode_block(
    rlp: bytes, max_bytes: int = MAX_BLOCK_BYTES, max_transactions: int = MAX_BLOCK_BYTES
) -> Block:
    """
    Decode a block strictly: one encoding a value, nothing missing, nothing left over.

    Raises `BlockDecodeError`, for more than `max_bytes` before anything is decoded, and
    `CheckExhausted` for more than `max_transactions` before the first one is.
    """
    with _typed_errors():
        fields, block_hash, columns, body, ommers, withdrawals = _core.decode_block(
            rlp, max_bytes, max_transactions
        )
    return Block(
        header=_header(fields),
        block_hash=BlockHash(block_hash),
        columns=_columns(columns),
        ommers=ommers,
        withdrawals=tuple(Withdrawal(i, v, Address(a), gwei) for i, v, a, gwei in withdrawals),
        size_bytes=len(rlp),
        _body=body,
    )


def decode_header(rlp: bytes) -> tuple[Header, BlockHash]:
    """Decode a header strictly and hash it."""
    with _typed_errors():
        fields, block_hash = _core.decode_header(rlp)
    return _header(fields), BlockHash(block_hash)


def decode_osaka_header(rlp: bytes) -> tuple[OsakaHeader, BlockHash]:
    """Decode a header from before the fork strictly and hash it."""
    with _typed_errors():
        fields, block_hash = _core.decode_osaka_header(rlp)
    return OsakaHeader(**_with_ids(fields)), BlockHash(block_hash)


def decode_parent_header(rlp: bytes) -> tuple[Header | OsakaHeader, BlockHash]:
    """Decode a parent's header: the parent of the fork's first block is one of Osaka."""
    try:
        return decode_header(rlp)
    except BlockDecodeError as error:
        try:
            return decode_osaka_header(rlp)
        except BlockDecodeError:
            raise error from None


def withdrawals_root(withdrawals: Sequence[Withdrawal]) -> Root:
    """Compute the withdrawals root."""
    values = [(w.index, w.validator_index, w.address, w.amount_gwei) for w in withdrawals]
    with _typed_errors():
        return Root(_core.withdrawals_root(values))


def _columns(columns: dict[str, bytes]) -> TransactionColumns:
    hashes = columns.pop("blob_versioned_hashes")
    arrays: dict[str, Any] = {
        name: _COLUMN_KINDS.get(name, _numbers)(data) for name, data in columns.items()
    }
    starts = range(0, len(hashes), HASH_BYTES)
    split = tuple(hashes[at : at + HASH_BYTES] for at in starts)
    return TransactionColumns(blob_versioned_hashes=split, **arrays)


def _numbers(data: bytes) -> Numbers:
    return np.frombuffer(data, dtype="<u8")


def _flags(data: bytes) -> Mask:
    return np.frombuffer(data, dtype=np.bool_)


def _bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8)


_COLUMN_KINDS: Final[dict[str, Callable[[bytes], object]]] = {
    "type": _bytes,
    **dict.fromkeys(("has_chain_id", "creates"), _flags),
    **dict.fromkeys(("chain_id", "value", "y_parity", "r", "s"), Words.from_bytes),
    **dict.fromkeys(("max_fee_per_gas", "max_priority_fee_per_gas"), Words.from_bytes),
    "max_fee_per_blob_gas": Words.from_bytes,
}


def _no_account(values: tuple[str, str] | None) -> WitnessError | None:
    if values is None:
        return None
    cause, detail = values
    return _NO_ANSWERS[cause](detail)


def _header(fields: dict[str, Any]) -> Header:
    return Header(**_with_ids(fields))


def _with_ids(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _ID_FIELDS.get(name, _as_is)(value) for name, value in fields.items()}


def _as_is(value: Any) -> Any:
    return value


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except _core.Refused as refused:
        word, operands = refused.args
        raise BlockDecodeError(word, operands) from None
    except _core.CannotCheck as failure:
        raise _no_answer(failure) from None


def _no_answer(failure: _core.CannotCheck) -> WitnessError:
    cause, detail = failure.args
    return _NO_ANSWERS[cause](detail)
