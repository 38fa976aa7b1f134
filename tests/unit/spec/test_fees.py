"""Arithmetic against a table that an independent implementation filled (`fill_fee_table.py`)."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from zkattest.spec.fees import (
    UNPAYABLE_PRICE,
    calculate_base_fee_per_gas,
    calculate_blob_gas_price,
    calculate_excess_blob_gas,
    calculate_intrinsic_cost,
    least_gas_used,
)
from zkattest.spec.presets import OSAKA
from zkattest.types.block import Transaction

TABLE = json.loads(Path(__file__).with_name("fee_table.json").read_text())


@dataclass(frozen=True)
class Parent:
    excess_blob_gas: int
    blob_gas_used: int
    base_fee_per_gas: int


@pytest.mark.parametrize("row", TABLE["base_fees"])
def test_base_fee__equals_the_oracle(row):
    result = calculate_base_fee_per_gas(
        row["gas_limit"], row["gas_used"], row["base_fee"], OSAKA.header
    )
    assert result == row["result"]


@pytest.mark.parametrize("row", TABLE["excesses"])
def test_excess_blob_gas__equals_the_oracle(row):
    parent = Parent(row["excess"], row["used"], row["base_fee"])
    assert calculate_excess_blob_gas(parent, OSAKA.blobs) == row["result"]


@pytest.mark.parametrize("row", TABLE["blob_prices"])
def test_blob_gas_price__equals_the_oracle(row):
    assert calculate_blob_gas_price(row["excess"], OSAKA.blobs) == row["result"]


def test_blob_gas_price__is_exact_as_long_as_it_can_be_paid():
    last = 178 * OSAKA.blobs.base_fee_update_fraction
    assert calculate_blob_gas_price(last, OSAKA.blobs) > UNPAYABLE_PRICE
    assert calculate_blob_gas_price(2**64 - 1, OSAKA.blobs) == UNPAYABLE_PRICE


@pytest.mark.parametrize("row", TABLE["intrinsic_costs"])
def test_intrinsic_cost__equals_the_oracle(row):
    tx = Transaction(
        type=4 if row["authorizations"] else 2,
        chain_id=1,
        nonce=0,
        gas=0,
        max_fee_per_gas=0,
        max_priority_fee_per_gas=0,
        to=None if row["create"] else bytes(20),
        value=0,
        data_bytes=row["zeros"] + row["others"],
        data_zero_bytes=row["zeros"],
        access_list_addresses=row["addresses"],
        access_list_keys=row["keys"],
        max_fee_per_blob_gas=0,
        blob_versioned_hashes=(),
        authorizations=row["authorizations"],
        y_parity=0,
        r=0,
        s=0,
    )
    assert calculate_intrinsic_cost(tx, OSAKA.gas) == (row["intrinsic"], row["floor"])


@pytest.mark.parametrize(
    ("intrinsic", "floor", "least"), [(46_000, 21_000, 36_800), (25_000, 24_000, 24_000)]
)
def test_least_gas__never_below_the_floor(intrinsic, floor, least):
    assert least_gas_used(intrinsic, floor) == least
