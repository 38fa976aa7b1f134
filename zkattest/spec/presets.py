"""
Hold every number that a fork or a network fixes, as data.

A later fork is another value of `Rules`; no rule asks which fork it runs under.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

SCHEMA_DELAYED_EXECUTION: Final = 0x7886
SCHEMA_OPTIONAL_PROOFS_AMSTERDAM: Final = 0x1501

DOMAIN_EXECUTION_PROOF: Final = bytes.fromhex("0f000000")
DOMAIN_DELAYED_BLOCK: Final = bytes.fromhex("78860000")
DOMAIN_DELAYED_CLAIM: Final = bytes.fromhex("78860001")

# A network profile gives the one-byte proof types a meaning: in the devnet 1 is SP1, our program.
PROOF_TYPE_SP1_DEVNET: Final = 1


class PresetName(StrEnum):
    """Name the forks whose rules we have."""

    OSAKA = "osaka"


@dataclass(frozen=True, slots=True)
class GasPrices:
    """Price the inclusion of a transaction, in gas."""

    tx_base: int
    tx_create: int
    tx_data_token_standard: int
    tx_data_token_floor: int
    tx_data_tokens_per_nonzero_byte: int
    tx_access_list_address: int
    tx_access_list_storage_key: int
    initcode_word: int
    authorization: int


@dataclass(frozen=True, slots=True)
class BlobRules:
    """Bound and price blobs; amounts are in blob gas, the minimum price in wei."""

    gas_per_blob: int
    target_per_block: int
    max_per_block: int
    max_per_transaction: int
    base_fee_update_fraction: int
    min_base_fee_per_gas_wei: int
    base_cost: int
    version: int


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """Bound a header and its step from its parent."""

    gas_limit_adjustment_factor: int
    gas_limit_minimum: int
    base_fee_max_change_denominator: int
    elasticity_multiplier: int
    max_extra_data_bytes: int
    max_block_bytes: int


@dataclass(frozen=True, slots=True)
class TransactionRules:
    """Bound one transaction."""

    max_gas: int
    max_nonce: int
    max_initcode_bytes: int
    max_fee_cap_wei: int


@dataclass(frozen=True, slots=True)
class Preset:
    """Fix the rules of the static check: one fork's numbers, and where we read the EIP strictly."""

    name: PresetName
    gas: GasPrices
    blobs: BlobRules
    header: HeaderRules
    transaction: TransactionRules
    # Inclusion gas allows for the largest possible refund, a fifth: no correct block is refused.
    refund_aware: bool = False
    # Balances have to cover the fee caps, as EIP-1559 asks, and not only the effective prices.
    cap_balance: bool = False

    def with_flags(self, *, refund_aware: bool = False, cap_balance: bool = False) -> Preset:
        """Give the same fork under another profile."""
        return replace(self, refund_aware=refund_aware, cap_balance=cap_balance)


OSAKA: Final = Preset(
    name=PresetName.OSAKA,
    gas=GasPrices(
        tx_base=21_000,
        tx_create=32_000,
        tx_data_token_standard=4,
        tx_data_token_floor=10,
        tx_data_tokens_per_nonzero_byte=4,
        tx_access_list_address=2_400,
        tx_access_list_storage_key=1_900,
        initcode_word=2,
        authorization=25_000,
    ),
    blobs=BlobRules(
        gas_per_blob=1 << 17,
        target_per_block=6,
        max_per_block=9,
        max_per_transaction=6,
        base_fee_update_fraction=5_007_716,
        min_base_fee_per_gas_wei=1,
        base_cost=1 << 13,
        version=1,
    ),
    header=HeaderRules(
        gas_limit_adjustment_factor=1_024,
        gas_limit_minimum=5_000,
        base_fee_max_change_denominator=8,
        elasticity_multiplier=2,
        max_extra_data_bytes=32,
        max_block_bytes=8_388_608,
    ),
    transaction=TransactionRules(
        max_gas=1 << 24,
        max_nonce=2**64 - 2,
        max_initcode_bytes=49_152,
        # What execution can be proven for (docs/decisions/0012); 18 ether for one gas.
        max_fee_cap_wei=2**64 - 1,
    ),
)

PRESETS: Final = {preset.name: preset for preset in (OSAKA,)}
