"""
Decide which proof is verified next, and which is not worth the time.

A validator's key costs 32 ETH and one signature costs it nothing, so a signed proof may be
garbage. Three things keep that cheap. Time is rationed, by validator, by peer and in all. The
proofs of the head come first. Among equals the order is: validators who have sent no invalid
proof lately, then each validator's first proof before anybody's second. So one spammer, however
much it sends, is before an honest proof with one verification at most.

Where verifying takes seconds, a proof is charged before it runs: rations that are charged
afterwards alone would let in as many as wait. And such proofs never hold the last verifier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from zkattest.machines.events import JobId
from zkattest.spec.reasons import GossipIgnore, Reason
from zkattest.types.ids import PeerName, Root, ValidatorIndex

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Say how much time may be spent at once, and how much of each second comes back."""

    at_once_ms: float
    per_second_ms: float


@dataclass(frozen=True, slots=True)
class VerificationLimits:
    """Bound the time that verifying takes, and what waits for it."""

    by_validator: Allowance = Allowance(1_000, 50)
    by_peer: Allowance = Allowance(4_000, 400)
    in_all: Allowance = Allowance(8_000, 1_000)
    # Of the time for all, what only proofs of the head may use.
    reserved_for_head_ms: float = 4_000
    parallel: int = 2
    queued: int = 64
    queued_per_validator: int = 8
    # Invalid proofs are held against their validator for so long, in the order only.
    suspicion_ms: int = 384_000


@dataclass(frozen=True, slots=True)
class QueuedProof:
    """Hold what decides a proof's turn."""

    job: JobId
    subject: Root
    validator_index: ValidatorIndex
    from_peer: PeerName
    dear_ms: float = 0.0
    """What it is charged until it was verified, where verifying is dear; 0 where it is not."""
    is_ours: bool = False
    """Whether this machine made it: then it comes first, and no peer's ration is touched."""


@dataclass(slots=True)
class Ration(Generic[_Key]):
    """Keep the time that each of many has spent; it comes back with time."""

    allowance: Allowance
    _spent: dict[_Key, tuple[float, int]] = field(default_factory=dict)

    def left_ms(self, key: _Key, now_ms: int) -> float:
        """Say how much may be spent now; below zero after something dear."""
        spent_ms, at_ms = self._spent.get(key, (0.0, now_ms))
        returned_ms = (now_ms - at_ms) * self.allowance.per_second_ms / 1_000
        return self.allowance.at_once_ms - max(0.0, spent_ms - returned_ms)

    def spend(self, key: _Key, cost_ms: float, now_ms: int) -> None:
        """Charge time to somebody, or give some back."""
        spent_ms = self.allowance.at_once_ms - self.left_ms(key, now_ms) + cost_ms
        self._spent[key] = (spent_ms, now_ms)

    def forget_idle(self, now_ms: int) -> None:
        """Drop those who have everything back."""
        for key in list(self._spent):
            if self.left_ms(key, now_ms) >= self.allowance.at_once_ms:
                del self._spent[key]

    def __len__(self) -> int:
        """Count who has spent something."""
        return len(self._spent)


@dataclass(slots=True)
class VerificationQueue:
    """Hold proofs that passed every cheap rule until one of a few verifiers is free."""

    limits: VerificationLimits
    head: Root | None = None
    _waiting: dict[JobId, tuple[QueuedProof, int]] = field(default_factory=dict)
    _running: dict[JobId, QueuedProof] = field(default_factory=dict)
    _outstanding: Counter[ValidatorIndex] = field(default_factory=Counter)
    _invalid: dict[ValidatorIndex, tuple[int, int]] = field(default_factory=dict)
    _validators: Ration[ValidatorIndex] = field(init=False)
    _peers: Ration[PeerName] = field(init=False)
    _all: Ration[None] = field(init=False)

    def __post_init__(self) -> None:
        """Start with nothing spent."""
        self._validators = Ration(self.limits.by_validator)
        self._peers = Ration(self.limits.by_peer)
        self._all = Ration(self.limits.in_all)

    def add(self, proof: QueuedProof, now_ms: int) -> None:
        """Take a proof in; raise `GossipIgnore` where there is no room or no time for it."""
        index = proof.validator_index
        if not proof.is_ours:
            self._require_room(proof, now_ms)
        self._waiting[proof.job] = (proof, self._outstanding[index])
        self._outstanding[index] += 1
        self._charge(proof, proof.dear_ms, now_ms)

    def _require_room(self, proof: QueuedProof, now_ms: int) -> None:
        index = proof.validator_index
        # [IGNORE] There is room for one more, of this validator and in all.
        if len(self._waiting) >= self.limits.queued:
            raise GossipIgnore(Reason.QUEUE_FULL, waiting=len(self._waiting))
        if self._outstanding[index] >= self.limits.queued_per_validator:
            raise GossipIgnore(Reason.QUEUE_FULL, validator_index=index)
        # [IGNORE] The validator and the peer have time left.
        if self._validators.left_ms(index, now_ms) <= 0:
            raise GossipIgnore(Reason.BUDGET_SPENT, validator_index=index)
        if self._peers.left_ms(proof.from_peer, now_ms) <= 0:
            raise GossipIgnore(Reason.BUDGET_SPENT, peer=proof.from_peer)
        # [IGNORE] So have all together; what is reserved goes to the head.
        reserved_ms = 0.0 if proof.subject == self.head else self.limits.reserved_for_head_ms
        if self._all.left_ms(None, now_ms) <= reserved_ms:
            raise GossipIgnore(Reason.BUDGET_SPENT)

    def start(self, now_ms: int) -> list[JobId]:
        """Choose what is verified now; each is to be answered by `finish`."""
        started = []
        while len(self._running) < self.limits.parallel and (ready := self._ready()):
            job = min(ready, key=lambda each: self._turn(each, now_ms))
            self._running[job] = self._waiting.pop(job)[0]
            started.append(job)
        return started

    def finish(self, job: JobId, cost_ms: float, now_ms: int, *, is_invalid: bool) -> None:
        """Charge what a verification took; remember whose proof was invalid."""
        proof = self._running.pop(job)
        index = proof.validator_index
        self._release(index)
        self._charge(proof, cost_ms - proof.dear_ms, now_ms)
        if is_invalid and not proof.is_ours:
            self._invalid[index] = (self._invalid_count(index, now_ms) + 1, now_ms)

    def drop(self, job: JobId, now_ms: int) -> bool:
        """Let a proof go that nobody needs any more; False where it does not wait here."""
        waiting = self._waiting.pop(job, None)
        if waiting is None:
            return False
        proof = waiting[0]
        self._release(proof.validator_index)
        self._charge(proof, -proof.dear_ms, now_ms)
        return True

    def forget_idle(self, now_ms: int) -> None:
        """Drop what is remembered of those who have been quiet."""
        self._validators.forget_idle(now_ms)
        self._peers.forget_idle(now_ms)
        for index in [one for one in self._invalid if not self._invalid_count(one, now_ms)]:
            del self._invalid[index]

    def __len__(self) -> int:
        """Count the proofs that wait."""
        return len(self._waiting)

    def _charge(self, proof: QueuedProof, cost_ms: float, now_ms: int) -> None:
        if cost_ms and not proof.is_ours:
            self._validators.spend(proof.validator_index, cost_ms, now_ms)
            self._peers.spend(proof.from_peer, cost_ms, now_ms)
            self._all.spend(None, cost_ms, now_ms)

    def _ready(self) -> list[JobId]:
        """List what may start: of several verifiers, dear proofs leave one to the others."""
        dear = sum(one.dear_ms > 0 for one in self._running.values())
        if dear < max(1, self.limits.parallel - 1):
            return list(self._waiting)
        return [job for job, (proof, _) in self._waiting.items() if not proof.dear_ms]

    def _turn(self, job: JobId, now_ms: int) -> tuple[bool, bool, int, int, JobId]:
        proof, before = self._waiting[job]
        invalid = self._invalid_count(proof.validator_index, now_ms)
        return not proof.is_ours, proof.subject != self.head, invalid, before, job

    def _invalid_count(self, index: ValidatorIndex, now_ms: int) -> int:
        count, at_ms = self._invalid.get(index, (0, now_ms))
        return count if now_ms - at_ms < self.limits.suspicion_ms else 0

    def _release(self, index: ValidatorIndex) -> None:
        self._outstanding[index] -= 1
        if not self._outstanding[index]:
            del self._outstanding[index]
