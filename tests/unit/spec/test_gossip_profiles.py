"""Messages of each profile are opened as their rules need them."""

from dataclasses import replace

import pytest

from zkattest.crypto.proof_roots import hash_tree_root_content
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS, read_gossiped_proof
from zkattest.spec.proof_gossip import (
    ORDER_BETA4,
    ORDER_CS5566,
    ORDER_PAYLOAD_REQUEST,
    GossipRule,
)
from zkattest.types.errors import DecodeError
from zkattest.types.ids import BlockHash, ProofType, Root, ValidatorIndex
from zkattest.types.proof_messages import (
    ChainExecutionProof,
    ExecutionProof,
    ProofMessage,
    PublicInput,
    SignedChainExecutionProof,
    SignedExecutionProof,
    SubnetExecutionProof,
    encode_message,
)
from zkattest.types.proof_profiles import PROFILES, ListKind, ProfileName
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

SUBJECT, OTHER = Root(b"\xb1" * 32), Root(b"\xb2" * 32)
SIGNER = (ValidatorIndex(7), b"\x05" * 96)
ENVELOPE = ExecutionProofEnvelope(b"proof", ProofType(2), SUBJECT)
OLD = ExecutionProof(b"proof", ProofType(2), PublicInput(SUBJECT))
MESSAGES: dict[ProfileName, ProofMessage] = {
    ProfileName.FULU_DEVNET: SignedExecutionProof(OLD, *SIGNER),
    ProfileName.GLOAS_AUG: SignedExecutionProof(OLD, *SIGNER),
    ProfileName.CS5566: SignedExecutionProofEnvelope(ENVELOPE, *SIGNER),
    ProfileName.BETA4: SignedExecutionProofEnvelope(ENVELOPE, *SIGNER),
}


def test_orders__are_those_of_the_texts():
    assert GOSSIP_ORDERS == {
        ProfileName.FULU_DEVNET: ORDER_PAYLOAD_REQUEST,
        ProfileName.GLOAS_AUG: ORDER_PAYLOAD_REQUEST,
        ProfileName.CS5566: ORDER_CS5566,
        ProfileName.BETA4: ORDER_BETA4,
    }


@pytest.mark.parametrize("name", MESSAGES, ids=str)
def test_message__opened(name):
    profile, message = PROFILES[name], MESSAGES[name]
    proof = read_gossiped_proof(profile, encode_message(profile, message))
    assert proof.subject == SUBJECT
    assert (proof.proof_type, proof.proof_data) == (2, b"proof")
    assert (proof.validator_index, proof.signature) == SIGNER
    assert proof.root == hash_tree_root_content(profile, message.message)


def test_message__has_the_root_of_the_profile():
    data = encode_message(PROFILES[ProfileName.BETA4], MESSAGES[ProfileName.BETA4])
    bounded = PROFILES[ProfileName.BETA4]
    progressive = replace(bounded, proof_data=ListKind.PROGRESSIVE)
    roots = {read_gossiped_proof(one, data).root for one in (bounded, progressive)}
    assert len(roots) == 2


@pytest.mark.parametrize("data", [b"", b"\x6c", bytes(145)])
def test_message__refused_where_it_does_not_decode(data):
    with pytest.raises(DecodeError):
        read_gossiped_proof(PROFILES[ProfileName.BETA4], data)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            ProfileName.TEKU_SUBNET,
            SubnetExecutionProof(SUBJECT, BlockHash(SUBJECT), 1, 1, b"proof"),
        ),
        (
            ProfileName.EIP8440,
            SignedChainExecutionProof(
                ChainExecutionProof(b"proof", ProofType(1), OTHER, SUBJECT), *SIGNER
            ),
        ),
    ],
)
def test_message__not_opened_without_rules(name, message):
    profile = PROFILES[name]
    with pytest.raises(ValueError, match=f"{name}: no rules of gossip"):
        read_gossiped_proof(profile, encode_message(profile, message))


@pytest.mark.parametrize("order", GOSSIP_ORDERS.values())
def test_order__has_every_rule_and_marks_right_before_the_engine(order):
    missing = set(GossipRule) - set(order)
    assert missing <= {GossipRule.BLOCK_NOT_FINALIZED, GossipRule.PAYLOAD_AVAILABLE}
    assert order.index(GossipRule.MARK_SEEN) + 1 == order.index(GossipRule.PROOF_VALID)
    assert order.index(GossipRule.SIGNATURE_VALID) < order.index(GossipRule.MARK_SEEN)
