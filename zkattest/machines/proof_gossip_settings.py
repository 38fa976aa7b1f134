"""Hold what a machine of proof gossip is told: the revision, the proof types and the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from zkattest.machines.own_proofs import OwnValidator
from zkattest.machines.verification_queue import VerificationLimits
from zkattest.machines.waiting_proofs import WaitingLimits
from zkattest.spec.proof_gossip import GossipedProof, GossipRule
from zkattest.types.ids import ProofType
from zkattest.types.wire import MAX_PROOF_BYTES, MAX_SIGNED_PROOF_BYTES


@dataclass(frozen=True, slots=True)
class ProofGossipSettings:
    """Hold the revision's order and decoder, and the operator's limits."""

    order: tuple[GossipRule, ...]
    decode: Callable[[bytes], GossipedProof]
    """Decode a message of at most `max_message_bytes`; raises `DecodeError`."""
    proof_types: frozenset[ProofType]
    max_message_bytes: int = MAX_SIGNED_PROOF_BYTES
    max_proof_bytes: int = MAX_PROOF_BYTES
    # Messages between arrival and the engine's queue.
    jobs: int = 64
    jobs_per_peer: int = 16
    # Blocks remembered; beyond it the oldest go, finality or not.
    blocks: int = 4096
    verification: VerificationLimits = field(default_factory=VerificationLimits)
    dear_types: Mapping[ProofType, float] = field(default_factory=dict)
    """Types whose proofs are dear to verify, and what one is charged beforehand, in ms."""
    waiting: WaitingLimits = field(default_factory=WaitingLimits)
    own: OwnValidator | None = None
    """Who signs here, if anybody does."""
    revoked_types: frozenset[ProofType] = frozenset()
    """Types whose programs are trusted no longer."""
    programs: Mapping[ProofType, str] = field(default_factory=dict)
    """Names of the programs that the types stand for."""
