"""
Name the revisions of EIP-8025 that networks speak, as presets.

A revision is one entry of `PROFILES`; nothing else in the package asks for a profile's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ProfileName(StrEnum):
    """Name a revision of EIP-8025."""

    TEKU_SUBNET = "teku-subnet"
    FULU_DEVNET = "fulu-devnet"
    GLOAS_AUG = "gloas-aug"
    CS5566 = "cs5566"
    BETA4 = "beta4"
    EIP8440 = "eip8440"


class MessageKind(StrEnum):
    """Name the container that a proof is gossiped in."""

    SUBNET_PROOF = "ExecutionProof"
    SIGNED_PROOF = "SignedExecutionProof"
    SIGNED_ENVELOPE = "SignedExecutionProofEnvelope"
    SIGNED_CHAIN_PROOF = "SignedExecutionProof (EIP-8440)"


class ListKind(StrEnum):
    """Say how a list is merkleized; the bytes on the wire are the same."""

    BOUNDED = "list"
    PROGRESSIVE = "progressive-list"


class ContainerKind(StrEnum):
    """Say how a container is merkleized; the bytes on the wire are the same."""

    PLAIN = "container"
    PROGRESSIVE = "progressive-container"


class PublicInputKind(StrEnum):
    """Name what the public input of a proof holds."""

    NONE = "none"
    # `new_payload_request_root` alone.
    REQUEST_ROOT = "request-root"
    # The root, `successful_validation`, `chain_id` and `schema_id`.
    VALIDATION_RESULT = "validation-result"
    # The roots of two beacon blocks, `chain_id` and `schema_id`.
    CHAIN = "chain"


class PayloadFork(StrEnum):
    """Name the fork whose `ExecutionPayload` and `ExecutionRequests` a request is made of."""

    FULU = "fulu"
    GLOAS = "gloas"


# What a message weighs beside its `proof_data`: fixed parts, and the offsets to what varies.
_OVERHEAD_BYTES: Final[Mapping[MessageKind, int]] = {
    MessageKind.SUBNET_PROOF: 84,
    MessageKind.SIGNED_PROOF: 145,
    MessageKind.SIGNED_ENVELOPE: 145,
    MessageKind.SIGNED_CHAIN_PROOF: 177,
}


@dataclass(frozen=True, slots=True)
class ProofProfile:
    """
    Hold what one revision fixes.

    `proof_data`, `versioned_hashes` and `new_payload_request` are independent switches: a network
    that turned only one of them is `dataclasses.replace` of a preset. `domain_type` has four
    bytes; None means that messages are not signed. `former_domain_types` were used earlier under
    the same revision, and are never signed with.
    """

    name: ProfileName
    message: MessageKind
    domain_type: bytes | None
    max_proof_bytes: int
    proof_data: ListKind
    versioned_hashes: ListKind
    new_payload_request: ContainerKind
    payload_fork: PayloadFork
    public_input: PublicInputKind
    public_input_on_wire: bool
    topic_names: tuple[str, ...]
    has_req_resp: bool
    former_domain_types: tuple[bytes, ...] = ()

    @property
    def max_message_bytes(self) -> int:
        """Bound the SSZ of a message; one byte more is refused before anything is decoded."""
        return self.max_proof_bytes + _OVERHEAD_BYTES[self.message]

    @property
    def is_signed(self) -> bool:
        """Tell whether messages carry a validator's signature."""
        return self.domain_type is not None


_FULU_DOMAIN: Final = bytes.fromhex("0d000000")
_JUNE_DOMAIN: Final = bytes.fromhex("0e000000")
_DOMAIN: Final = bytes.fromhex("0f000000")
_TOPIC: Final = ("execution_proof",)
_MIB: Final = 1 << 20

_PRESETS: Final = (
    # Consensys/teku, 2025: a proof system is a subnet; nobody signs, no payload request.
    ProofProfile(
        name=ProfileName.TEKU_SUBNET,
        message=MessageKind.SUBNET_PROOF,
        domain_type=None,
        max_proof_bytes=_MIB,
        proof_data=ListKind.BOUNDED,
        versioned_hashes=ListKind.BOUNDED,
        new_payload_request=ContainerKind.PLAIN,
        payload_fork=PayloadFork.FULU,
        public_input=PublicInputKind.NONE,
        public_input_on_wire=False,
        topic_names=tuple(f"execution_proof_{subnet}" for subnet in range(8)),
        has_req_resp=False,
    ),
    # consensus-specs #4914 (12 February 2026) to #5162 (25 April 2026), whose bound is the larger.
    ProofProfile(
        name=ProfileName.FULU_DEVNET,
        message=MessageKind.SIGNED_PROOF,
        domain_type=_FULU_DOMAIN,
        max_proof_bytes=400 << 10,
        proof_data=ListKind.BOUNDED,
        versioned_hashes=ListKind.BOUNDED,
        new_payload_request=ContainerKind.PLAIN,
        payload_fork=PayloadFork.FULU,
        public_input=PublicInputKind.REQUEST_ROOT,
        public_input_on_wire=True,
        topic_names=_TOPIC,
        has_req_resp=True,
    ),
    # consensus-specs #5290 (3 June 2026) as it stood after #5359 (domain) and #4630 (lists).
    ProofProfile(
        name=ProfileName.GLOAS_AUG,
        message=MessageKind.SIGNED_PROOF,
        domain_type=_DOMAIN,
        former_domain_types=(_JUNE_DOMAIN,),
        max_proof_bytes=4 * _MIB,
        proof_data=ListKind.PROGRESSIVE,
        versioned_hashes=ListKind.BOUNDED,
        new_payload_request=ContainerKind.PLAIN,
        payload_fork=PayloadFork.GLOAS,
        public_input=PublicInputKind.REQUEST_ROOT,
        public_input_on_wire=True,
        topic_names=_TOPIC,
        has_req_resp=True,
    ),
    # consensus-specs #5566 (28 August 2026).
    ProofProfile(
        name=ProfileName.CS5566,
        message=MessageKind.SIGNED_ENVELOPE,
        domain_type=_DOMAIN,
        max_proof_bytes=4 * _MIB,
        proof_data=ListKind.PROGRESSIVE,
        versioned_hashes=ListKind.BOUNDED,
        new_payload_request=ContainerKind.PROGRESSIVE,
        payload_fork=PayloadFork.GLOAS,
        public_input=PublicInputKind.VALIDATION_RESULT,
        public_input_on_wire=False,
        topic_names=_TOPIC,
        has_req_resp=False,
    ),
    # consensus-specs v1.7.0-beta.4 (#5593, #5619, #5639). The request is the one that proofs are
    # made of: in EIP-8025's section on the execution layer, execution-specs and the guests it is a
    # plain container with progressive hashes. The consensus text has it the other way round.
    ProofProfile(
        name=ProfileName.BETA4,
        message=MessageKind.SIGNED_ENVELOPE,
        domain_type=_DOMAIN,
        max_proof_bytes=4 * _MIB,
        proof_data=ListKind.BOUNDED,
        versioned_hashes=ListKind.PROGRESSIVE,
        new_payload_request=ContainerKind.PLAIN,
        payload_fork=PayloadFork.GLOAS,
        public_input=PublicInputKind.VALIDATION_RESULT,
        public_input_on_wire=False,
        topic_names=_TOPIC,
        has_req_resp=False,
    ),
    # consensus-specs specs/_features/eip8440, over beta4: a proof of a whole chain.
    ProofProfile(
        name=ProfileName.EIP8440,
        message=MessageKind.SIGNED_CHAIN_PROOF,
        domain_type=_DOMAIN,
        max_proof_bytes=4 * _MIB,
        proof_data=ListKind.BOUNDED,
        versioned_hashes=ListKind.PROGRESSIVE,
        new_payload_request=ContainerKind.PLAIN,
        payload_fork=PayloadFork.GLOAS,
        public_input=PublicInputKind.CHAIN,
        public_input_on_wire=False,
        topic_names=_TOPIC,
        has_req_resp=False,
    ),
)

PROFILES: Final[Mapping[ProfileName, ProofProfile]] = MappingProxyType(
    {preset.name: preset for preset in _PRESETS}
)
DEFAULT_PROFILE: Final = PROFILES[ProfileName.BETA4]
