"""Keys of node records."""

from __future__ import annotations

import pytest

from zkattest.net.secp256k1 import InvalidKey, PublicKey, SecretKey

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = SecretKey(b"\x07" * 32)


@pytest.mark.parametrize(
    "secret", [b"", bytes(31), bytes(33), bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32]
)
def test_secret_key__refused(secret: bytes) -> None:
    with pytest.raises(InvalidKey):
        SecretKey(secret)


def test_secret_key__accepted_at_its_bounds() -> None:
    assert SecretKey((1).to_bytes(32, "big")).public_key.compressed.hex() == (
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    )
    assert len(SecretKey((ORDER - 1).to_bytes(32, "big")).public_key.uncompressed) == 64


@pytest.mark.parametrize("data", [b"", bytes(33), b"\4" + bytes(32), b"\2" + b"\xff" * 32])
def test_public_key__refused(data: bytes) -> None:
    with pytest.raises(InvalidKey):
        PublicKey(data)


def test_signature__belongs_to_key_and_hash() -> None:
    signature = KEY.sign_hash(b"h" * 32)
    assert signature == KEY.sign_hash(b"h" * 32)
    assert KEY.public_key.verify_hash(signature, b"h" * 32)
    assert not KEY.public_key.verify_hash(signature, b"i" * 32)
    assert not KEY.public_key.verify_hash(signature[:63], b"h" * 32)
    assert not KEY.public_key.verify_hash(b"\xff" * 64, b"h" * 32)
    assert not SecretKey(b"\x08" * 32).public_key.verify_hash(signature, b"h" * 32)


def test_key__is_never_shown() -> None:
    assert "07" * 32 not in repr(KEY)
    assert repr(KEY.public_key) == f"PublicKey(0x{KEY.public_key.compressed.hex()})"
    assert {KEY.public_key} == {SecretKey(b"\x07" * 32).public_key}
