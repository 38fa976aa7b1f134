"""Decode blocks, recover senders, read accounts from a witness, and compute list roots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from zkattest import _core
from zkattest.types.block import Account, TransactionColumns
from zkattest.types.errors import (
    BackendPanic,
    BlockDecodeError,
    MalformedNode,
    MissingCode,
    MissingNode,
    WitnessError,
)
from zkattest.types.execution import MAX_BLOCK_BYTES, Header, Withdrawal
from zkattest.types.ids import Address, BlockHash, Root

_ROOT_FIELDS: Final = (
    "ommers_hash",
    "pre_state_root",
    "parent_transactions_root",
    "parent_receipt_root",
    "parent_requests_hash",
    "withdrawals_root",
    "parent_beacon_block_root",
)
_NO_ANSWERS: Final[dict[str, type[WitnessError]]] = {
    error.cause: error for error in (MissingNode, MalformedNode, MissingCode, BackendPanic)
}


@dataclass(frozen=True, slots=True)
class Block:
    """Hold a decoded block; signers are recovered when they are asked for."""

    header: Header
    block_hash: BlockHash
    transactions: tuple[bytes, ...]
    columns: TransactionColumns
    ommers: int
    withdrawals: tuple[Withdrawal, ...]
    size_bytes: int
    _signatures: _core.Signatures

    def senders(self) -> list[bytes | None]:
        """Recover the sender of each transaction; None where nobody can have signed."""
        with _typed_errors():
            return self._signatures.senders()

    def authorities(self) -> list[tuple[bytes | None, ...]]:
        """Recover who signed each EIP-7702 authorization of each transaction."""
        with _typed_errors():
            return self._signatures.authorities()


class WitnessAccounts:
    """Read accounts through Merkle proofs against one state root."""

    __slots__ = ("_reader",)

    def __init__(self, state: Sequence[bytes], codes: Sequence[bytes], root: bytes) -> None:
        """Hash the nodes and the codes, once."""
        with _typed_errors():
            self._reader = _core.AccountReader(state, codes, root)

    def account(self, address: bytes) -> Account | None:
        """
        Read the account of an address.

        Raises `MissingNode`, `MalformedNode` or `MissingCode`: the witness cannot answer.
        """
        try:
            found = self._reader.account(address)
        except _core.CannotCheck as failure:
            raise _no_answer(failure) from None
        return None if found is None else Account._make(found)


def decode_block(rlp: bytes, max_bytes: int = MAX_BLOCK_BYTES) -> Block:
    """
    Decode a block strictly: one encoding a value, nothing missing, nothing left over.

    Raises `BlockDecodeError`, for more than `max_bytes` before anything is decoded.
    """
    with _typed_errors():
        fields, block_hash, raw, columns, ommers, withdrawals, signatures = _core.decode_block(
            rlp, max_bytes
        )
    return Block(
        header=_header(fields),
        block_hash=BlockHash(block_hash),
        transactions=raw,
        columns=TransactionColumns._make(columns),
        ommers=ommers,
        withdrawals=tuple(Withdrawal(i, v, Address(a), gwei) for i, v, a, gwei in withdrawals),
        size_bytes=len(rlp),
        _signatures=signatures,
    )


def decode_header(rlp: bytes) -> tuple[Header, BlockHash]:
    """Decode a header strictly and hash it."""
    with _typed_errors():
        fields, block_hash = _core.decode_header(rlp)
    return _header(fields), BlockHash(block_hash)


def transactions_root(raw: Sequence[bytes]) -> Root:
    """Compute the transactions root of canonical transactions."""
    with _typed_errors():
        return Root(_core.list_root(raw))


def withdrawals_root(withdrawals: Sequence[Withdrawal]) -> Root:
    """Compute the withdrawals root."""
    values = [(w.index, w.validator_index, w.address, w.amount_gwei) for w in withdrawals]
    with _typed_errors():
        return Root(_core.withdrawals_root(values))


def _header(fields: dict[str, Any]) -> Header:
    fields["parent_hash"] = BlockHash(fields["parent_hash"])
    fields["coinbase"] = Address(fields["coinbase"])
    for name in _ROOT_FIELDS:
        fields[name] = Root(fields[name])
    return Header(**fields)


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
