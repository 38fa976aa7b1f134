"""Hold what all nodes of one network agree on, and read it from data."""

from __future__ import annotations

from dataclasses import dataclass

from zkattest.crypto.hashing import sha256
from zkattest.machines.settings import Anchor
from zkattest.machines.slot_clock import SlotClock
from zkattest.net import topic_string
from zkattest.node.signing import ForkIdentity
from zkattest.types.ids import ChainId, ProgramVk, ProofType, Root, ValidatorIndex
from zkattest.types.wire import (
    MAX_SIGNED_BLOCK_BYTES,
    MAX_SIGNED_CLAIM_BYTES,
    MAX_SIGNED_PROOF_BYTES,
)
from zkattest.verify.proof import ProofSystem


@dataclass(frozen=True, slots=True)
class Topics:
    """Name the three topics of a network."""

    block: str
    proof: str
    claim: str

    @classmethod
    def of(cls, fork_digest: bytes) -> Topics:
        """Spell the names for a fork."""
        return cls(
            block=topic_string(fork_digest, "delayed_block"),
            proof=topic_string(fork_digest, "delayed_execution_proof"),
            claim=topic_string(fork_digest, "delayed_execution_claim"),
        )

    def limits_bytes(self) -> dict[str, int]:
        """Give the largest decompressed message of each topic."""
        return {
            self.block: MAX_SIGNED_BLOCK_BYTES,
            self.proof: MAX_SIGNED_PROOF_BYTES,
            self.claim: MAX_SIGNED_CLAIM_BYTES,
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """Describe a network: its chain, its validators, its time and its proof types."""

    chain_id: ChainId
    fork_version: bytes
    anchor: Anchor
    clock: SlotClock
    pubkeys: tuple[bytes, ...]
    proposers: tuple[ValidatorIndex, ...]
    proof_types: dict[ProofType, tuple[ProofSystem, ProgramVk]]

    @property
    def fork(self) -> ForkIdentity:
        """Give the fork's identity; the devnet's validators root is the hash of all their keys."""
        return ForkIdentity(self.fork_version, Root(sha256(b"".join(self.pubkeys))))

    @property
    def topics(self) -> Topics:
        """Name the topics."""
        return Topics.of(self.fork.fork_digest)

    @property
    def network_id(self) -> str:
        """Tell this network from others, its genesis included; a store is bound to it."""
        fork, anchor = self.fork.fork_data_root.hex(), self.anchor.block_hash.hex()
        return f"{fork}-{anchor}-{self.clock.genesis_time_ms}"
