"""
Check transactions by themselves and against the block's prices (`validate_transaction`).

Every rule looks at the columns of the whole block: one comment, one call that marks what it
refuses. The refusal is that of the first transaction, whose rules count in the order they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from zkattest.spec.fees import calculate_intrinsic_cost
from zkattest.spec.first_refusal import FirstRefusal
from zkattest.spec.presets import BlobRules, Preset, TransactionRules
from zkattest.spec.reasons import Reason
from zkattest.types.block import TransactionColumns
from zkattest.types.words import Numbers

SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECP256K1_HALF_ORDER: Final = SECP256K1_ORDER // 2

BLOB_TYPE: Final = 3
SET_CODE_TYPE: Final = 4
DELEGATION_PREFIX: Final = bytes.fromhex("ef0100")
DELEGATION_BYTES: Final = 23


@dataclass(frozen=True, slots=True)
class InclusionTerms:
    """Hold what a block sets for all of its transactions; prices are wei for one gas."""

    chain_id: int
    base_fee_per_gas: int
    blob_gas_price: int


def validate_transactions(
    txs: TransactionColumns, terms: InclusionTerms, preset: Preset
) -> tuple[Numbers, Numbers]:
    """
    Check transactions without their senders; return intrinsic gas and calldata floor of each.

    Everything but the signature's recovery: form, gas, fees, what a type asks for.
    """
    first = FirstRefusal()
    # EIP-155: the chain is signed; only a legacy transaction may leave it open.
    first.where(
        txs.has_chain_id & txs.chain_id.differs(terms.chain_id),
        Reason.TRANSACTION_CHAIN_ID_MISMATCH,
        got=txs.chain_id,
        expected=terms.chain_id,
    )
    validate_fee_caps(first, txs, terms, preset.transaction)
    validate_blobs(first, txs, terms, preset.blobs)
    validate_authorization_lists(first, txs)
    validate_signature_values(first, txs)
    costs = validate_gas(first, txs, preset)
    first.raise_first()
    return costs


def validate_gas(
    first: FirstRefusal, txs: TransactionColumns, preset: Preset
) -> tuple[Numbers, Numbers]:
    """Check nonce, size and gas; return intrinsic gas and calldata floor."""
    rules = preset.transaction
    # EIP-2681: the account's nonce has to stay below 2**64 after it.
    first.where(
        txs.nonce > rules.max_nonce,
        Reason.TRANSACTION_NONCE_TOO_LARGE,
        got=txs.nonce,
        limit=rules.max_nonce,
    )
    # EIP-7825: one transaction takes a bounded part of a block.
    first.where(
        txs.gas > rules.max_gas,
        Reason.TRANSACTION_GAS_EXCEEDS_CAP,
        got=txs.gas,
        limit=rules.max_gas,
    )
    # EIP-3860: what a creation runs has a greatest length.
    first.where(
        txs.creates & (txs.data_bytes > rules.max_initcode_bytes),
        Reason.INITCODE_TOO_LARGE,
        got=txs.data_bytes,
        limit=rules.max_initcode_bytes,
    )
    intrinsic_gas, floor_gas = calculate_intrinsic_cost(txs, preset.gas)
    # EIP-2, EIP-2028, EIP-2930, EIP-3860, EIP-7702: what inclusion costs has to be there.
    first.where(
        intrinsic_gas > txs.gas,
        Reason.INTRINSIC_GAS_EXCEEDS_GAS,
        got=txs.gas,
        needed=intrinsic_gas,
    )
    # EIP-7623: calldata has a floor of its own.
    first.where(floor_gas > txs.gas, Reason.FLOOR_GAS_EXCEEDS_GAS, got=txs.gas, needed=floor_gas)
    return intrinsic_gas, floor_gas


def validate_fee_caps(
    first: FirstRefusal, txs: TransactionColumns, terms: InclusionTerms, rules: TransactionRules
) -> None:
    """Check the fee caps of EIP-1559; a gas price is both caps at once."""
    # Ours: a block that nobody can prove must not pass, and execution has caps of 64 bits.
    first.where(
        txs.max_fee_per_gas > rules.max_fee_cap_wei,
        Reason.FEE_CAP_TOO_LARGE,
        got=txs.max_fee_per_gas,
        limit=rules.max_fee_cap_wei,
    )
    # EIP-1559: the tip is part of the whole fee.
    first.where(
        txs.max_fee_per_gas < txs.max_priority_fee_per_gas,
        Reason.PRIORITY_FEE_EXCEEDS_MAX_FEE,
        got=txs.max_priority_fee_per_gas,
        limit=txs.max_fee_per_gas,
    )
    # EIP-1559: the base fee is paid by everybody.
    first.where(
        txs.max_fee_per_gas < terms.base_fee_per_gas,
        Reason.MAX_FEE_BELOW_BASE_FEE,
        got=txs.max_fee_per_gas,
        needed=terms.base_fee_per_gas,
    )


def validate_blobs(
    first: FirstRefusal, txs: TransactionColumns, terms: InclusionTerms, rules: BlobRules
) -> None:
    """Check what EIP-4844 and EIP-7594 ask of blob transactions."""
    has_blobs = txs.type == BLOB_TYPE
    if not has_blobs.any():
        return
    # EIP-4844: a blob transaction creates nothing.
    first.where(has_blobs & txs.creates, Reason.BLOB_TRANSACTION_WITHOUT_RECIPIENT)
    # EIP-4844: it carries at least one blob.
    first.where(has_blobs & (txs.blobs == 0), Reason.BLOB_TRANSACTION_WITHOUT_BLOBS)
    # EIP-7594: it carries a bounded number of them.
    first.where(
        txs.blobs > rules.max_per_transaction,
        Reason.TOO_MANY_BLOBS_IN_TRANSACTION,
        got=txs.blobs,
        limit=rules.max_per_transaction,
    )
    validate_blob_versions(first, txs, rules)
    # EIP-4844: the blob base fee is paid for every blob.
    first.where(
        has_blobs & (txs.max_fee_per_blob_gas < terms.blob_gas_price),
        Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE,
        got=txs.max_fee_per_blob_gas,
        needed=terms.blob_gas_price,
    )


def validate_blob_versions(first: FirstRefusal, txs: TransactionColumns, rules: BlobRules) -> None:
    """Check the first byte of every versioned hash."""
    ends = np.cumsum(txs.blobs)
    for place, versioned_hash in enumerate(txs.blob_versioned_hashes):
        # EIP-4844: the version says how the commitment is hashed.
        if versioned_hash[0] != rules.version:
            row = int(np.searchsorted(ends, place, side="right"))
            first.at(
                row,
                Reason.BLOB_VERSION_UNKNOWN,
                position=place - int(ends[row] - txs.blobs[row]),
                got=versioned_hash[0],
                expected=rules.version,
            )
            return


def validate_authorization_lists(first: FirstRefusal, txs: TransactionColumns) -> None:
    """Check what EIP-7702 asks of set-code transactions; their tuples may fail one by one."""
    sets_code = txs.type == SET_CODE_TYPE
    # EIP-7702: a set-code transaction creates nothing.
    first.where(sets_code & txs.creates, Reason.SET_CODE_TRANSACTION_WITHOUT_RECIPIENT)
    # EIP-7702: it authorizes somebody.
    first.where(sets_code & (txs.authorizations == 0), Reason.AUTHORIZATION_LIST_EMPTY)


def validate_signature_values(first: FirstRefusal, txs: TransactionColumns) -> None:
    """Check the ranges of signatures: one signature has one form."""
    # EIP-155, EIP-2718: parity is a bit, or one of the known forms of a legacy `v`.
    # A `v` of 0 or 1 is none of those, and stands where a parity would: it has no chain to name.
    has_unknown_v = ~txs.has_chain_id & (txs.chain_id > 0)
    first.where(
        (txs.y_parity > 1) | has_unknown_v, Reason.SIGNATURE_PARITY_INVALID, got=txs.y_parity
    )
    # SEC 1, 4.1.4: both numbers are in the group's range; the next rule bounds `s` from above.
    first.where(
        (txs.r < 1) | (txs.r > SECP256K1_ORDER - 1) | (txs.s < 1),
        Reason.SIGNATURE_OUT_OF_RANGE,
        r=txs.r,
        s=txs.s,
    )
    # EIP-2: of the two forms of a signature the one with the low `s` is taken.
    first.where(
        txs.s > SECP256K1_HALF_ORDER,
        Reason.SIGNATURE_S_TOO_HIGH,
        got=txs.s,
        limit=SECP256K1_HALF_ORDER,
    )


def is_valid_delegation(code: bytes) -> bool:
    """Tell whether code is a delegation of EIP-7702: the prefix and an address."""
    return len(code) == DELEGATION_BYTES and code.startswith(DELEGATION_PREFIX)
