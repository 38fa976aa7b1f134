"""
Run the machine of EIP-8025 proof gossip beside a consensus node.

What is found out is saved before the network hears of it. A store that fails costs a second
verification after a restart and nothing else, so it ends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import get_args

import trio

from zkattest.crypto import bls
from zkattest.crypto.hashing import signing_root
from zkattest.machines.events import (
    ProofChecked,
    ProofReceived,
    ReportGossip,
    SignatureChecked,
    TimePassed,
    VerifyProof,
    WakeAt,
)
from zkattest.machines.proof_events import (
    CheckProofSignature,
    ForgetSignatures,
    LookUpValidator,
    OwnProofAnswered,
    OwnProofStatus,
    ProofEffect,
    ProofEvent,
    ProofSaveEffect,
    ProofSettled,
    ProofSigned,
    ProofSubmitted,
    PublishProof,
    SignatureMade,
    SignProof,
    ValidatorAnswered,
)
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.journal import write_verdict
from zkattest.node.loop import MachineLoop, SystemClock
from zkattest.node.own_signer import OwnSigner
from zkattest.ports import ChainFeed, Clock, Network, ProofChecker, ProofKeeper, ValidatorView
from zkattest.spec.answers import Fault, Refused, SignatureOutcome, SignatureValid
from zkattest.spec.reasons import Cause, Reason
from zkattest.store import StoreError
from zkattest.telemetry import Measure, Observer
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import Epoch, Slot

SLOTS_PER_EPOCH = 32
_SAVED = get_args(ProofSaveEffect)


@dataclass(slots=True)
class ProofGossipRunner:
    """Drive one machine with real answers."""

    machine: ProofGossipMachine
    network: Network
    validators: ValidatorView
    proofs: ProofChecker
    feed: ChainFeed
    domain_at: Callable[[Slot], bytes]
    """Give the domain that proofs of a slot's epoch are signed in."""
    observer: Observer
    slots: SlotClock
    store: ProofKeeper | None = None
    clock: Clock = field(default_factory=SystemClock)
    slots_per_epoch: int = SLOTS_PER_EPOCH
    signer: OwnSigner | None = None
    on_effect: Callable[[ProofEffect], None] | None = None
    """Hear of every effect before it is performed."""
    _waiters: dict[bytes, list[trio.MemorySendChannel[OwnProofAnswered]]] = field(
        default_factory=dict
    )
    _intake: trio.CancelScope = field(default_factory=trio.CancelScope)
    _loop: MachineLoop[ProofEvent, ProofEffect] = field(init=False)
    _nursery: trio.Nursery = field(init=False)

    def __post_init__(self) -> None:
        """Wire the loop."""
        self._loop = MachineLoop(self.machine.handle, self._perform, TimePassed(), self.clock)

    async def run(self, messages: trio.MemoryReceiveChannel[GossipMessage]) -> None:
        """Judge proofs until cancelled; a bug in any part ends the node."""
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._listen, messages)
            self._nursery.start_soon(self.feed.follow, self._loop.tell)
            await self._loop.run()

    async def tell(self, event: ProofEvent) -> None:
        """Tell the machine something from elsewhere."""
        await self._loop.tell(event)

    async def submit(self, message: GossipMessage) -> OwnProofAnswered:
        """
        Have a proof of ours verified, signed and published; return the first word about it.

        Whoever waits for the same message gets the same answer. Leaving early ends nothing but
        the wait.
        """
        send, receive = trio.open_memory_channel[OwnProofAnswered](1)
        waiting = self._waiters.setdefault(message.message_id, [])
        waiting.append(send)
        try:
            await self._loop.tell(ProofSubmitted(message))
            return await receive.receive()
        finally:
            waiting.remove(send)
            if not waiting and self._waiters.get(message.message_id) is waiting:
                del self._waiters[message.message_id]

    @property
    def is_draining(self) -> bool:
        """Tell whether nothing more is taken."""
        return self._intake.cancel_called

    @property
    def queued(self) -> int:
        """Count the events that wait for the machine."""
        return self._loop.queued

    @property
    def at_work(self) -> int:
        """Count the proofs between arrival and verdict; those that wait for a block aside."""
        return self.machine.queued["in_progress"]

    async def drain(self) -> None:
        """Take no more messages, and return when every proof at work has its verdict."""
        self._intake.cancel()
        await self._loop.wait_until_idle(lambda: self.at_work)

    async def _listen(self, messages: trio.MemoryReceiveChannel[GossipMessage]) -> None:
        with self._intake:
            async for message in messages:
                await self._loop.tell(ProofReceived(message))

    # --- Effects ------------------------------------------------------------------------------

    async def _perform(self, effects: list[ProofEffect]) -> None:
        await self._save([effect for effect in effects if isinstance(effect, _SAVED)])
        for effect in effects:
            if self.on_effect is not None:
                self.on_effect(effect)
            self._perform_one(effect)

    def _perform_one(self, effect: ProofEffect) -> None:
        match effect:
            case LookUpValidator():
                self._nursery.start_soon(self._look_up, effect)
            case CheckProofSignature():
                self._nursery.start_soon(self._check_signature, effect)
            case VerifyProof():
                self._nursery.start_soon(self._verify, effect)
            case ReportGossip(message_id=message_id, verdict=verdict):
                self.network.report(message_id, verdict)
                write_verdict(self.observer, effect)
            case PublishProof(topic=topic, data=data):
                self.network.publish(topic, data)
            case ProofSettled():
                self._tell_settled(effect)
            case SignProof() if self.signer is not None:
                self._nursery.start_soon(self._sign, self.signer, effect)
            case ForgetSignatures(before_slot=slot) if self.signer is not None:
                self._nursery.start_soon(self.signer.forget, slot)
            case OwnProofAnswered():
                self._tell_answered(effect)
            case WakeAt(time_ms=time_ms):
                self._loop.wake_at(time_ms)
            case _:
                pass

    async def _save(self, effects: Sequence[ProofSaveEffect]) -> None:
        if self.store is None or not effects:
            return
        try:
            await trio.to_thread.run_sync(self.store.save, effects)
        except StoreError as failure:
            self.observer.event("proofs_not_kept", detail=str(failure), effects=len(effects))

    async def _look_up(self, effect: LookUpValidator) -> None:
        epoch = Epoch(effect.slot // self.slots_per_epoch)
        outcome = await self.validators.validator_at(effect.index, epoch)
        await self._loop.tell(ValidatorAnswered(effect.job, outcome))

    async def _check_signature(self, effect: CheckProofSignature) -> None:
        outcome = await trio.to_thread.run_sync(self._signature, effect)
        await self._loop.tell(SignatureChecked(effect.job, outcome))

    def _signature(self, effect: CheckProofSignature) -> SignatureOutcome:
        root = signing_root(effect.message_root, self.domain_at(effect.slot))
        if bls.verify(effect.pubkey, root, effect.signature):
            return SignatureValid()
        return Refused(Reason.MESSAGE_SIGNATURE_INVALID)

    async def _verify(self, effect: VerifyProof) -> None:
        outcome, verify_ms = await self.proofs.verify_proof(effect)
        await self._loop.tell(ProofChecked(effect.job, outcome, verify_ms))

    async def _sign(self, signer: OwnSigner, effect: SignProof) -> None:
        outcome: SignatureMade | Refused | Fault
        if self.network.subscribers(effect.topic):
            outcome = await signer.sign(effect.data, effect.slot)
        else:
            # What nobody hears is not published; it is tried again as any other fault is.
            outcome = Fault(Cause.BACKEND_UNAVAILABLE, "no peer has subscribed to proofs")
        await self._loop.tell(ProofSigned(effect.job, outcome))

    # --- What an observer hears ---------------------------------------------------------------

    def _tell_settled(self, effect: ProofSettled) -> None:
        if effect.verify_ms is not None:
            self.observer.count(Measure.PROOFS_VERIFIED, effect.reason or effect.verdict)
        late_ms = None
        if effect.slot is not None:
            late_ms = effect.arrived_at_ms - self.slots.deadline_ms(effect.slot)
        if late_ms is not None and effect.verdict is Verdict.ACCEPT:
            self.observer.observe_ms(Measure.PROOF_AFTER_DEADLINE_MS, late_ms)
        self.observer.event(
            "proof_settled",
            block_root=effect.subject,
            slot=effect.slot,
            proof_type=effect.proof_type,
            validator_index=effect.validator_index,
            verdict=effect.verdict,
            reason=effect.reason,
            cause=effect.cause,
            detail=effect.detail,
            verify_ms=effect.verify_ms,
            ms_after_deadline=late_ms,
            from_peer=effect.from_peer,
        )

    def _tell_answered(self, effect: OwnProofAnswered) -> None:
        """Answer whoever waits, and say it once for the log."""
        for waiter in self._waiters.get(effect.message_id, ()):
            with suppress(trio.WouldBlock):  # it has an answer, and has not gone yet
                waiter.send_nowait(effect)
        self.observer.count(Measure.OWN_PROOFS, effect.reason or effect.status)
        if effect.status is OwnProofStatus.PUBLISHED:
            self.observer.observe_ms(Measure.OWN_PROOF_PUBLISHED_MS, effect.elapsed_ms)
        self.observer.event(
            "own_proof",
            block_root=effect.subject,
            slot=effect.slot,
            proof_type=effect.proof_type,
            status=effect.status,
            is_kept=effect.is_kept,
            reason=effect.reason,
            cause=effect.cause,
            detail=effect.detail,
            elapsed_ms=effect.elapsed_ms,
        )
