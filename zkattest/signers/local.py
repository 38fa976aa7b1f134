"""Sign in this process: with a bare key, or with one that a keystore holds."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import trio

from zkattest.crypto import bls
from zkattest.signers.keystore import KeystoreError, decode_keystore, decrypt_keystore
from zkattest.signers.secret_files import read_keystore_file, read_password_file
from zkattest.spec.signing import SigningData


class RawKeySigner:
    """Sign with a secret key in memory, behind `ProofSigner`."""

    def __init__(self, secret_key: bytes) -> None:
        """Take a key of 32 bytes; raises `ValueError` for what is no secret key."""
        self._secret_key = secret_key
        self._pubkey = bls.public_key(secret_key)

    @property
    def pubkey(self) -> bytes:
        """Return the public key, 48 bytes."""
        return self._pubkey

    async def sign(self, data: SigningData) -> bytes:
        """Return a signature of 96 bytes."""
        await trio.lowlevel.checkpoint()
        return bls.sign(self._secret_key, data.signing_root)


class KeystoreSigner(RawKeySigner):
    """Sign with the key of an EIP-2335 keystore; it is decrypted once, when it is opened."""

    @classmethod
    async def open(cls, keystore: Path, password_file: Path) -> Self:
        """
        Read and decrypt a keystore; takes about a second, by the keystore's own wish.

        Raises `KeystoreError`, which names the file that is wrong.
        """
        return await trio.to_thread.run_sync(
            cls.unlock,
            keystore,
            password_file,
            # libp2p brings trio-typing, whose stubs of an older trio hide trio's own types.
            abandon_on_cancel=True,  # type: ignore[call-arg, unused-ignore]
        )

    @classmethod
    def unlock(cls, keystore: Path, password_file: Path) -> Self:
        """Read and decrypt a keystore; blocks. Raises `KeystoreError`."""
        opened = decode_keystore(keystore, read_keystore_file(keystore))
        secret_key = decrypt_keystore(keystore, opened, read_password_file(password_file))
        try:
            signer = cls(secret_key)
        except ValueError as error:
            raise KeystoreError(keystore, "crypto", f"holds no BLS key: {error}") from None
        if opened.pubkey not in (None, signer.pubkey):
            raise KeystoreError(
                keystore, "pubkey", f"not that of the key inside, 0x{signer.pubkey.hex()}"
            )
        return signer
