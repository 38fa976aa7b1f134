"""Check one transaction by itself and against the block's prices (`validate_transaction`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zkattest.spec.fees import calculate_intrinsic_cost
from zkattest.spec.presets import BlobRules, Preset, TransactionRules
from zkattest.spec.reasons import InvalidBlock, Reason
from zkattest.types.block import Transaction

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


def validate_transaction(
    index: int, tx: Transaction, terms: InclusionTerms, preset: Preset
) -> tuple[int, int]:
    """
    Check a transaction without its sender; return its intrinsic gas and its calldata floor.

    Everything but the signature's recovery: form, gas, fees, what its type asks for.
    """
    # EIP-155: the chain is signed; only a legacy transaction may leave it open.
    if tx.chain_id is not None and tx.chain_id != terms.chain_id:
        raise InvalidBlock(
            Reason.TRANSACTION_CHAIN_ID_MISMATCH,
            index=index,
            got=tx.chain_id,
            expected=terms.chain_id,
        )
    validate_fee_caps(index, tx, terms, preset.transaction)
    if tx.type == BLOB_TYPE:
        validate_blobs(index, tx, terms, preset.blobs)
    if tx.type == SET_CODE_TYPE:
        validate_authorization_list(index, tx)
    validate_signature_values(index, tx)
    return validate_gas(index, tx, preset)


def validate_gas(index: int, tx: Transaction, preset: Preset) -> tuple[int, int]:
    """Check nonce, size and gas of a transaction; return its intrinsic gas and its floor."""
    rules = preset.transaction
    # EIP-2681: the account's nonce has to stay below 2**64 after it.
    if tx.nonce > rules.max_nonce:
        raise InvalidBlock(
            Reason.TRANSACTION_NONCE_TOO_LARGE, index=index, got=tx.nonce, limit=rules.max_nonce
        )
    # EIP-7825: one transaction takes a bounded part of a block.
    if tx.gas > rules.max_gas:
        raise InvalidBlock(
            Reason.TRANSACTION_GAS_EXCEEDS_CAP, index=index, got=tx.gas, limit=rules.max_gas
        )
    # EIP-3860: what a creation runs has a greatest length.
    if tx.to is None and tx.data_bytes > rules.max_initcode_bytes:
        raise InvalidBlock(
            Reason.INITCODE_TOO_LARGE,
            index=index,
            got=tx.data_bytes,
            limit=rules.max_initcode_bytes,
        )
    intrinsic_gas, floor_gas = calculate_intrinsic_cost(tx, preset.gas)
    if intrinsic_gas > tx.gas:
        raise InvalidBlock(
            Reason.INTRINSIC_GAS_EXCEEDS_GAS, index=index, got=tx.gas, needed=intrinsic_gas
        )
    # EIP-7623: calldata has a floor of its own.
    if floor_gas > tx.gas:
        raise InvalidBlock(Reason.FLOOR_GAS_EXCEEDS_GAS, index=index, got=tx.gas, needed=floor_gas)
    return intrinsic_gas, floor_gas


def validate_fee_caps(
    index: int, tx: Transaction, terms: InclusionTerms, rules: TransactionRules
) -> None:
    """Check the fee caps of EIP-1559; a gas price is both caps at once."""
    # Ours: a block that nobody can prove must not pass, and execution has caps of 64 bits.
    if tx.max_fee_per_gas > rules.max_fee_cap_wei:
        raise InvalidBlock(
            Reason.FEE_CAP_TOO_LARGE,
            index=index,
            got=tx.max_fee_per_gas,
            limit=rules.max_fee_cap_wei,
        )
    if tx.max_fee_per_gas < tx.max_priority_fee_per_gas:
        raise InvalidBlock(
            Reason.PRIORITY_FEE_EXCEEDS_MAX_FEE,
            index=index,
            got=tx.max_priority_fee_per_gas,
            limit=tx.max_fee_per_gas,
        )
    if tx.max_fee_per_gas < terms.base_fee_per_gas:
        raise InvalidBlock(
            Reason.MAX_FEE_BELOW_BASE_FEE,
            index=index,
            got=tx.max_fee_per_gas,
            needed=terms.base_fee_per_gas,
        )


def validate_blobs(index: int, tx: Transaction, terms: InclusionTerms, rules: BlobRules) -> None:
    """Check what EIP-4844 and EIP-7594 ask of a blob transaction."""
    if tx.to is None:
        raise InvalidBlock(Reason.BLOB_TRANSACTION_WITHOUT_RECIPIENT, index=index)
    blobs = len(tx.blob_versioned_hashes)
    if blobs == 0:
        raise InvalidBlock(Reason.BLOB_TRANSACTION_WITHOUT_BLOBS, index=index)
    if blobs > rules.max_per_transaction:
        raise InvalidBlock(
            Reason.TOO_MANY_BLOBS_IN_TRANSACTION,
            index=index,
            got=blobs,
            limit=rules.max_per_transaction,
        )
    for position, versioned_hash in enumerate(tx.blob_versioned_hashes):
        if versioned_hash[0] != rules.version:
            raise InvalidBlock(
                Reason.BLOB_VERSION_UNKNOWN,
                index=index,
                position=position,
                got=versioned_hash[0],
                expected=rules.version,
            )
    if tx.max_fee_per_blob_gas < terms.blob_gas_price:
        raise InvalidBlock(
            Reason.MAX_BLOB_FEE_BELOW_BLOB_BASE_FEE,
            index=index,
            got=tx.max_fee_per_blob_gas,
            needed=terms.blob_gas_price,
        )


def validate_authorization_list(index: int, tx: Transaction) -> None:
    """Check what EIP-7702 asks of a set-code transaction; its tuples may fail one by one."""
    if tx.to is None:
        raise InvalidBlock(Reason.SET_CODE_TRANSACTION_WITHOUT_RECIPIENT, index=index)
    if tx.authorizations == 0:
        raise InvalidBlock(Reason.AUTHORIZATION_LIST_EMPTY, index=index)


def validate_signature_values(index: int, tx: Transaction) -> None:
    """Check the ranges of a signature: one signature has one form (EIP-2)."""
    if tx.y_parity not in (0, 1):
        raise InvalidBlock(Reason.SIGNATURE_PARITY_INVALID, index=index, got=tx.y_parity)
    if not 0 < tx.r < SECP256K1_ORDER or tx.s == 0:
        raise InvalidBlock(Reason.SIGNATURE_OUT_OF_RANGE, index=index, r=tx.r, s=tx.s)
    if tx.s > SECP256K1_HALF_ORDER:
        raise InvalidBlock(
            Reason.SIGNATURE_S_TOO_HIGH, index=index, got=tx.s, limit=SECP256K1_HALF_ORDER
        )


def is_valid_delegation(code: bytes) -> bool:
    """Tell whether code is a delegation of EIP-7702: the prefix and an address."""
    return len(code) == DELEGATION_BYTES and code.startswith(DELEGATION_PREFIX)
