"""Tell an observer what a machine's effects mean: events, counts and durations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zkattest.machines.events import (
    BlockJudged,
    BlockStatus,
    ClaimProven,
    Decide,
    Effect,
    ParentSettled,
    ProofJudged,
    ProofLost,
    ReportGossip,
)
from zkattest.node.arrivals import ProofArrivals
from zkattest.ports import Network
from zkattest.telemetry import Measure, Observer
from zkattest.types.gossip import Verdict

# Thousands are remembered, and identities are free: a line holds those that matter most.
_MOST_SCORES: Final = 64


class Journal:
    """Write the events that a person, a test or the devnet reads."""

    def __init__(
        self, observer: Observer, network: Network, arrivals: ProofArrivals | None = None
    ) -> None:
        self._observer = observer
        self._network = network
        self._arrivals = arrivals

    def write(self, effect: Effect) -> None:
        """Write one effect, when it is one that tells something."""
        match effect:
            case BlockJudged():
                self._block(effect)
            case ProofJudged():
                self._proof(effect)
            case ClaimProven():
                self._claim(effect)
            case ProofLost():
                self._lost(effect)
            case ParentSettled(slot=slot, block_hash=block_hash, parent=parent):
                self._observer.event(
                    "parent_settled", slot=slot, block_hash=block_hash, parent=parent
                )
            case Decide():
                self._decision(effect)
            case ReportGossip():
                write_verdict(self._observer, effect)
            case _:
                pass

    def scores(self) -> None:
        """Write what we think of our peers."""
        self._observer.event("peer_scores", scores=worst(self._network.peer_scores()))

    def state_not_kept(self, detail: str) -> None:
        """Write that the local state could not be written."""
        self._observer.event("state_not_kept", detail=detail)

    def _block(self, effect: BlockJudged) -> None:
        self._observer.count(Measure.BLOCKS_CHECKED, effect.reason or effect.status)
        if effect.status is BlockStatus.VALID:
            self._observer.observe_ms(Measure.STATIC_CHECK_MS, effect.static_ms)
            if self._arrivals is not None:
                self._arrivals.block_judged(effect.block_hash, effect.slot)
        self._observer.event(
            "block_judged",
            slot=effect.slot,
            block_hash=effect.block_hash,
            number=effect.number,
            status=effect.status,
            reason=effect.reason,
            cause=effect.cause,
            detail=effect.detail,
            static_ms=round(effect.static_ms, 3),
            from_peer=effect.from_peer,
        )

    def _proof(self, effect: ProofJudged) -> None:
        self._observer.count(Measure.PROOFS_VERIFIED, effect.reason or effect.verdict)
        self._observer.event(
            "proof_judged",
            claimed_hash=effect.claimed_hash,
            root=effect.root,
            verdict=effect.verdict,
            reason=effect.reason,
            cause=effect.cause,
            detail=effect.detail,
            validator_index=effect.validator_index,
            arrived_at_ms=effect.arrived_at_ms,
            verify_ms=effect.verify_ms,
            from_peer=effect.from_peer,
        )

    def _claim(self, effect: ClaimProven) -> None:
        if self._arrivals is not None:
            self._arrivals.proof_arrived(effect.claim.block_hash, effect.arrived_at_ms)
        self._observer.event(
            "claim_proven",
            block_hash=effect.claim.block_hash,
            post_state_root=effect.claim.post_state_root,
            execution_reverted=effect.claim.execution_reverted,
            arrived_at_ms=effect.arrived_at_ms,
            verify_ms=effect.verify_ms,
            from_peer=effect.from_peer,
        )

    def _lost(self, effect: ProofLost) -> None:
        names = [str(name) for name, _ in effect.result.excluded]
        self._observer.count(Measure.PROOFS_LOST, ",".join(names))
        self._observer.event(
            "proof_lost",
            subject=effect.root,
            block_hash=effect.block_hash,
            entries=names,
            policy=effect.result.policy,
            reason=effect.result.reason,
        )

    def _decision(self, effect: Decide) -> None:
        self._observer.count(Measure.DECISIONS, effect.decision)
        self._observer.event(
            "decided",
            slot=effect.slot,
            decision=effect.decision,
            block_hash=effect.block_hash,
            block=effect.block,
            parent=effect.parent,
        )

    def after(self, effect: Effect) -> None:
        """Write scores once the network has heard of a refusal."""
        if isinstance(effect, ReportGossip) and effect.verdict is Verdict.REJECT:
            self.scores()


def write_verdict(observer: Observer, effect: ReportGossip) -> None:
    """Count the answer to a message and write it."""
    observer.count(Measure.GOSSIP_VERDICTS, effect.reason or effect.verdict)
    observer.event(
        "gossip_verdict",
        topic=effect.topic,
        message_id=effect.message_id,
        verdict=effect.verdict,
        reason=effect.reason,
        detail=effect.detail,
        from_peer=effect.from_peer,
    )


def worst(scores: Mapping[str, float]) -> dict[str, float]:
    """Return the lowest scores, at most so many as a line of the log holds."""
    return dict(sorted(scores.items(), key=lambda entry: entry[1])[:_MOST_SCORES])
