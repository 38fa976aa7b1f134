"""
Decode and decrypt keystores of version 4 (EIP-2335).

A keystore says itself how dear its key derivation is to be; that is bounded before any of it is
done. `eth-keyfile` derives and decrypts; it expects a well-formed keystore and a password that is
in its final form, which is what this module is for.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from zkattest.types.json_text import parse_json

# The EIP's example takes 256 MiB and 2^21 block mixes; twice that is the most we do.
MAX_SCRYPT_MEMORY_BYTES: Final = 1 << 29
MAX_SCRYPT_BLOCK_MIXES: Final = 1 << 22
MAX_PBKDF2_ITERATIONS: Final = 1 << 22
MAX_SALT_BYTES: Final = 256
DERIVED_KEY_BYTES: Final = range(32, 65)
SECRET_BYTES: Final = 32
_VERSION: Final = 4
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2})*")
# C0, Delete and C1.
_CONTROL_CODES: Final = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])


class KeystoreError(Exception):
    """Say which field of which file is wrong, and how."""

    def __init__(self, path: Path, field: str, reason: str) -> None:
        """Keep the three parts apart: the command line prints them in its own way."""
        super().__init__(": ".join(part for part in (str(path), field, reason) if part))
        self.path = path
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Keystore:
    """Hold a keystore whose every part was checked; `pubkey` where it names one."""

    kdf: str
    kdf_parameters: dict[str, Any]
    checksum: bytes
    iv: bytes
    ciphertext: bytes
    pubkey: bytes | None


def decode_keystore(path: Path, data: bytes) -> Keystore:
    """
    Decode a keystore's bytes and bound what its decryption takes.

    Raises `KeystoreError` with the dotted name of the field; `path` is for its words only.
    """
    try:
        table = parse_json(data)
    except ValueError as error:
        raise KeystoreError(path, "", f"not JSON: {error}") from None
    return _Reader(path, table).keystore()


def decrypt_keystore(path: Path, keystore: Keystore, password: str) -> bytes:
    """
    Return the secret that a keystore holds, 32 bytes; blocks for as long as the keystore asks.

    Raises `KeystoreError` for a wrong password.
    """
    # It brings pairings in Python, half a second of imports: only who opens a keystore waits.
    from eth_keyfile.exceptions import EthKeyfileValueError
    from eth_keyfile.keyfile import decode_keyfile_json

    modules = {
        "kdf": {"function": keystore.kdf, "params": keystore.kdf_parameters},
        "checksum": {"message": keystore.checksum.hex()},
        "cipher": {
            "params": {"iv": keystore.iv.hex()},
            "message": keystore.ciphertext.hex(),
        },
    }
    try:
        return decode_keyfile_json(
            {"version": _VERSION, "crypto": modules}, normalise_password(password)
        )
    except EthKeyfileValueError:
        raise KeystoreError(path, "password", "wrong, or the keystore is damaged") from None
    except (ValueError, MemoryError) as error:
        raise KeystoreError(path, "crypto.kdf", f"cannot be derived: {error}") from None


def normalise_password(password: str) -> bytes:
    """Bring a password into the form that keys are derived from: NFKD, no control codes, UTF-8."""
    return unicodedata.normalize("NFKD", password).translate(_CONTROL_CODES).encode()


class _Reader:
    def __init__(self, path: Path, table: object) -> None:
        self._path = path
        self._table = table

    def keystore(self) -> Keystore:
        if self._get("version", int) != _VERSION:
            self._refuse("version", f"{self._get('version', int)}, expected {_VERSION}")
        self._expect("crypto.checksum.function", "sha256")
        self._expect("crypto.cipher.function", "aes-128-ctr")
        kdf = self._get("crypto.kdf.function", str)
        if kdf not in ("scrypt", "pbkdf2"):
            self._refuse("crypto.kdf.function", "expected scrypt or pbkdf2")
        return Keystore(
            kdf=kdf,
            kdf_parameters=self._scrypt() if kdf == "scrypt" else self._pbkdf2(),
            checksum=self._bytes("crypto.checksum.message", range(32, 33)),
            iv=self._bytes("crypto.cipher.params.iv", range(16, 17)),
            ciphertext=self._bytes("crypto.cipher.message", range(SECRET_BYTES, SECRET_BYTES + 1)),
            pubkey=self._pubkey(),
        )

    def _scrypt(self) -> dict[str, Any]:
        params = "crypto.kdf.params"
        n, r, p = (self._positive(f"{params}.{name}") for name in "nrp")
        if n & (n - 1) or n < 2:
            self._refuse(f"{params}.n", "expected a power of two")
        if 128 * n * r > MAX_SCRYPT_MEMORY_BYTES:
            self._refuse(params, f"would take more than {MAX_SCRYPT_MEMORY_BYTES} bytes of memory")
        if n * r * p > MAX_SCRYPT_BLOCK_MIXES:
            self._refuse(params, f"would take more than {MAX_SCRYPT_BLOCK_MIXES} block mixes")
        return {"n": n, "r": r, "p": p, **self._common()}

    def _pbkdf2(self) -> dict[str, Any]:
        params = "crypto.kdf.params"
        iterations = self._positive(f"{params}.c")
        if iterations > MAX_PBKDF2_ITERATIONS:
            self._refuse(f"{params}.c", f"more than {MAX_PBKDF2_ITERATIONS} iterations")
        self._expect(f"{params}.prf", "hmac-sha256")
        return {"c": iterations, "prf": "hmac-sha256", **self._common()}

    def _common(self) -> dict[str, Any]:
        params = "crypto.kdf.params"
        size = self._positive(f"{params}.dklen")
        if size not in DERIVED_KEY_BYTES:
            self._refuse(
                f"{params}.dklen",
                f"expected {DERIVED_KEY_BYTES.start} to {DERIVED_KEY_BYTES.stop - 1}",
            )
        salt = self._bytes(f"{params}.salt", range(1, MAX_SALT_BYTES + 1))
        return {"dklen": size, "salt": salt.hex()}

    def _pubkey(self) -> bytes | None:
        if not isinstance(self._table, dict) or self._table.get("pubkey") in (None, ""):
            return None
        return self._bytes("pubkey", range(48, 49))

    def _get(self, field: str, kind: type[Any]) -> Any:
        value: Any = self._table
        for part in field.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool):
            self._refuse(field, "missing" if value is None else f"expected {kind.__name__}")
        return value

    def _expect(self, field: str, word: str) -> None:
        if self._get(field, str) != word:
            self._refuse(field, f"expected {word}")

    def _positive(self, field: str) -> int:
        value: int = self._get(field, int)
        if value < 1:
            self._refuse(field, "expected a number above zero")
        return value

    def _bytes(self, field: str, sizes: range) -> bytes:
        text: str = self._get(field, str)
        digits = text.removeprefix("0x")
        if not _HEX.fullmatch(digits) or len(digits) // 2 not in sizes:
            low, high = sizes.start, sizes.stop - 1
            size = str(low) if low == high else f"{low} to {high}"
            self._refuse(field, f"expected {size} bytes in hexadecimal digits")
        return bytes.fromhex(digits)

    def _refuse(self, field: str, reason: str) -> NoReturn:
        raise KeystoreError(self._path, field, reason)
