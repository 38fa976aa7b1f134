"""Say which blocks of a consensus network are proven by the operator's policy."""

from __future__ import annotations

from dataclasses import dataclass, field

from zkattest.machines.proof_events import ForgetProofs, KeepProof, ProofEffect
from zkattest.machines.proof_gossip import ProofGossipMachine
from zkattest.machines.slot_clock import SlotClock
from zkattest.ports import Clock
from zkattest.spec.proof_policy import PolicyResult, TypePolicy
from zkattest.telemetry import Measure, Observer
from zkattest.types.ids import Root, Slot


@dataclass(slots=True)
class ProofStandings:
    """Hear of valid proofs, and tell once of each block that they are enough for."""

    policy: TypePolicy
    machine: ProofGossipMachine
    slots: SlotClock
    clock: Clock
    observer: Observer
    _proven: dict[Root, Slot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Judge what an earlier run has kept."""
        for subject in list(self.machine.blocks):
            self._look_at(subject)

    def hear(self, effect: ProofEffect) -> None:
        """Look at a block again when a proof of it was verified; forget what is forgotten."""
        match effect:
            case KeepProof(mark=mark) if mark.is_valid:
                self._look_at(mark.subject)
            case ForgetProofs():
                for subject in [root for root in self._proven if root not in self.machine.blocks]:
                    del self._proven[subject]
            case _:
                pass

    def take_up(self, policy: TypePolicy) -> None:
        """Judge every block anew, and tell of those that are proven no longer."""
        self.policy = policy
        for subject in list(self._proven):
            result = self.judge(subject)
            if result is None or result.is_proven:
                continue
            del self._proven[subject]
            excluded = [str(name) for name, _ in result.excluded]
            self.observer.count(Measure.PROOFS_LOST, ",".join(excluded))
            self.observer.event(
                "proof_lost",
                subject=subject,
                entries=excluded,
                policy=result.policy,
                reason=result.reason,
            )
        for subject in list(self.machine.blocks):
            self._look_at(subject)

    @property
    def newest(self) -> tuple[Root, Slot] | None:
        """Return the subject and slot of the newest block that is proven."""
        return max(self._proven.items(), key=lambda item: (item[1], item[0]), default=None)

    def judge(self, subject: Root) -> PolicyResult | None:
        """Say where a block stands now; None for one that is not known."""
        block = self.machine.blocks.get(subject)
        if block is None:
            return None
        ms_into_slot = self.clock.now_ms() - self.slots.start_ms(block.slot)
        return self.policy.judge(self.machine.valid_types(subject), ms_into_slot)

    def _look_at(self, subject: Root) -> None:
        result, block = self.judge(subject), self.machine.blocks.get(subject)
        if result is None or block is None or not result.is_proven or subject in self._proven:
            return
        self._proven[subject] = block.slot
        self.observer.event(
            "block_proven",
            subject=subject,
            slot=block.slot,
            policy=result.policy,
            programs=[str(name) for name in result.counted],
            weight=result.weight,
        )
