"""Read what the rules of gossip look at out of the message of any revision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from zkattest.crypto.proof_roots import hash_tree_root_content
from zkattest.spec.proof_gossip import (
    ORDER_BETA4,
    ORDER_CS5566,
    ORDER_PAYLOAD_REQUEST,
    GossipedProof,
    GossipRule,
)
from zkattest.types.errors import DecodeError
from zkattest.types.proof_messages import SignedExecutionProof, decode_message
from zkattest.types.proof_profiles import ProfileName, ProofProfile
from zkattest.types.wire import SignedExecutionProofEnvelope

# Of the others we know the messages, and no rules of gossip that we could follow: `teku-subnet`
# has no signer, and the public values of `eip8440` are about a chain of blocks.
GOSSIP_ORDERS: Final[Mapping[ProfileName, tuple[GossipRule, ...]]] = MappingProxyType(
    {
        ProfileName.FULU_DEVNET: ORDER_PAYLOAD_REQUEST,
        ProfileName.GLOAS_AUG: ORDER_PAYLOAD_REQUEST,
        ProfileName.CS5566: ORDER_CS5566,
        ProfileName.BETA4: ORDER_BETA4,
    }
)


def proof_decoder(profile: ProofProfile) -> Callable[[bytes], GossipedProof]:
    """
    Return what reads the gossip messages of a profile; it raises `DecodeError`.

    Raises ValueError for a profile whose proofs cannot be judged by one block.
    """
    if profile.name not in GOSSIP_ORDERS:
        raise ValueError(f"{profile.name}: no rules of gossip")
    return partial(read_gossiped_proof, profile)


def read_gossiped_proof(profile: ProofProfile, data: bytes) -> GossipedProof:
    """Decode a message and say what it is about; its root is hashed when a rule asks for it."""
    signed = decode_message(profile, data)
    match signed:
        case SignedExecutionProofEnvelope(message=envelope):
            subject = envelope.beacon_block_root
        case SignedExecutionProof(message=proof):
            subject = proof.public_input.new_payload_request_root
        case _:
            raise DecodeError("object", f"{profile.message} is about no single block")
    return GossipedProof(
        subject=subject,
        proof_type=signed.message.proof_type,
        proof_data=signed.message.proof_data,
        validator_index=signed.validator_index,
        signature=signed.signature,
        compute_root=partial(hash_tree_root_content, profile, signed.message),
    )
