"""
Compute what inclusion costs: base fee, blob base fee, intrinsic and floor gas.

Amounts named `gas` are gas, amounts named `price` or `fee` are wei for one gas.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from zkattest.spec.presets import BlobRules, GasPrices, HeaderRules
from zkattest.types.block import TransactionColumns
from zkattest.types.execution import Header, OsakaHeader
from zkattest.types.words import Numbers

# No price in wei can reach this: balances have 256 bits.
UNPAYABLE_PRICE: Final = 1 << 256
WORD_BYTES: Final = 32


def calculate_base_fee_per_gas(
    parent_gas_limit: int, parent_gas_used: int, parent_base_fee_per_gas: int, rules: HeaderRules
) -> int:
    """Move the base fee towards the parent's use of its gas target (EIP-1559)."""
    parent_gas_target = parent_gas_limit // rules.elasticity_multiplier
    if parent_gas_used == parent_gas_target:
        return parent_base_fee_per_gas
    distance = abs(parent_gas_used - parent_gas_target)
    change = parent_base_fee_per_gas * distance // parent_gas_target
    change //= rules.base_fee_max_change_denominator
    if parent_gas_used > parent_gas_target:
        return parent_base_fee_per_gas + max(change, 1)
    return parent_base_fee_per_gas - change


def calculate_excess_blob_gas(parent_header: Header | OsakaHeader, rules: BlobRules) -> int:
    """Carry the blob gas above the target over from the parent (EIP-4844, EIP-7918)."""
    parent_blob_gas = parent_header.excess_blob_gas + parent_header.blob_gas_used
    target_blob_gas = rules.target_per_block * rules.gas_per_blob
    if parent_blob_gas < target_blob_gas:
        return 0
    blob_gas_price = calculate_blob_gas_price(parent_header.excess_blob_gas, rules)
    # EIP-7918: while execution is what blobs pay for, the excess does not shrink.
    if rules.base_cost * parent_header.base_fee_per_gas > rules.gas_per_blob * blob_gas_price:
        headroom = rules.max_per_block - rules.target_per_block
        return (
            parent_header.excess_blob_gas
            + parent_header.blob_gas_used * headroom // rules.max_per_block
        )
    return parent_blob_gas - target_blob_gas


def calculate_blob_gas_price(excess_blob_gas: int, rules: BlobRules) -> int:
    """
    Compute the blob base fee: exponential in the excess (EIP-4844).

    Above 2**256 wei every price is as unpayable as the next, and the exact one takes for ever.
    """
    if excess_blob_gas > 178 * rules.base_fee_update_fraction:
        return UNPAYABLE_PRICE
    return fake_exponential(
        rules.min_base_fee_per_gas_wei, excess_blob_gas, rules.base_fee_update_fraction
    )


def fake_exponential(factor: int, numerator: int, denominator: int) -> int:
    """Approximate `factor * e ** (numerator / denominator)` by its Taylor series (EIP-4844)."""
    i = 1
    output = 0
    numerator_accum = factor * denominator
    while numerator_accum > 0:
        output += numerator_accum
        numerator_accum = numerator_accum * numerator // (denominator * i)
        i += 1
    return output // denominator


def calculate_intrinsic_cost(txs: TransactionColumns, prices: GasPrices) -> tuple[Numbers, Numbers]:
    """Compute intrinsic gas and calldata floor of each transaction (EIP-2028, EIP-7623)."""
    nonzero_bytes = txs.data_bytes - txs.data_zero_bytes
    tokens = txs.data_zero_bytes + nonzero_bytes * prices.tx_data_tokens_per_nonzero_byte
    intrinsic_gas = prices.tx_base + tokens * prices.tx_data_token_standard
    words = (txs.data_bytes + (WORD_BYTES - 1)) // WORD_BYTES
    intrinsic_gas += txs.creates * (prices.tx_create + words * prices.initcode_word)
    intrinsic_gas += txs.access_list_addresses * prices.tx_access_list_address
    intrinsic_gas += txs.access_list_keys * prices.tx_access_list_storage_key
    intrinsic_gas += txs.authorizations * prices.authorization
    return intrinsic_gas, prices.tx_base + tokens * prices.tx_data_token_floor


def least_gas_used(intrinsic_gas: Numbers, floor_gas: Numbers) -> Numbers:
    """Bound the gas used from below: refunds give back a fifth at most, never below the floor."""
    least_gas: Numbers = np.maximum(intrinsic_gas - intrinsic_gas // 5, floor_gas)
    return least_gas


def calculate_total_blob_gas(txs: TransactionColumns, rules: BlobRules) -> Numbers:
    """Compute the blob gas of each transaction."""
    return txs.blobs * rules.gas_per_blob


def calculate_effective_gas_price(txs: TransactionColumns, base_fee_per_gas: int) -> Numbers:
    """
    Compute what each transaction pays for one gas (EIP-1559).

    Its fee caps have passed: 64 bits at most, and the base fee covered.
    """
    room = txs.max_fee_per_gas.low - np.uint64(base_fee_per_gas)
    prices: Numbers = base_fee_per_gas + np.minimum(txs.max_priority_fee_per_gas.low, room)
    return prices
