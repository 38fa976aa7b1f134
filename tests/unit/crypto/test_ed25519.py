"""Signatures of RFC 8032, and keys that are none."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from zkattest.crypto.ed25519 import PublicKey, SigningKey, verify

# RFC 8032, section 7.1, test 3.
SECRET = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
PUBLIC = PublicKey.from_hex("0xfc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
MESSAGE = b"\xaf\x82"
SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


def pem(key=None, encryption=None):
    key = key or Ed25519PrivateKey.from_private_bytes(SECRET)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def test_key__signs_as_the_rfc_has_it():
    key = SigningKey.from_pem(pem())
    assert (key.public_key, key.sign(MESSAGE)) == (PUBLIC, SIGNATURE)
    assert verify(PUBLIC, MESSAGE, SIGNATURE)


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (PUBLIC, b"other", SIGNATURE),
        (PublicKey(b"\1" * 32), MESSAGE, SIGNATURE),
        (PublicKey(b"\xff" * 32), MESSAGE, SIGNATURE),
        (PUBLIC, MESSAGE, SIGNATURE[:-1]),
        (PUBLIC, MESSAGE, b""),
        (PUBLIC, MESSAGE, SIGNATURE[:32] + b"\xff" * 32),
    ],
)
def test_verify__invalid(key, message, signature):
    assert not verify(key, message, signature)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----",
        SECRET,
        pem(generate_private_key(SECP256R1())),
        pem(encryption=BestAvailableEncryption(b"password")),
    ],
    ids=["empty", "cut", "raw", "another curve", "encrypted"],
)
def test_key__refused_without_a_word_of_the_file(data):
    with pytest.raises(ValueError, match=r"^not an (unencrypted|Ed25519)"):
        SigningKey.from_pem(data)
