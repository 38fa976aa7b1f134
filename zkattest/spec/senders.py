"""Check who pays: signer, kind of account, balance and nonce, one transaction after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from zkattest.spec.fees import calculate_effective_gas_price, calculate_total_blob_gas
from zkattest.spec.presets import Preset
from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, Reason
from zkattest.spec.transactions import InclusionTerms, is_valid_delegation
from zkattest.types.block import Account, Transaction
from zkattest.types.errors import WitnessError
from zkattest.types.ids import Address

_ABSENT: Final = Account(nonce=0, balance_wei=0, code=b"")


class AccountReader(Protocol):
    """Read accounts of the pre-state; raise `WitnessError` where that is not possible."""

    def account(self, address: bytes) -> Account | None:
        """Give the account of an address, None where there is none."""


@dataclass(slots=True)
class _Running:
    """Track what is left to a sender within the block."""

    balance_wei: int
    nonce: int


def validate_senders(
    transactions: Iterable[Transaction],
    senders: Sequence[bytes | None],
    accounts: AccountReader,
    terms: InclusionTerms,
    preset: Preset,
) -> None:
    """
    Check that every sender may send and can pay for its transactions in their order.

    The pre-state alone counts: money that arrives within the block does not.
    """
    tracked: dict[bytes, _Running] = {}
    for index, (tx, sender) in enumerate(zip(transactions, senders, strict=True)):
        if sender is None:
            raise InvalidBlock(Reason.SIGNATURE_INVALID, index=index)
        running = tracked.get(sender)
        if running is None:
            running = tracked[sender] = _open_account(index, sender, accounts)
        cost_wei = max_cost_wei(tx, terms, preset)
        if running.balance_wei < cost_wei:
            raise InvalidBlock(
                Reason.BALANCE_TOO_LOW,
                index=index,
                sender=Address(sender),
                got=running.balance_wei,
                needed=cost_wei,
            )
        if tx.nonce != running.nonce:
            raise InvalidBlock(
                Reason.NONCE_MISMATCH,
                index=index,
                sender=Address(sender),
                got=tx.nonce,
                expected=running.nonce,
            )
        running.balance_wei -= cost_wei
        running.nonce += 1


def max_cost_wei(tx: Transaction, terms: InclusionTerms, preset: Preset) -> int:
    """Compute the most that a transaction can take from its sender, in wei, value included."""
    blob_gas = calculate_total_blob_gas(tx, preset.blobs)
    if preset.cap_balance:
        fee = tx.gas * tx.max_fee_per_gas + blob_gas * tx.max_fee_per_blob_gas
    else:
        effective_gas_price = calculate_effective_gas_price(tx, terms.base_fee_per_gas)
        fee = tx.gas * effective_gas_price + blob_gas * terms.blob_gas_price
    return fee + tx.value


def _open_account(index: int, sender: bytes, accounts: AccountReader) -> _Running:
    try:
        account = accounts.account(sender) or _ABSENT
    except WitnessError as error:
        detail = f"sender {Address(sender)} of transaction {index}: {error.detail}"
        raise CannotVerify(Cause(error.cause), detail) from error
    # EIP-3607, EIP-7702: code at a sender can only be a delegation.
    if account.code and not is_valid_delegation(account.code):
        raise InvalidBlock(
            Reason.SENDER_NOT_EOA,
            index=index,
            sender=Address(sender),
            code_bytes=len(account.code),
        )
    return _Running(account.balance_wei, account.nonce)
