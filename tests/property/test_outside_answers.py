"""Keystores and answers of nodes and signers: whatever they hold, one kind of error or a value."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.beacon_node import Member
from tests.helpers.keystores import PBKDF2, SCRYPT
from zkattest.rpc.beacon import decode_validators
from zkattest.signers.keystore import (
    MAX_PBKDF2_ITERATIONS,
    MAX_SCRYPT_BLOCK_MIXES,
    MAX_SCRYPT_MEMORY_BYTES,
    KeystoreError,
    decode_keystore,
)
from zkattest.spec.validators import is_consistent
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Epoch, ValidatorIndex

PATH = Path("keystore.json")
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1 << 70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", "0x", "00" * 32, "0x" + "11" * 48, "active_ongoing", "0", "99"]),
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
)
KEYSTORES = [json.loads(path.read_text()) for path in (SCRYPT, PBKDF2)]
ENTRY = Member().entry(0, 9)


def places(value, path=()):
    """Name every place of a value, its own first."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def changed(value, path, new):
    """Copy a value with another one in some place."""
    if not path:
        return new
    copy = json.loads(json.dumps(value))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return copy


@st.composite
def broken(draw, whole):
    """Change some places of a value."""
    value = draw(st.sampled_from(whole))
    for _ in range(draw(st.integers(1, 3))):
        value = changed(value, draw(st.sampled_from(list(places(value)))), draw(JSON))
    return value


@given(broken(KEYSTORES))
def test_keystore__decoded_within_its_bounds_or_refused(table):
    try:
        keystore = decode_keystore(PATH, json.dumps(table).encode())
    except KeystoreError:
        return
    parameters = keystore.kdf_parameters
    if keystore.kdf == "scrypt":
        n, r, p = parameters["n"], parameters["r"], parameters["p"]
        assert 128 * n * r <= MAX_SCRYPT_MEMORY_BYTES
        assert n * r * p <= MAX_SCRYPT_BLOCK_MIXES
    else:
        assert 1 <= parameters["c"] <= MAX_PBKDF2_ITERATIONS
    assert len(keystore.ciphertext) == len(keystore.checksum) == 32


@given(st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_keystore__refused_when_it_is_noise(data):
    try:
        decode_keystore(PATH, data)
    except KeystoreError:
        return
    raise AssertionError("noise is no keystore")


@given(broken([{"data": [ENTRY]}]))
def test_validators__decoded_as_asked_or_refused(table):
    asked = [ValidatorIndex(0), ValidatorIndex(99)]
    try:
        records = decode_validators(table, asked, Epoch(9))
    except DecodeError:
        return
    assert records.keys() <= set(asked)
    for index, record in records.items():
        assert record.index == index
        assert len(record.pubkey) == 48
        assert is_consistent(record, Epoch(9))
