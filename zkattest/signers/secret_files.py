"""Read the files that keep secrets, with a bound on what is read."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from zkattest.signers.keystore import KeystoreError

MAX_KEYSTORE_BYTES: Final = 1 << 16
MAX_PASSWORD_BYTES: Final = 1 << 12


def read_keystore_file(path: Path) -> bytes:
    """Read a keystore's file; raises `KeystoreError` for what is none or is too large."""
    return _read(path, MAX_KEYSTORE_BYTES, regular=True)


def read_password_file(path: Path) -> str:
    """
    Read a password in UTF-8; a pipe will do, too. The end of the line is no part of it.

    Raises `KeystoreError`.
    """
    data = _read(path, MAX_PASSWORD_BYTES, regular=False)
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Nothing of a password is ever shown, not even the byte that is wrong.
        raise KeystoreError(path, "password", "not UTF-8") from None


def _read(path: Path, limit_bytes: int, *, regular: bool) -> bytes:
    try:
        if regular and not stat.S_ISREG(path.stat().st_mode):
            raise KeystoreError(path, "", "not a regular file")
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise KeystoreError(path, "", reason or str(error)) from None
    if len(data) > limit_bytes:
        raise KeystoreError(path, "", f"more than {limit_bytes} bytes")
    return data
