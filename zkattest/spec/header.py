"""Check a header: its fixed values, then its step from the parent (`validate_header`)."""

from __future__ import annotations

from dataclasses import dataclass

from zkattest.crypto.header_rlp import header_hash
from zkattest.spec.fees import calculate_base_fee_per_gas, calculate_excess_blob_gas
from zkattest.spec.presets import HeaderRules, Preset
from zkattest.spec.reasons import InvalidBlock, Reason
from zkattest.types.execution import EMPTY_OMMERS_HASH, ExecutionClaim, Header, OsakaHeader
from zkattest.types.ids import ChainId


@dataclass(frozen=True, slots=True)
class ChainView:
    """
    Hold what the check knows of the chain: the parent, and what its execution gave.

    Without `parent_outputs` the child's deferred outputs stay unchecked here; a proof binds them.
    The parent of the fork's first block is one of Osaka, whose header has its own outputs.
    """

    chain_id: ChainId
    parent_header: Header | OsakaHeader
    parent_outputs: ExecutionClaim | None


def validate_header(chain: ChainView, header: Header, preset: Preset) -> None:
    """Check a header against its parent; forms first, then relations, then the computed fees."""
    validate_header_constants(header, preset.header)
    validate_header_ancestry(chain, header)
    validate_gas_limit(header, chain.parent_header, preset.header)
    validate_fee_fields(chain, header, preset)


def validate_header_constants(header: Header, rules: HeaderRules) -> None:
    """Check the fields that have had one value since the merge, and the length of another."""
    if len(header.extra_data) > rules.max_extra_data_bytes:
        raise InvalidBlock(
            Reason.EXTRA_DATA_TOO_LONG,
            got=len(header.extra_data),
            limit=rules.max_extra_data_bytes,
        )
    if header.difficulty != 0:
        raise InvalidBlock(Reason.DIFFICULTY_NOT_ZERO, got=header.difficulty)
    if any(header.nonce):
        raise InvalidBlock(Reason.HEADER_NONCE_NOT_ZERO, got=header.nonce)
    if header.ommers_hash != EMPTY_OMMERS_HASH:
        raise InvalidBlock(
            Reason.OMMERS_HASH_MISMATCH, got=header.ommers_hash, expected=EMPTY_OMMERS_HASH
        )


def validate_header_ancestry(chain: ChainView, header: Header) -> None:
    """Check that the header is the parent's next one."""
    if header.number != chain.parent_header.number + 1:
        raise InvalidBlock(
            Reason.NUMBER_MISMATCH, got=header.number, expected=chain.parent_header.number + 1
        )
    parent_hash = header_hash(chain.parent_header)
    if header.parent_hash != parent_hash:
        raise InvalidBlock(
            Reason.PARENT_HASH_MISMATCH, got=header.parent_hash, expected=parent_hash
        )
    if header.timestamp <= chain.parent_header.timestamp:
        raise InvalidBlock(
            Reason.TIMESTAMP_NOT_AFTER_PARENT,
            got=header.timestamp,
            parent=chain.parent_header.timestamp,
        )


def validate_gas_limit(
    header: Header, parent_header: Header | OsakaHeader, rules: HeaderRules
) -> None:
    """Check the gas limit, its step from the parent's, and the declared gas against it."""
    step_limit = parent_header.gas_limit // rules.gas_limit_adjustment_factor
    # The step has to be smaller than the bound, not equal to it.
    if abs(header.gas_limit - parent_header.gas_limit) >= step_limit:
        raise InvalidBlock(
            Reason.GAS_LIMIT_STEP_TOO_LARGE,
            got=header.gas_limit,
            parent=parent_header.gas_limit,
            limit=step_limit,
        )
    if header.gas_limit < rules.gas_limit_minimum:
        raise InvalidBlock(
            Reason.GAS_LIMIT_BELOW_MINIMUM, got=header.gas_limit, limit=rules.gas_limit_minimum
        )
    if header.gas_used > header.gas_limit:
        raise InvalidBlock(
            Reason.GAS_USED_EXCEEDS_GAS_LIMIT, got=header.gas_used, limit=header.gas_limit
        )


def validate_fee_fields(chain: ChainView, header: Header, preset: Preset) -> None:
    """Check the base fee and the blob fields, which follow from the parent."""
    parent_header = chain.parent_header
    # A reverted parent counts as an empty one; what it declared says nothing about demand.
    parent_gas_used = 0 if _parent_reverted(chain, header) else parent_header.gas_used
    base_fee_per_gas = calculate_base_fee_per_gas(
        parent_header.gas_limit, parent_gas_used, parent_header.base_fee_per_gas, preset.header
    )
    if header.base_fee_per_gas != base_fee_per_gas:
        raise InvalidBlock(
            Reason.BASE_FEE_MISMATCH, got=header.base_fee_per_gas, expected=base_fee_per_gas
        )
    max_blob_gas = preset.blobs.max_per_block * preset.blobs.gas_per_blob
    if header.blob_gas_used > max_blob_gas:
        raise InvalidBlock(
            Reason.BLOB_GAS_USED_EXCEEDS_MAXIMUM, got=header.blob_gas_used, limit=max_blob_gas
        )
    # Blobs of a reverted parent count: they were published, and their number was checked.
    excess_blob_gas = calculate_excess_blob_gas(parent_header, preset.blobs)
    if header.excess_blob_gas != excess_blob_gas:
        raise InvalidBlock(
            Reason.EXCESS_BLOB_GAS_MISMATCH, got=header.excess_blob_gas, expected=excess_blob_gas
        )


def _parent_reverted(chain: ChainView, header: Header) -> bool:
    # Without tracked outputs the header's own word has to do; the proof will confirm or refute it.
    if chain.parent_outputs is None:
        return header.parent_execution_reverted
    return chain.parent_outputs.execution_reverted
