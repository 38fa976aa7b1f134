"""
Judge a proof of our own before it is signed: by the rules for everybody's, as far as they go.

Nothing that we would refuse from a peer leaves this node under our own key.
"""

from __future__ import annotations

from zkattest.spec.answers import Refused, SignatureValid
from zkattest.spec.proof_gossip import (
    Answer,
    AskSignature,
    GossipedProof,
    GossipRule,
    GossipView,
    Validation,
    validate_execution_proof_gossip,
)
from zkattest.spec.reasons import Reason


def validate_own_proof(
    order: tuple[GossipRule, ...],
    view: GossipView,
    proof: GossipedProof,
    pubkey: bytes,
    retry_until_ms: int,
) -> Validation:
    """
    Apply the rules in order to a proof that is not signed yet; `pubkey` (48 bytes) is our signer's.

    The signature comes last, and only for a valid proof. Of it one thing can be judged before:
    whether the validator that is to have signed has the signer's key.
    """
    rules = validate_execution_proof_gossip(order, view, proof, retry_until_ms)
    answer: Answer | None = None
    while True:
        try:
            question = next(rules) if answer is None else rules.send(answer)
        except StopIteration:
            return
        if isinstance(question, AskSignature):
            answer = _judge_key(question, pubkey)
        else:
            answer = yield question


def _judge_key(question: AskSignature, pubkey: bytes) -> SignatureValid | Refused:
    # [REJECT] The validator's key is the signer's: peers would refuse any other signature.
    if question.pubkey != pubkey:
        detail = f"0x{question.pubkey.hex()}, the signer holds 0x{pubkey.hex()}"
        return Refused(Reason.SIGNER_KEY_MISMATCH, detail)
    return SignatureValid()
