"""Read verifier keys from a folder in which each stands under its SHA-256."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from zkattest.crypto.hashing import sha256
from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.store.regular_file import open_regular
from zkattest.types.programs import Sha256

MAX_VERIFIER_KEY_BYTES: Final = 1 << 22


def read_verifier_key(folder: Path | None, digest: Sha256) -> bytes:
    """Return a key that has this hash; raise `CannotVerify`."""
    if folder is None:
        raise CannotVerify(Cause.VERIFIER_KEY_MISSING, "no folder of verifier keys is named")
    path = folder / digest.hex()
    try:
        with open_regular(path) as file:
            key = file.read(MAX_VERIFIER_KEY_BYTES + 1)
    except OSError as error:
        detail = f"{path}: {error.strerror or error}"
        raise CannotVerify(Cause.VERIFIER_KEY_MISSING, detail) from error
    if sha256(key) != bytes(digest):
        raise CannotVerify(Cause.VERIFIER_KEY_MISSING, f"{path}: another hash")
    return key
