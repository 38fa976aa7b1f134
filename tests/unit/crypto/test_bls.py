"""BLS signatures, against the reference in pure Python."""

import pytest
from py_ecc.bls import G2ProofOfPossession as Oracle
from py_ecc.optimized_bls12_381 import curve_order

from zkattest.crypto import bls

SECRET = (0x263DBD792F5B1BE47ED85F8938C0F29586AF0D3AC7B977F21C278FE1462040E3).to_bytes(32, "big")
MESSAGE = b"\x56" * 32
INFINITY_PUBLIC_KEY = b"\xc0" + bytes(47)
INFINITY_SIGNATURE = b"\xc0" + bytes(95)


@pytest.fixture(scope="module")
def public_key() -> bytes:
    return bls.public_key(SECRET)


@pytest.fixture(scope="module")
def signature() -> bytes:
    return bls.sign(SECRET, MESSAGE)


def test_public_key__is_the_oracles(public_key: bytes) -> None:
    assert public_key == Oracle.SkToPk(int.from_bytes(SECRET, "big"))


def test_secret_key_from_seed__is_the_oracles() -> None:
    seed = bytes(range(32))
    assert int.from_bytes(bls.secret_key_from_seed(seed), "big") == Oracle.KeyGen(seed)


def test_sign__is_the_oracles(signature: bytes) -> None:
    assert signature == Oracle.Sign(int.from_bytes(SECRET, "big"), MESSAGE)


def test_verify__true_for_the_oracles_signature(public_key: bytes) -> None:
    signature = Oracle.Sign(int.from_bytes(SECRET, "big"), b"another message")
    assert bls.verify(public_key, b"another message", signature)


def test_verify__false_for_another_message_key_or_signature(
    public_key: bytes, signature: bytes
) -> None:
    other = bls.secret_key_from_seed(b"\x01" * 32)
    assert bls.verify(public_key, MESSAGE, signature)
    assert not bls.verify(public_key, MESSAGE + b"\0", signature)
    assert not bls.verify(bls.public_key(other), MESSAGE, signature)
    assert not bls.verify(public_key, MESSAGE, bls.sign(other, MESSAGE))


def test_verify__false_for_points_at_infinity(public_key: bytes, signature: bytes) -> None:
    assert not bls.verify(INFINITY_PUBLIC_KEY, MESSAGE, INFINITY_SIGNATURE)
    assert not bls.verify(public_key, MESSAGE, INFINITY_SIGNATURE)
    assert not bls.verify(INFINITY_PUBLIC_KEY, MESSAGE, signature)


def test_verify__false_for_a_key_outside_the_subgroup(signature: bytes) -> None:
    # x = 4 has a point on the curve, and its order is not the group's.
    outside = b"\xa0" + (4).to_bytes(47, "big")
    assert not bls.verify(outside, MESSAGE, signature)
    assert not Oracle.KeyValidate(outside)


@pytest.mark.parametrize("size", [0, 1, 47, 49, 95, 96, 97, 192])
def test_verify__false_for_other_lengths(public_key: bytes, signature: bytes, size: int) -> None:
    if size != len(public_key):
        assert not bls.verify((public_key * 4)[:size], MESSAGE, signature)
    if size != len(signature):
        assert not bls.verify(public_key, MESSAGE, (signature * 2)[:size])


@pytest.mark.parametrize("secret", [bytes(32), curve_order.to_bytes(32, "big"), b"\xff" * 32])
def test_sign__refuses_a_secret_out_of_range(secret: bytes) -> None:
    with pytest.raises(ValueError, match="secret key"):
        bls.sign(secret, MESSAGE)


def test_secret_key_from_seed__refuses_a_short_seed() -> None:
    with pytest.raises(ValueError, match="seed"):
        bls.secret_key_from_seed(bytes(31))
