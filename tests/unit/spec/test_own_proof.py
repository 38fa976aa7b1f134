"""A proof of our own passes the rules of every revision, but for the signature that is to come."""

import pytest

from tests.helpers.proof_gossip import BLOCK, PUBKEY, VALUES, decode_envelope, signed_proof
from zkattest.spec.answers import ActiveValidator, Fault, ProofValid, Refused
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.own_proof import validate_own_proof
from zkattest.spec.proof_gossip import (
    AskEngine,
    AskValidator,
    GossipView,
    KnownBlock,
    SeenProofs,
)
from zkattest.spec.reasons import Cause, GossipIgnore, GossipReject, Reason
from zkattest.types.ids import ProofType, Slot, ValidatorIndex

ORDERS = pytest.mark.parametrize("order", GOSSIP_ORDERS.values(), ids=map(str, GOSSIP_ORDERS))


def begin(order):
    seen = SeenProofs()
    view = GossipView(
        {BLOCK: KnownBlock(Slot(5), VALUES)},
        {BLOCK: seen},
        frozenset({ProofType(1)}),
        Slot(0),
    )
    proof = decode_envelope(signed_proof().encode())
    return validate_own_proof(order, view, proof, PUBKEY, 1_000), seen


@ORDERS
def test_own_proof__valid_without_a_signature(order):
    rules, seen = begin(order)
    assert next(rules) == AskValidator(ValidatorIndex(7), Slot(5))
    assert rules.send(ActiveValidator(PUBKEY)) == AskEngine(ProofType(1), b"proof")
    # Marked before the engine works, as anybody's: copies wait for nothing.
    assert seen.provers == {(1, 7)}
    with pytest.raises(StopIteration):
        rules.send(ProofValid(VALUES.encode()))


@ORDERS
def test_own_proof__rejected_when_peers_would_find_another_key(order):
    rules, seen = begin(order)
    next(rules)
    with pytest.raises(GossipReject) as refusal:
        rules.send(ActiveValidator(b"\xa2" * 48))
    assert refusal.value.reason is Reason.SIGNER_KEY_MISMATCH
    assert refusal.value.operands == {"detail": f"0x{'a2' * 48}, the signer holds 0x{PUBKEY.hex()}"}
    assert seen == SeenProofs()


@ORDERS
@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Refused(Reason.VALIDATOR_NOT_ACTIVE), GossipReject, Reason.VALIDATOR_NOT_ACTIVE),
        (Fault(Cause.TIMEOUT), GossipIgnore, Reason.NOT_CHECKED),
    ],
)
def test_own_proof__judged_as_a_peer_s_by_who_the_validator_is(order, answer, kind, reason):
    rules, _ = begin(order)
    next(rules)
    with pytest.raises(kind) as refusal:
        rules.send(answer)
    assert refusal.value.reason is reason


@ORDERS
def test_own_proof__judged_as_a_peer_s_by_what_the_engine_says(order):
    rules, _ = begin(order)
    next(rules)
    rules.send(ActiveValidator(PUBKEY))
    with pytest.raises(GossipReject) as refusal:
        rules.send(Refused(Reason.PROOF_INVALID))
    assert refusal.value.reason is Reason.PROOF_INVALID
