"""Keystores of EIP-2335: its own cases, the password's form, and files that ask for too much."""

import json
import time
from pathlib import Path

import pytest

from tests.helpers.keystores import (
    PASSWORD,
    PBKDF2,
    PUBKEY,
    SCRYPT,
    SECRET,
    cheap_keystore,
    keystore_with,
)
from zkattest.signers.keystore import (
    MAX_PBKDF2_ITERATIONS,
    Keystore,
    KeystoreError,
    decode_keystore,
    decrypt_keystore,
    normalise_password,
)

PATH = Path("keys") / "validator.json"
PARAMS = "crypto.kdf.params"


def refused(data):
    began = time.monotonic()
    with pytest.raises(KeystoreError) as refusal:
        decode_keystore(PATH, data)
    assert time.monotonic() - began < 1, "refused before any work is done"
    assert refusal.value.path == PATH
    return refusal.value.field, refusal.value.reason


def decrypted(data, password):
    return decrypt_keystore(PATH, decode_keystore(PATH, data), password)


@pytest.mark.parametrize("source", [SCRYPT, PBKDF2], ids=lambda path: path.stem)
def test_keystore__decrypts_the_cases_of_the_eip(source):
    assert decrypted(source.read_bytes(), PASSWORD) == SECRET


def test_keystore__decodes_to_what_the_file_says():
    assert decode_keystore(PATH, PBKDF2.read_bytes()) == Keystore(
        kdf="pbkdf2",
        kdf_parameters={
            "c": 262_144,
            "prf": "hmac-sha256",
            "dklen": 32,
            "salt": "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
        },
        checksum=bytes.fromhex("8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1"),
        iv=bytes.fromhex("264daa3f303d7259501c93d997d84fe6"),
        ciphertext=bytes.fromhex(
            "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad"
        ),
        pubkey=PUBKEY,
    )


def test_password__has_the_form_that_the_eip_names():
    assert normalise_password(PASSWORD) == bytes.fromhex("7465737470617373776f7264f09f9491")


@pytest.mark.parametrize(
    "same",
    ["\u00e9cole \u210c", "e\u0301cole H", "\te\u0301cole\x7f \x9f\u210c\r\n", "e\u0301cole\x00 H"],
    ids=["composed", "decomposed", "control codes", "zero byte"],
)
@pytest.mark.parametrize("kdf", ["pbkdf2", "scrypt"])
def test_password__same_however_it_is_typed(same, kdf):
    assert decrypted(cheap_keystore(password="\u00e9cole \u210c", kdf=kdf), same) == SECRET


@pytest.mark.parametrize("wrong", ["", "Password", "password ", PASSWORD])
def test_keystore__refused_for_a_wrong_password(wrong):
    with pytest.raises(KeystoreError) as refusal:
        decrypted(cheap_keystore(password="password"), wrong)
    assert (refusal.value.field, refusal.value.reason) == (
        "password",
        "wrong, or the keystore is damaged",
    )
    assert str(refusal.value) == f"{PATH}: password: wrong, or the keystore is damaged"


@pytest.mark.parametrize("field", ["crypto.cipher.message", "crypto.checksum.message"])
def test_keystore__refused_when_a_byte_is_damaged(field):
    damaged = json.loads(cheap_keystore())
    holder = damaged["crypto"][field.split(".")[1]]
    first = int(holder["message"][:2], 16) ^ 1
    holder["message"] = f"{first:02x}" + holder["message"][2:]
    with pytest.raises(KeystoreError, match="wrong, or the keystore is damaged"):
        decrypted(json.dumps(damaged).encode(), "password")


def test_keystore__accepts_upper_case_and_prefixed_digits():
    table = json.loads(cheap_keystore())
    table["pubkey"] = "0x" + table["pubkey"].upper()
    for module in ("cipher", "checksum"):
        table["crypto"][module]["message"] = table["crypto"][module]["message"].upper()
    data = json.dumps(table).encode()
    assert decode_keystore(PATH, data).pubkey == PUBKEY
    assert decrypted(data, "password") == SECRET


@pytest.mark.parametrize("changes", [{"pubkey": None}, {"pubkey": ""}])
def test_keystore__accepted_without_a_public_key(changes):
    assert decode_keystore(PATH, keystore_with(changes)).pubkey is None


@pytest.mark.parametrize(
    ("params", "field", "reason"),
    [
        ({"n": 1 << 40}, PARAMS, "would take more than 536870912 bytes of memory"),
        ({"n": 1 << 20, "r": 8}, PARAMS, "would take more than 536870912 bytes of memory"),
        ({"r": 1 << 60}, PARAMS, "would take more than 536870912 bytes of memory"),
        ({"p": 3}, PARAMS, "would take more than 4194304 block mixes"),
        ({"n": 2, "r": 1, "p": 1 << 62}, PARAMS, "would take more than 4194304 block mixes"),
        ({"n": 10**4000}, f"{PARAMS}.n", "expected a power of two"),
        ({"n": 1}, f"{PARAMS}.n", "expected a power of two"),
        ({"n": 262_143}, f"{PARAMS}.n", "expected a power of two"),
        ({"n": 0}, f"{PARAMS}.n", "expected a number above zero"),
        ({"r": -8}, f"{PARAMS}.r", "expected a number above zero"),
        ({"p": True}, f"{PARAMS}.p", "expected int"),
        ({"n": 262_144.0}, f"{PARAMS}.n", "expected int"),
        ({"dklen": 31}, f"{PARAMS}.dklen", "expected 32 to 64"),
        ({"dklen": 1 << 40}, f"{PARAMS}.dklen", "expected 32 to 64"),
        ({"salt": ""}, f"{PARAMS}.salt", "expected 1 to 256 bytes in hexadecimal digits"),
        ({"salt": "00" * 257}, f"{PARAMS}.salt", "expected 1 to 256 bytes in hexadecimal digits"),
        ({"salt": "0g"}, f"{PARAMS}.salt", "expected 1 to 256 bytes in hexadecimal digits"),
    ],
)
def test_scrypt__refused_before_any_work(params, field, reason):
    changes = {f"{PARAMS}.{name}": value for name, value in params.items()}
    assert refused(keystore_with(changes, SCRYPT)) == (field, reason)


def test_scrypt__passes_at_the_bounds():
    for params in ({"n": 1 << 19}, {"p": 2}, {"n": 2, "r": 1, "p": 1 << 21}):
        changes = {f"{PARAMS}.{name}": value for name, value in params.items()}
        opened = decode_keystore(PATH, keystore_with(changes, SCRYPT))
        assert params.items() <= opened.kdf_parameters.items()


@pytest.mark.parametrize(
    ("params", "field", "reason"),
    [
        ({"c": MAX_PBKDF2_ITERATIONS + 1}, f"{PARAMS}.c", "more than 4194304 iterations"),
        ({"c": 0}, f"{PARAMS}.c", "expected a number above zero"),
        ({"prf": "hmac-sha512"}, f"{PARAMS}.prf", "expected hmac-sha256"),
        ({"prf": None}, f"{PARAMS}.prf", "missing"),
    ],
)
def test_pbkdf2__refused_before_any_work(params, field, reason):
    changes = {f"{PARAMS}.{name}": value for name, value in params.items()}
    assert refused(keystore_with(changes)) == (field, reason)


def test_pbkdf2__passes_at_the_bound():
    opened = decode_keystore(PATH, keystore_with({f"{PARAMS}.c": MAX_PBKDF2_ITERATIONS}))
    assert opened.kdf_parameters["c"] == MAX_PBKDF2_ITERATIONS


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"version": 3}, "version", "3, expected 4"),
        ({"version": "4"}, "version", "expected int"),
        ({"version": None}, "version", "missing"),
        ({"crypto": []}, "crypto.checksum.function", "missing"),
        ({"crypto.kdf.function": "argon2id"}, "crypto.kdf.function", "expected scrypt or pbkdf2"),
        (
            {"crypto.cipher.function": "aes-256-gcm"},
            "crypto.cipher.function",
            "expected aes-128-ctr",
        ),
        ({"crypto.checksum.function": "sha1"}, "crypto.checksum.function", "expected sha256"),
        ({"crypto.kdf.params": 7}, "crypto.kdf.params.c", "missing"),
        (
            {"crypto.cipher.message": "00" * 31},
            "crypto.cipher.message",
            "expected 32 bytes in hexadecimal digits",
        ),
        (
            {"crypto.cipher.params.iv": "00" * 17},
            "crypto.cipher.params.iv",
            "expected 16 bytes in hexadecimal digits",
        ),
        (
            {"crypto.checksum.message": "\u0660" * 64},
            "crypto.checksum.message",
            "expected 32 bytes in hexadecimal digits",
        ),
        ({"pubkey": "00" * 47}, "pubkey", "expected 48 bytes in hexadecimal digits"),
        ({"pubkey": 7}, "pubkey", "expected str"),
    ],
)
def test_keystore__refused_by_the_field_that_is_wrong(changes, field, reason):
    assert refused(keystore_with(changes)) == (field, reason)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5_000])
def test_keystore__refused_when_it_is_not_json(data):
    field, reason = refused(data)
    assert field == ""
    assert reason.startswith("not JSON: ")


@pytest.mark.parametrize("data", [b"null", b"[]", b"7", b'"text"', b"{}"])
def test_keystore__refused_when_it_is_other_json(data):
    assert refused(data) == ("version", "missing")
