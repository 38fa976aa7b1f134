"""Targets of what signing reads from outside: keystores, and answers about validators."""

from pathlib import Path

from zkattest.rpc.beacon import decode_validators
from zkattest.signers.keystore import (
    DERIVED_KEY_BYTES,
    MAX_PBKDF2_ITERATIONS,
    MAX_SCRYPT_BLOCK_MIXES,
    MAX_SCRYPT_MEMORY_BYTES,
    KeystoreError,
    decode_keystore,
)
from zkattest.spec.validators import is_consistent
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Epoch, ValidatorIndex
from zkattest.types.json_text import parse_json


def fuzz_keystore(data: bytes) -> None:
    """Decode a keystore; what its key would take to derive is bounded before it is derived."""
    try:
        keystore = decode_keystore(Path("keystore"), data)
    except KeystoreError as refusal:
        assert refusal.reason
        return
    asked = keystore.kdf_parameters
    assert asked["dklen"] in DERIVED_KEY_BYTES
    if keystore.kdf == "scrypt":
        assert 128 * asked["n"] * asked["r"] <= MAX_SCRYPT_MEMORY_BYTES
        assert asked["n"] * asked["r"] * asked["p"] <= MAX_SCRYPT_BLOCK_MIXES
    else:
        assert asked["c"] <= MAX_PBKDF2_ITERATIONS
    assert len(keystore.ciphertext) == len(keystore.checksum) == 32


def fuzz_validators(data: bytes) -> None:
    """Decode a beacon node's answer about validators 0 and 1 in the state of epoch 9."""
    asked = [ValidatorIndex(0), ValidatorIndex(1)]
    try:
        records = decode_validators(parse_json(data), asked, Epoch(9))
    except (DecodeError, ValueError):
        return
    for index, record in records.items():
        assert index in asked
        assert (record.index, len(record.pubkey)) == (index, 48)
        assert is_consistent(record, Epoch(9))
