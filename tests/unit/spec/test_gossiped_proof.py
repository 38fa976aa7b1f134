"""Messages of every revision that has rules of gossip, as the rules see them."""

from __future__ import annotations

import pytest

from zkattest.crypto.proof_roots import hash_tree_root_content
from zkattest.spec.gossiped_proof import GOSSIP_ORDERS, proof_decoder
from zkattest.spec.proof_gossip import GossipRule
from zkattest.types.errors import DecodeError
from zkattest.types.ids import ProofType, Root, ValidatorIndex
from zkattest.types.proof_messages import (
    ExecutionProof,
    PublicInput,
    SignedExecutionProof,
    encode_message,
)
from zkattest.types.proof_profiles import PROFILES, ProfileName
from zkattest.types.wire import ExecutionProofEnvelope, SignedExecutionProofEnvelope

SUBJECT = Root(b"\x11" * 32)
ENVELOPE = SignedExecutionProofEnvelope(
    ExecutionProofEnvelope(b"proof", ProofType(2), SUBJECT), ValidatorIndex(7), b"\x22" * 96
)
REQUEST = SignedExecutionProof(
    ExecutionProof(b"proof", ProofType(2), PublicInput(SUBJECT)), ValidatorIndex(7), b"\x22" * 96
)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (ProfileName.BETA4, ENVELOPE),
        (ProfileName.CS5566, ENVELOPE),
        (ProfileName.GLOAS_AUG, REQUEST),
        (ProfileName.FULU_DEVNET, REQUEST),
    ],
)
def test_message__read_as_its_profile_has_it(name, message):
    profile = PROFILES[name]
    proof = proof_decoder(profile)(encode_message(profile, message))
    assert (proof.subject, proof.proof_type, proof.proof_data) == (SUBJECT, 2, b"proof")
    assert (proof.validator_index, proof.signature) == (7, b"\x22" * 96)
    assert proof.root == hash_tree_root_content(profile, message.message)


def test_root__differs_by_the_kind_of_list():
    data = encode_message(PROFILES[ProfileName.BETA4], ENVELOPE)
    roots = {
        name: proof_decoder(PROFILES[name])(data).root
        for name in (ProfileName.BETA4, ProfileName.CS5566)
    }
    assert roots[ProfileName.BETA4] != roots[ProfileName.CS5566]


@pytest.mark.parametrize("name", sorted(set(ProfileName) - set(GOSSIP_ORDERS)))
def test_profile__refused_where_no_rules_of_gossip_are_known(name):
    with pytest.raises(ValueError, match=f"{name}: no rules of gossip"):
        proof_decoder(PROFILES[name])


def test_bytes__refused_with_the_field():
    with pytest.raises(DecodeError):
        proof_decoder(PROFILES[ProfileName.BETA4])(b"\0" * 200)


@pytest.mark.parametrize("order", GOSSIP_ORDERS.values())
def test_order__has_every_rule_and_marks_before_the_engine(order):
    missing = set(GossipRule) - set(order)
    assert missing <= {GossipRule.BLOCK_NOT_FINALIZED, GossipRule.PAYLOAD_AVAILABLE}
    assert order.index(GossipRule.MARK_SEEN) + 1 == order.index(GossipRule.PROOF_VALID)
    assert order.index(GossipRule.SIGNATURE_VALID) < order.index(GossipRule.MARK_SEEN)
