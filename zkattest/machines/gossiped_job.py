"""Hold one gossiped proof between its arrival and its verdict."""

from __future__ import annotations

from dataclasses import dataclass

from zkattest.machines.own_proofs import OURS
from zkattest.spec.proof_gossip import GossipedProof, Validation
from zkattest.types.gossip import GossipMessage


@dataclass(slots=True)
class ProofJob:
    """Hold one validation in progress."""

    message: GossipMessage
    proof: GossipedProof
    validation: Validation
    arrived_at_ms: int
    until_ms: int
    was_saved: bool
    """Whether it waited through a restart: then nobody waits for its verdict."""
    verify_ms: float | None = None
    is_marked: bool = False
    is_outdated: bool = False
    """Whether its type has come to stand for another program meanwhile."""

    @property
    def is_ours(self) -> bool:
        """Tell whether this node is to sign and publish the proof."""
        return self.message.from_peer == OURS
