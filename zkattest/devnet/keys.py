"""Derive the devnet's keys from names; everyone can know them, so they guard nothing."""

from __future__ import annotations

from zkattest.crypto import bls
from zkattest.crypto.hashing import sha256
from zkattest.types.ids import ValidatorIndex


def validator_secret(index: int) -> bytes:
    """Return the secret key of a validator."""
    return bls.secret_key_from_seed(sha256(f"zkattest devnet validator {index}".encode()))


def validator_pubkeys(count: int) -> list[bytes]:
    """Return the public keys of the first validators."""
    return [bls.public_key(validator_secret(ValidatorIndex(i))) for i in range(count)]


def network_seed(name: str) -> bytes:
    """Return the seed of a process's network identity."""
    return sha256(f"zkattest devnet peer {name}".encode())
