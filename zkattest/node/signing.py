"""Sign the network's messages: one domain a kind, separated by fork and network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from zkattest.crypto import bls
from zkattest.crypto.hashing import (
    compute_domain,
    fork_data_root,
    hash_tree_root_claim,
    hash_tree_root_delayed_block,
    hash_tree_root_envelope,
    signing_root,
)
from zkattest.spec.presets import (
    DOMAIN_DELAYED_BLOCK,
    DOMAIN_DELAYED_CLAIM,
    DOMAIN_EXECUTION_PROOF,
)
from zkattest.types.execution import ExecutionClaim
from zkattest.types.ids import Root, ValidatorIndex
from zkattest.types.wire import (
    DelayedBlock,
    ExecutionProofEnvelope,
    SignedDelayedBlock,
    SignedExecutionClaim,
    SignedExecutionProofEnvelope,
)

Message: TypeAlias = DelayedBlock | ExecutionProofEnvelope | ExecutionClaim


@dataclass(frozen=True, slots=True)
class ForkIdentity:
    """Separate the signatures of one fork of one network from all others."""

    fork_version: bytes
    genesis_validators_root: Root

    @property
    def fork_data_root(self) -> Root:
        """Return the root that both the domains and the fork digest come from."""
        return fork_data_root(self.fork_version, self.genesis_validators_root)

    @property
    def fork_digest(self) -> bytes:
        """Return the four bytes that stand in the names of topics."""
        return self.fork_data_root[:4]

    def signing_root(self, message: Message) -> Root:
        """Return what is signed for a message."""
        match message:
            case DelayedBlock():
                root, domain_type = hash_tree_root_delayed_block(message), DOMAIN_DELAYED_BLOCK
            case ExecutionProofEnvelope():
                root, domain_type = hash_tree_root_envelope(message), DOMAIN_EXECUTION_PROOF
            case ExecutionClaim():
                root, domain_type = hash_tree_root_claim(message), DOMAIN_DELAYED_CLAIM
        return signing_root(root, compute_domain(domain_type, self.fork_data_root))


@dataclass(frozen=True, slots=True)
class Signer:
    """Sign as one validator."""

    fork: ForkIdentity
    index: ValidatorIndex
    secret_key: bytes

    def block(self, message: DelayedBlock) -> SignedDelayedBlock:
        """Sign a block."""
        return SignedDelayedBlock(message, self.index, self._sign(message))

    def proof(self, message: ExecutionProofEnvelope) -> SignedExecutionProofEnvelope:
        """Sign a proof."""
        return SignedExecutionProofEnvelope(message, self.index, self._sign(message))

    def claim(self, message: ExecutionClaim) -> SignedExecutionClaim:
        """Sign a claim."""
        return SignedExecutionClaim(message, self.index, self._sign(message))

    def _sign(self, message: Message) -> bytes:
        return bls.sign(self.secret_key, self.fork.signing_root(message))
