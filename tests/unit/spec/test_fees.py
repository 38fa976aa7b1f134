"""Arithmetic against a table that an independent implementation filled (`fill_fee_table.py`)."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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


@dataclass(frozen=True)
class Columns:
    data_bytes: np.ndarray
    data_zero_bytes: np.ndarray
    creates: np.ndarray
    access_list_addresses: np.ndarray
    access_list_keys: np.ndarray
    authorizations: np.ndarray


def test_intrinsic_cost__equals_the_oracle():
    rows = TABLE["intrinsic_costs"]

    def column(name):
        return np.array([row[name] for row in rows], dtype=np.uint64)

    txs = Columns(
        data_bytes=column("zeros") + column("others"),
        data_zero_bytes=column("zeros"),
        creates=column("create").astype(np.bool_),
        access_list_addresses=column("addresses"),
        access_list_keys=column("keys"),
        authorizations=column("authorizations"),
    )
    intrinsic, floor = calculate_intrinsic_cost(txs, OSAKA.gas)
    assert intrinsic.tolist() == [row["intrinsic"] for row in rows]
    assert floor.tolist() == [row["floor"] for row in rows]


def test_least_gas__never_below_the_floor():
    intrinsic, floor = np.array([[46_000, 25_000], [21_000, 24_000]], dtype=np.uint64)
    assert least_gas_used(intrinsic, floor).tolist() == [36_800, 24_000]
