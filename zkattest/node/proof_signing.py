"""Sign proofs as a validator: the guard first, then the key, wherever it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

import trio

from zkattest.crypto.hashing import hash_tree_root_envelope
from zkattest.ports import ProofSigner, SigningGuard
from zkattest.rpc import RemoteSigner, SignerLimits
from zkattest.signers import KeystoreSigner
from zkattest.spec.signing import ProofSubject, SigningData
from zkattest.types.ids import Slot, ValidatorIndex
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope


@dataclass(frozen=True, slots=True)
class KeystoreSettings:
    """Name a keystore (EIP-2335) and the file with its password."""

    keystore: Path
    password_file: Path


@dataclass(frozen=True, slots=True)
class RemoteSignerSettings:
    """Name a remote signer and the key that it is to sign with, 48 bytes."""

    url: str
    pubkey: bytes
    limits: SignerLimits = field(default_factory=SignerLimits)


SignerSettings: TypeAlias = KeystoreSettings | RemoteSignerSettings


@asynccontextmanager
async def open_signer(settings: SignerSettings) -> AsyncIterator[ProofSigner]:
    """
    Open what is configured.

    Raises `KeystoreError` for a keystore that cannot be opened, `ValueError` for an address or a
    key that is none. A remote signer is not asked before it has to sign.
    """
    match settings:
        case KeystoreSettings(keystore=keystore, password_file=password_file):
            yield await KeystoreSigner.open(keystore, password_file)
        case RemoteSignerSettings(url=url, pubkey=pubkey, limits=limits):
            remote = RemoteSigner(url, pubkey, limits)
            try:
                yield remote
            finally:
                remote.close()


@dataclass(frozen=True, slots=True)
class EnvelopeSigner:
    """Sign envelopes as one validator, in the domain (32 bytes) of one fork of one network."""

    signer: ProofSigner
    index: ValidatorIndex
    domain: bytes
    guard: SigningGuard | None = None

    def signing_data(self, envelope: ExecutionProofEnvelope) -> SigningData:
        """Return what is signed; a proof of 4 MiB takes some 20 ms to hash."""
        return SigningData(hash_tree_root_envelope(envelope), self.domain)

    async def sign(
        self,
        envelope: ExecutionProofEnvelope,
        slot: Slot | None = None,
        *,
        allow_second: bool = False,
    ) -> SignedExecutionProofEnvelope:
        """
        Sign a proof; `slot` is its block's, and lets the guard forget it one day.

        Raises `SigningRefused` where the guard remembers another proof, and `CannotSign`.
        """
        data = await trio.to_thread.run_sync(self.signing_data, envelope)
        subject = ProofSubject(
            self.signer.pubkey, envelope.beacon_block_root, envelope.proof_type, slot
        )
        signature = await admit_and_sign(
            self.signer, self.guard, subject, data, allow_second=allow_second
        )
        return SignedExecutionProofEnvelope(envelope, self.index, signature)


async def admit_and_sign(
    signer: ProofSigner,
    guard: SigningGuard | None,
    subject: ProofSubject,
    data: SigningData,
    *,
    allow_second: bool = False,
) -> bytes:
    """
    Return a signature of 96 bytes over what the guard has entered before.

    Raises `SigningRefused` where the guard remembers another proof, and `CannotSign`.
    """
    if guard is not None:
        admit = partial(guard.admit, subject, data.signing_root, allow_second=allow_second)
        await trio.to_thread.run_sync(admit)
    return await signer.sign(data)
