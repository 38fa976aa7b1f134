"""
Check a block without executing it (`validate_block` of EIP-7886).

All rules have to hold, so their order only decides which refusal is named first. It is: size and
header against the parent, deferred outputs, body against the header, each transaction by itself,
sums, then signatures, and last the senders' accounts. Cheap before dear, so that a bad block costs
little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkattest.crypto.blocks import Block, decode_block, withdrawals_root
from zkattest.crypto.keys import SenderHints
from zkattest.spec.binding import compare_outputs
from zkattest.spec.budget import (
    DEFAULT_BUDGET,
    CheckBudget,
    most_signatures,
    require_signatures_in_budget,
)
from zkattest.spec.fees import (
    calculate_blob_gas_price,
    calculate_total_blob_gas,
    least_gas_used,
)
from zkattest.spec.header import ChainView, validate_header
from zkattest.spec.notices import StaticNotice, certain_revert_notices, nonce_drift_notices
from zkattest.spec.presets import Preset
from zkattest.spec.reasons import InvalidBlock, Reason, answers_required
from zkattest.spec.senders import AccountReader, validate_senders
from zkattest.spec.transactions import InclusionTerms, validate_transactions
from zkattest.types.block import TransactionColumns
from zkattest.types.errors import BlockDecodeError
from zkattest.types.execution import Header
from zkattest.types.ids import BlockHash
from zkattest.types.words import Numbers

__all__ = [
    "AccountReader",
    "ChainView",
    "InclusionTotals",
    "StaticNotice",
    "StaticReport",
    "read_block",
    "validate_block",
]


@dataclass(frozen=True, slots=True)
class StaticReport:
    """Say which block passed, and what is remarkable about it."""

    block_hash: BlockHash
    number: int
    transactions: int
    notices: tuple[StaticNotice, ...]


@dataclass(frozen=True, slots=True)
class InclusionTotals:
    """Sum over a block what inclusion costs, in gas and in blob gas."""

    inclusion_gas: int
    blob_gas: int
    least_gas: Numbers


@answers_required()
def read_block(rlp: bytes, preset: Preset, budget: CheckBudget = DEFAULT_BUDGET) -> Block:
    """
    Decode a block; refuse one that is too large (before decoding it) or malformed.

    Raises `CannotVerify` for more transactions than the budget has.
    """
    try:
        most = most_signatures(len(rlp), budget)
        return decode_block(rlp, preset.header.max_block_bytes, most)
    except BlockDecodeError as error:
        raise InvalidBlock(Reason(error.word), **error.operands) from error


@answers_required()
def validate_block(
    chain: ChainView,
    block: Block,
    accounts: AccountReader,
    versioned_hashes: Sequence[bytes],
    preset: Preset,
    hints: SenderHints | None = None,
    budget: CheckBudget = DEFAULT_BUDGET,
) -> StaticReport:
    """
    Check a block against its parent and the pre-state; raise at the first rule it breaks.

    Hints about the senders save time where their keys are known; they change no verdict.
    Raises `InvalidBlock`, or `CannotVerify` where the reader of accounts has no answer and where
    the check would take more than its budget.
    """
    # EIP-7934: the encoded block has a greatest size.
    if block.size_bytes > preset.header.max_block_bytes:
        raise InvalidBlock(
            Reason.BLOCK_TOO_LARGE, got=block.size_bytes, limit=preset.header.max_block_bytes
        )
    validate_header(chain, block.header, preset)
    if chain.parent_outputs is not None:
        compare_outputs(block.header, chain.parent_outputs)
    validate_body(block, versioned_hashes)

    terms = InclusionTerms(
        chain_id=chain.chain_id,
        base_fee_per_gas=block.header.base_fee_per_gas,
        blob_gas_price=calculate_blob_gas_price(block.header.excess_blob_gas, preset.blobs),
    )
    intrinsic_gas, floor_gas = validate_transactions(block.columns, terms, preset)
    totals = sum_inclusion(block.columns, intrinsic_gas, floor_gas, preset)
    validate_declared_gas(block.header, totals)

    require_signatures_in_budget(block.columns, block.size_bytes, budget)
    senders = block.senders(hints)
    validate_senders(block.columns, senders, accounts, terms, preset)
    return StaticReport(
        block_hash=block.block_hash,
        number=block.header.number,
        transactions=len(block.columns),
        notices=(
            *certain_revert_notices(block.header, block.columns.gas, totals.least_gas),
            *nonce_drift_notices(senders),
        ),
    )


def validate_body(block: Block, versioned_hashes: Sequence[bytes]) -> None:
    """Check ommers, withdrawals and blobs against the header and the consensus layer."""
    if block.ommers:
        raise InvalidBlock(Reason.OMMERS_NOT_EMPTY, got=block.ommers)
    root = withdrawals_root(block.withdrawals)
    if block.header.withdrawals_root != root:
        raise InvalidBlock(
            Reason.WITHDRAWALS_ROOT_MISMATCH, got=block.header.withdrawals_root, expected=root
        )
    # The consensus layer made the blobs available; the block has to carry just these, in order.
    carried = block.columns.blob_versioned_hashes
    if carried != tuple(versioned_hashes):
        raise InvalidBlock(
            Reason.VERSIONED_HASHES_MISMATCH,
            **_first_difference(carried, versioned_hashes),
        )


def sum_inclusion(
    txs: TransactionColumns, intrinsic_gas: Numbers, floor_gas: Numbers, preset: Preset
) -> InclusionTotals:
    """Sum what inclusion costs; every amount has been bounded by its transaction's gas."""
    least_gas = least_gas_used(intrinsic_gas, floor_gas)
    inclusion_gas = least_gas if preset.refund_aware else np.maximum(intrinsic_gas, floor_gas)
    blob_gas = calculate_total_blob_gas(txs, preset.blobs)
    return InclusionTotals(int(inclusion_gas.sum()), int(blob_gas.sum()), least_gas)


def validate_declared_gas(header: Header, totals: InclusionTotals) -> None:
    """
    Compare the gas that the header declares with what inclusion alone costs.

    Gas checks of `validate_block` in EIP-7886. All amounts are gas, never fees.
    """
    # The proposer declares gas before execution; the figure must at least cover inclusion.
    if totals.inclusion_gas > header.gas_used:
        raise InvalidBlock(
            Reason.INCLUSION_GAS_EXCEEDS_GAS_USED, got=totals.inclusion_gas, limit=header.gas_used
        )
    if totals.blob_gas != header.blob_gas_used:
        raise InvalidBlock(
            Reason.BLOB_GAS_USED_MISMATCH, got=header.blob_gas_used, expected=totals.blob_gas
        )


def _first_difference(carried: Sequence[bytes], expected: Sequence[bytes]) -> dict[str, object]:
    for position, (got, wanted) in enumerate(zip(carried, expected, strict=False)):
        if got != wanted:
            return {"position": position, "got": bytes(got), "expected": bytes(wanted)}
    return {"got": len(carried), "expected": len(expected)}
