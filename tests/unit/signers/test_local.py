"""Keys of this machine sign what verifies; a keystore whose parts disagree signs nothing."""

import json

import pytest

from tests.helpers.keystores import PASSWORD, PUBKEY, SCRYPT, SECRET, cheap_keystore
from zkattest.crypto import bls
from zkattest.signers import KeystoreError, KeystoreSigner, RawKeySigner
from zkattest.spec.signing import SigningData
from zkattest.types.ids import Root

DATA = SigningData(Root(b"\x11" * 32), b"\x0f\0\0\0" + b"\x22" * 28)


def files(folder, keystore, password="password"):
    paths = folder / "keystore.json", folder / "password.txt"
    paths[0].write_bytes(keystore)
    paths[1].write_text(password)
    return paths


async def test_raw_key__signs_the_root_in_its_domain():
    signer = RawKeySigner(SECRET)
    signature = await signer.sign(DATA)
    assert signer.pubkey == PUBKEY
    assert bls.verify(PUBKEY, DATA.signing_root, signature)
    other = SigningData(DATA.object_root, b"\x0e\0\0\0" + DATA.domain[4:])
    assert not bls.verify(PUBKEY, other.signing_root, signature)


def test_raw_key__never_shown():
    assert SECRET.hex() not in repr(RawKeySigner(SECRET))


@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32, bytes(31)])
def test_raw_key__refused_when_it_is_no_key(key):
    with pytest.raises(ValueError):
        RawKeySigner(key)


async def test_keystore__signs_as_the_key_inside(tmp_path):
    signer = await KeystoreSigner.open(*files(tmp_path, SCRYPT.read_bytes(), PASSWORD + "\n"))
    assert signer.pubkey == PUBKEY
    assert await signer.sign(DATA) == await RawKeySigner(SECRET).sign(DATA)


async def test_keystore__refused_when_it_names_another_public_key(tmp_path):
    other = bls.public_key(bytes(31) + b"\x07").hex()
    paths = files(tmp_path, cheap_keystore(pubkey=other))
    with pytest.raises(KeystoreError) as refusal:
        await KeystoreSigner.open(*paths)
    reason = f"not that of the key inside, 0x{PUBKEY.hex()}"
    assert (refusal.value.path, refusal.value.field) == (paths[0], "pubkey")
    assert refusal.value.reason == reason


async def test_keystore__refused_when_it_holds_no_key_of_the_curve(tmp_path):
    table = json.loads(cheap_keystore())
    # The same stream of key bytes turns these into 32 zero bytes; the checksum is made to fit.
    stream = bytes(
        a ^ b
        for a, b in zip(SECRET, bytes.fromhex(table["crypto"]["cipher"]["message"]), strict=True)
    )
    assert len(stream) == 32
    paths = files(tmp_path, cheap_with_message(table, stream))
    with pytest.raises(KeystoreError) as refusal:
        await KeystoreSigner.open(*paths)
    assert refusal.value.field == "crypto"
    assert refusal.value.reason.startswith("holds no BLS key: ")


def cheap_with_message(table, message):
    """Put another ciphertext into a cheap keystore, with the checksum that belongs to it."""
    import hashlib

    params = table["crypto"]["kdf"]["params"]
    derived = hashlib.pbkdf2_hmac(
        "sha256", b"password", bytes.fromhex(params["salt"]), params["c"], params["dklen"]
    )
    table["crypto"]["cipher"]["message"] = message.hex()
    table["crypto"]["checksum"]["message"] = hashlib.sha256(derived[16:32] + message).hexdigest()
    return json.dumps(table).encode()


async def test_keystore__names_the_password_file_when_that_is_missing(tmp_path):
    keystore, password = files(tmp_path, cheap_keystore())
    password.unlink()
    with pytest.raises(KeystoreError) as refusal:
        await KeystoreSigner.open(keystore, password)
    assert (refusal.value.path, refusal.value.reason) == (password, "No such file or directory")
