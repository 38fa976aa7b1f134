"""
Keep the proofs that this node is to sign and publish, from submission to their last answer.

What a proof lacks may come: its block, its payload, a verifier or a signer that does not answer
now. Until then the proof is kept, and tried again, at the news of its block or after a pause that
grows. Nothing that was accepted is dropped without an answer that says so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from zkattest.machines.proof_events import (
    DropWaiting,
    KeepWaiting,
    OwnProofAnswered,
    OwnProofStatus,
    ProofEffect,
    PublishProof,
    WaitingProof,
)
from zkattest.machines.reports import cause_of, detail_of
from zkattest.spec.answers import ProofValid
from zkattest.spec.proof_gossip import GossipedProof
from zkattest.spec.reasons import GossipIgnore, Reason, Refusal
from zkattest.types.gossip import GossipMessage
from zkattest.types.ids import PeerName, ProofType, Root, Slot

# In place of a peer's name. Peers are named by base58, which has no blanks.
OURS: Final = PeerName("this node")

# What later may make good, and how an answer calls it meanwhile.
_RETRIED: Final = {
    Reason.UNKNOWN_BLOCK: OwnProofStatus.WAITING,
    Reason.PAYLOAD_UNAVAILABLE: OwnProofStatus.WAITING,
    Reason.NOT_CHECKED: OwnProofStatus.NOT_CHECKED,
    Reason.QUEUE_FULL: OwnProofStatus.NOT_CHECKED,
    Reason.BUDGET_SPENT: OwnProofStatus.NOT_CHECKED,
    Reason.NOT_SIGNED: OwnProofStatus.NOT_SIGNED,
}
_KNOWN: Final = frozenset(
    {Reason.PROOF_ALREADY_KNOWN, Reason.PROOF_ALREADY_SEEN, Reason.DUPLICATE_FROM_VALIDATOR}
)


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """Bound what is kept, and say how often it is tried again."""

    keep_ms: int = 1_800_000
    proofs: int = 16
    total_bytes: int = 64 << 20
    first_pause_ms: int = 1_000
    longest_pause_ms: int = 32_000


@dataclass(frozen=True, slots=True)
class OwnValidator:
    """Say whose proofs are published here: the key (48 bytes) of the signer."""

    pubkey: bytes
    limits: OwnLimits = field(default_factory=OwnLimits)


@dataclass(slots=True)
class OwnProof:
    """Hold one proof between its submission and its last answer."""

    message: GossipMessage
    arrived_at_ms: int
    until_ms: int
    wake_at_ms: int
    pause_ms: int
    is_at_work: bool = False
    is_saved: bool = False
    subject: Root | None = None
    engine_answer: ProofValid | None = None


@dataclass(slots=True)
class OwnProofs:
    """Keep proofs by the names of their messages."""

    limits: OwnLimits
    _kept: dict[bytes, OwnProof] = field(default_factory=dict)

    def add(self, message: GossipMessage, now_ms: int) -> OwnProof | None:
        """
        Take a proof in, or one that waits out; None where it is at work already.

        Raises `GossipIgnore` where there is no room for it.
        """
        own = self._kept.get(message.message_id)
        if own is not None:
            return None if own.is_at_work else own
        size = sum(len(each.message.data) for each in self._kept.values()) + len(message.data)
        # [IGNORE] There is room for one more.
        if len(self._kept) >= self.limits.proofs or size > self.limits.total_bytes:
            raise GossipIgnore(Reason.QUEUE_FULL, own_proofs=len(self._kept))
        return self._enter(message, now_ms, now_ms + self.limits.keep_ms, now_ms)

    def restore(self, proof: WaitingProof) -> None:
        """Take in what an earlier run has kept; it is tried at once."""
        message = GossipMessage(proof.topic, proof.data, proof.message_id, str(proof.from_peer))
        own = self._enter(message, proof.arrived_at_ms, proof.until_ms, 0)
        own.subject, own.is_saved = proof.subject, True

    def woken_by(self, subject: Root) -> list[OwnProof]:
        """Return what may go on now that something is known of a block."""
        return [own for own in self._idle() if own.subject == subject]

    def due(self, now_ms: int) -> list[OwnProof]:
        """Return what has paused for long enough."""
        return [own for own in self._idle() if own.wake_at_ms <= now_ms]

    def next_wake_ms(self) -> int | None:
        """Say when the next of them has."""
        return min((own.wake_at_ms for own in self._idle()), default=None)

    def remember(self, message_id: bytes, answer: ProofValid) -> None:
        """Keep what the engine said, so that a signer's silence costs no second verification."""
        self._kept[message_id].engine_answer = answer

    def engine_answer(self, message_id: bytes) -> ProofValid | None:
        """Return what the engine said before."""
        return self._kept[message_id].engine_answer

    def settle(
        self,
        message: GossipMessage,
        proof: GossipedProof | None,
        slot: Slot | None,
        refusal: Refusal | None,
        valid_types: Collection[ProofType],
        now_ms: int,
    ) -> list[ProofEffect]:
        """Say what became of an attempt: published, refused for good, or kept for another one."""
        own = self._kept.get(message.message_id)
        status = _status(refusal, proof is not None and proof.proof_type in valid_types)
        is_kept = (
            own is not None
            and refusal is not None
            and refusal.reason in _RETRIED
            and now_ms < own.until_ms
        )
        effects: list[ProofEffect] = []
        if own is not None:
            effects += self._keep(own, proof, now_ms) if is_kept else self._let_go(own)
        if refusal is None:
            effects.append(PublishProof(message.topic, message.data))
        effects.append(
            OwnProofAnswered(
                message_id=message.message_id,
                subject=proof.subject if proof else None,
                slot=slot,
                proof_type=proof.proof_type if proof else None,
                status=status,
                is_kept=is_kept,
                elapsed_ms=now_ms - own.arrived_at_ms if own else 0,
                reason=refusal.reason if refusal else None,
                cause=cause_of(refusal),
                detail=detail_of(refusal),
            )
        )
        return effects

    def __len__(self) -> int:
        """Count the proofs."""
        return len(self._kept)

    def _enter(
        self, message: GossipMessage, arrived_at_ms: int, until_ms: int, wake_at_ms: int
    ) -> OwnProof:
        pause_ms = self.limits.first_pause_ms
        own = OwnProof(message, arrived_at_ms, until_ms, wake_at_ms, pause_ms)
        self._kept[message.message_id] = own
        return own

    def _idle(self) -> list[OwnProof]:
        return [own for own in self._kept.values() if not own.is_at_work]

    def _keep(self, own: OwnProof, proof: GossipedProof | None, now_ms: int) -> list[ProofEffect]:
        """Pause; what has not been saved yet is."""
        own.is_at_work = False
        own.subject = proof.subject if proof else own.subject
        own.wake_at_ms = min(now_ms + own.pause_ms, own.until_ms)
        own.pause_ms = min(2 * own.pause_ms, self.limits.longest_pause_ms)
        if own.is_saved or own.subject is None:
            return []
        own.is_saved = True
        message = own.message
        return [
            KeepWaiting(
                WaitingProof(
                    message_id=message.message_id,
                    topic=message.topic,
                    from_peer=OURS,
                    subject=own.subject,
                    arrived_at_ms=own.arrived_at_ms,
                    until_ms=own.until_ms,
                    data=message.data,
                )
            )
        ]

    def _let_go(self, own: OwnProof) -> list[ProofEffect]:
        del self._kept[own.message.message_id]
        return [DropWaiting(own.message.message_id)] if own.is_saved else []


def _status(refusal: Refusal | None, has_valid_type: bool) -> OwnProofStatus:  # noqa: FBT001
    if refusal is None:
        return OwnProofStatus.PUBLISHED
    if refusal.reason in _KNOWN and has_valid_type:
        return OwnProofStatus.ALREADY_KNOWN
    return _RETRIED.get(refusal.reason, OwnProofStatus.REFUSED)
