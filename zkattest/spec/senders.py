"""Check who pays: signer, kind of account, balance and nonce, one transaction after another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from zkattest.spec.fees import calculate_effective_gas_price, calculate_total_blob_gas
from zkattest.spec.first_refusal import FirstRefusal
from zkattest.spec.presets import Preset
from zkattest.spec.reasons import CannotVerify, Cause, Reason
from zkattest.spec.transactions import InclusionTerms, is_valid_delegation
from zkattest.types.block import NO_SENDER, Account, Senders, TransactionColumns
from zkattest.types.errors import WitnessError
from zkattest.types.ids import Address
from zkattest.types.words import Numbers

_ABSENT: Final = Account(nonce=0, balance_wei=0, code=b"")


class AccountReader(Protocol):
    """Read accounts of the pre-state."""

    def accounts(self, addresses: Sequence[bytes]) -> Sequence[Account | WitnessError | None]:
        """
        Give one answer for each address, in order.

        None where the state has no such account, an error where the reader cannot say.
        """


def validate_senders(
    txs: TransactionColumns,
    senders: Senders,
    accounts: AccountReader,
    terms: InclusionTerms,
    preset: Preset,
) -> None:
    """
    Check that every sender may send and can pay for its transactions in their order.

    The pre-state alone counts: money that arrives within the block does not.
    """
    first = FirstRefusal()
    # EIP-2: a signature that recovers to nobody is nobody's.
    first.where(senders.slots == NO_SENDER, Reason.SIGNATURE_INVALID)
    opened = open_accounts(first, senders, accounts.accounts(senders.addresses))
    # Where there is no sender the row after the last account stands in for it.
    rows = np.minimum(senders.slots, len(opened) - 1)
    validate_balances(first, rows.tolist(), opened, senders, max_costs_wei(txs, terms, preset))
    validate_nonces(first, txs.nonce, rows, opened, senders)
    first.raise_first()


def open_accounts(
    first: FirstRefusal, senders: Senders, answers: Sequence[Account | WitnessError | None]
) -> list[Account]:
    """Take the senders' accounts, and one more for nobody; check the kind of each."""
    # Senders stand in the order in which they first appear: the first fault is the one to tell.
    for slot, answer in enumerate(answers):
        if isinstance(answer, WitnessError):
            index = _first_index(senders, slot)
            first.because(index, partial(_unknown, index, senders.addresses[slot], answer))
            break
        # EIP-3607, EIP-7702: code at a sender can only be a delegation.
        if answer is not None and answer.code and not is_valid_delegation(answer.code):
            first.at(
                _first_index(senders, slot),
                Reason.SENDER_NOT_EOA,
                sender=lambda index: _address(senders, index),
                code_bytes=len(answer.code),
            )
            break
    return [one if isinstance(one, Account) else _ABSENT for one in (*answers, None)]


def validate_balances(
    first: FirstRefusal,
    rows: Sequence[int],
    opened: Sequence[Account],
    senders: Senders,
    costs_wei: Sequence[int],
) -> None:
    """Check that what is left to each sender covers the next transaction."""
    left_wei = [account.balance_wei for account in opened]
    for index, (row, cost_wei) in enumerate(zip(rows, costs_wei, strict=True)):
        rest_wei = left_wei[row] - cost_wei
        # EIP-7886: the sender can pay for gas, blobs and value of all its transactions so far.
        if rest_wei < 0:
            first.at(
                index,
                Reason.BALANCE_TOO_LOW,
                sender=lambda index: _address(senders, index),
                got=left_wei[row],
                needed=cost_wei,
            )
            return
        left_wei[row] = rest_wei


def validate_nonces(
    first: FirstRefusal,
    nonces: Numbers,
    rows: NDArray[np.uint32],
    opened: Sequence[Account],
    senders: Senders,
) -> None:
    """Check that each transaction is the sender's next one."""
    before = np.array([account.nonce for account in opened], dtype=np.uint64)[rows]
    expected = before + senders.ranks
    # EIP-7886: nonces count up from the pre-state's; beyond 64 bits none can follow.
    first.where(
        (nonces != expected) | (expected < before),
        Reason.NONCE_MISMATCH,
        sender=lambda index: _address(senders, index),
        got=nonces,
        expected=lambda index: int(before[index]) + int(senders.ranks[index]),
    )


def max_costs_wei(txs: TransactionColumns, terms: InclusionTerms, preset: Preset) -> list[int]:
    """Compute the most that each transaction can take from its sender, in wei, value included."""
    if preset.cap_balance:
        prices = txs.max_fee_per_gas.low
        blob_price_of = txs.max_fee_per_blob_gas.__getitem__
    else:
        prices = calculate_effective_gas_price(txs, terms.base_fee_per_gas)
        blob_price_of = lambda _row: terms.blob_gas_price  # noqa: E731
    amounts = zip(txs.gas.tolist(), prices.tolist(), txs.value.tolist(), strict=True)
    costs_wei = [gas * price + value for gas, price, value in amounts]
    blob_gas = calculate_total_blob_gas(txs, preset.blobs)
    for row in np.flatnonzero(blob_gas).tolist():
        costs_wei[row] += int(blob_gas[row]) * blob_price_of(row)
    return costs_wei


def _first_index(senders: Senders, slot: int) -> int:
    return int((senders.slots == slot).argmax())


def _address(senders: Senders, index: int) -> Address:
    return Address(senders.addresses[senders.slots[index]])


def _unknown(index: int, sender: bytes, error: WitnessError) -> CannotVerify:
    detail = f"sender {Address(sender)} of transaction {index}: {error.detail}"
    return CannotVerify(Cause(error.cause), detail)
