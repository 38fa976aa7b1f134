"""Say for each profile of EIP-8025 how its gossip messages are opened and in what order judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zkattest.crypto.proof_roots import hash_tree_root_content
from zkattest.spec.proof_gossip import (
    ORDER_BETA4,
    ORDER_CS5566,
    ORDER_PAYLOAD_REQUEST,
    GossipedProof,
    GossipRule,
)
from zkattest.types.ids import Root
from zkattest.types.proof_messages import (
    ExecutionProof,
    ProofContent,
    SubnetExecutionProof,
    decode_message,
)
from zkattest.types.proof_profiles import ProfileName, ProofProfile
from zkattest.types.wire import ExecutionProofEnvelope

# The other profiles have messages, but no text of theirs says how a gossiped one is judged:
# `teku-subnet` knows no signer, and `eip8440` names two blocks.
GOSSIP_ORDERS: Final[Mapping[ProfileName, tuple[GossipRule, ...]]] = {
    ProfileName.FULU_DEVNET: ORDER_PAYLOAD_REQUEST,
    ProfileName.GLOAS_AUG: ORDER_PAYLOAD_REQUEST,
    ProfileName.CS5566: ORDER_CS5566,
    ProfileName.BETA4: ORDER_BETA4,
}


def read_gossiped_proof(profile: ProofProfile, data: bytes) -> GossipedProof:
    """
    Open a message whose rules are known; its number of bytes is checked first.

    Raises `DecodeError`, and ValueError for a profile without an order of rules.
    """
    message = decode_message(profile, data)
    if isinstance(message, SubnetExecutionProof):
        raise ValueError(f"{profile.name}: no rules of gossip")  # noqa: TRY004 - of the profile
    content = message.message
    return GossipedProof(
        subject=_subject(profile, content),
        proof_type=content.proof_type,
        proof_data=content.proof_data,
        validator_index=message.validator_index,
        signature=message.signature,
        compute_root=lambda: hash_tree_root_content(profile, content),
    )


def _subject(profile: ProofProfile, content: ProofContent) -> Root:
    match content:
        case ExecutionProofEnvelope(beacon_block_root=root):
            return root
        case ExecutionProof(public_input=public_input):
            return public_input.new_payload_request_root
    raise ValueError(f"{profile.name}: no rules of gossip")
