"""Sign this node's own proofs: the guard first, then the key; the guard is pruned at finality."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import trio

from zkattest.machines.proof_events import SignatureMade
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_signer import SignerConfig
from zkattest.node.loop import SystemClock
from zkattest.node.proof_signing import admit_and_sign, open_signer
from zkattest.ports import Clock, ProofSigner, SigningGuard
from zkattest.signers import KeystoreError
from zkattest.spec.answers import Fault, Refused
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.reasons import show_operands
from zkattest.spec.signing import CannotSign, ProofSubject, SigningData, SigningRefused
from zkattest.store import SigningGuardError, SqliteSigningGuard
from zkattest.telemetry import Observer
from zkattest.types.ids import Slot, ValidatorIndex
from zkattest.types.proof_messages import (
    ProofContent,
    SubnetExecutionProof,
    decode_message,
    encode_message,
    unsigned_message,
)
from zkattest.types.proof_profiles import ProofProfile


class SignerError(Exception):
    """Say which field of `[signer]` names what cannot be used."""

    def __init__(self, field: str, detail: str) -> None:
        """Keep the field of the configuration apart."""
        super().__init__(detail)
        self.field = field


@dataclass(slots=True)
class OwnSigner:
    """Sign messages as one validator, in the domain of each slot's fork."""

    profile: ProofProfile
    index: ValidatorIndex
    signer: ProofSigner
    guard: SigningGuard
    domain_at: Callable[[Slot], bytes]
    slots: SlotClock
    observer: Observer
    clock: Clock = field(default_factory=SystemClock)
    trouble: str | None = None
    """What kept the last signature away; nothing where there was one, or none was asked for."""
    forgotten_before: Slot = field(default_factory=lambda: Slot(0))

    def unsigned(self, content: ProofContent) -> bytes:
        """Return a message of ours as SSZ, zeros in place of its signature."""
        return encode_message(self.profile, unsigned_message(self.profile, content, self.index))

    def check(self, data: bytes, slot: Slot | None) -> bytes:
        """
        Ask the guard about a message, and return the root of what is signed of it; blocks.

        Raises `SigningRefused` and `CannotSign`, before anything is verified.
        """
        subject, signing_data = self._subject(data, slot)
        self.guard.check(subject, signing_data.signing_root)
        return bytes(signing_data.object_root)

    async def sign(self, data: bytes, slot: Slot) -> SignatureMade | Refused | Fault:
        """Sign a message for a block of this slot; never raises for what guard or signer say."""
        subject, signing_data = await trio.to_thread.run_sync(self._subject, data, slot)
        try:
            signature = await admit_and_sign(self.signer, self.guard, subject, signing_data)
        except SigningRefused as refusal:
            shown = show_operands(refusal).items()
            return Refused(refusal.reason, ", ".join(f"{name}={value}" for name, value in shown))
        except CannotSign as failure:
            self.trouble = str(failure)
            return Fault(failure.cause, failure.detail)
        self.trouble = None
        message = decode_message(self.profile, data)
        if isinstance(message, SubnetExecutionProof):
            raise TypeError(f"{self.profile.name}: messages are not signed")
        return SignatureMade(encode_message(self.profile, replace(message, signature=signature)))

    async def forget(self, before_slot: Slot) -> None:
        """
        Forget what was signed for finalized slots; a fault is told and tried again next time.

        A slot that is yet to come cannot be final. The mark stays in the guard for good, so a node
        that tells nonsense must not be able to move it there.
        """
        present = self.slots.slot_at(self.clock.now_ms())
        if before_slot > present:
            self.observer.event("finality_in_future", slot=before_slot, present=present)
            return
        try:
            entries = await trio.to_thread.run_sync(self.guard.forget, before_slot)
        except CannotSign as failure:
            self.observer.event("guard_not_pruned", slot=before_slot, detail=str(failure))
            return
        self.forgotten_before = max(self.forgotten_before, before_slot)
        self.observer.event("guard_pruned", before_slot=before_slot, entries=entries)

    def _subject(self, data: bytes, slot: Slot | None) -> tuple[ProofSubject, SigningData]:
        proof = read_gossiped_proof(self.profile, data)
        known = self.slots.slot_at(self.clock.now_ms()) if slot is None else slot
        signing_data = SigningData(proof.root, self.domain_at(known))
        return ProofSubject(self.signer.pubkey, proof.subject, proof.proof_type, slot), signing_data


@asynccontextmanager
async def open_own_signer(
    config: SignerConfig,
    profile: ProofProfile,
    domain_at: Callable[[Slot], bytes],
    slots: SlotClock,
    observer: Observer,
) -> AsyncIterator[OwnSigner]:
    """Open key and guard until left; raise `SignerError` for what cannot be used."""
    try:
        guard = await trio.to_thread.run_sync(SqliteSigningGuard, config.guard)
    except SigningGuardError as error:
        raise SignerError("signer.guard", str(error)) from error
    try:
        async with open_signer(config.signer) as signer:
            forgotten = await trio.to_thread.run_sync(guard.forgotten_before)
            yield OwnSigner(
                profile=profile,
                index=config.validator_index,
                signer=signer,
                guard=guard,
                domain_at=domain_at,
                slots=slots,
                observer=observer,
                forgotten_before=forgotten,
            )
    except KeystoreError as error:
        raise SignerError("signer.keystore", str(error)) from error
    finally:
        guard.close()
