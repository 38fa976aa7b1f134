"""Hold what an attester is told once: its network, its policy and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from zkattest.machines.slot_clock import SlotClock
from zkattest.spec.proof_policy import TypePolicy
from zkattest.types.execution import ExecutionClaim, Header
from zkattest.types.ids import BlockHash, ChainId, ProofType, Slot, ValidatorIndex


class Policy(StrEnum):
    """Say what to do at the deadline with a block that may not be attested to yet."""

    ABSTAIN = "abstain"
    WAIT = "wait"
    FALL_BACK = "fall_back"


@dataclass(frozen=True, slots=True)
class Anchor:
    """Hold the block that is trusted without proof, and what its execution gave."""

    block_hash: BlockHash
    header: Header
    claim: ExecutionClaim


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what a peer, a validator and all of them together can make us hold or compute."""

    # A message may come this much before its slot (MAXIMUM_GOSSIP_CLOCK_DISPARITY).
    clock_disparity_ms: int = 500
    # Blocks and proofs of older slots are forgotten, and refused when they come again.
    history_slots: int = 256
    # Work in flight: a block, a proof or a claim between arrival and verdict.
    jobs: int = 64
    jobs_per_peer: int = 24
    # Signed messages of one validator in one slot: an honest one sends one of each kind.
    messages_per_validator_slot: int = 16
    # Blocks that a proposer may send in its slot while none of them can be checked.
    attempts_per_turn: int = 4
    # Blocks that wait for their parent, with witness: megabytes each.
    waiting_blocks: int = 8
    # Proven roots and claims held at a time; beyond it new ones are ignored, none dropped.
    roots: int = 4096
    claims: int = 4096


@dataclass(frozen=True, slots=True)
class AttesterSettings:
    """Hold the network's facts and the operator's choices."""

    chain_id: ChainId
    anchor: Anchor
    clock: SlotClock
    proposers: tuple[ValidatorIndex, ...]
    """Proposers in turn: slot s belongs to number s modulo the length."""
    validator_count: int
    proof_types: frozenset[ProofType]
    policy: Policy = Policy.ABSTAIN
    limits: Limits = field(default_factory=Limits)
    proof_policy: TypePolicy | None = None
    """Which proofs are enough for a block; None means one of any type."""

    def proposer_of(self, slot: Slot) -> ValidatorIndex:
        """Name the validator whose turn a slot is."""
        return self.proposers[slot % len(self.proposers)]
