"""Messages that break two rules: the one that is named shows which rule comes first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from tools.vectors.eip8025.gossip import case
from tools.vectors.eip8025.messages import Message, counted, plain
from tools.vectors.eip8025.world import (
    FINALIZED_SLOT,
    INACTIVE,
    INVALID,
    SLOT,
    ProofVector,
    Scene,
    ignore,
    reject,
)
from zkattest.conformance.outcome import Outcome
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.proof_gossip import GossipRule
from zkattest.spec.reasons import Reason
from zkattest.types.proof_profiles import PROFILES, ProofProfile

Rule = GossipRule
_SMALL: Final = 31
_EMPTY, _SIZE, _TYPE = Rule.PROOF_NOT_EMPTY, Rule.PROOF_WITHIN_SIZE, Rule.PROOF_TYPE_SUPPORTED
_BLOCK, _SLOT, _PAYLOAD = Rule.BLOCK_KNOWN, Rule.BLOCK_NOT_FINALIZED, Rule.PAYLOAD_AVAILABLE
_VALID, _SEEN, _PROVER = Rule.NO_VALID_PROOF, Rule.PROOF_NOT_SEEN, Rule.PROVER_NOT_SEEN
_VALIDATOR, _SIGNATURE = Rule.VALIDATOR_ACTIVE, Rule.SIGNATURE_VALID
_HISTORY: Final = {_VALID, _SEEN, _PROVER}
_IGNORES: Final = {_BLOCK, _SLOT, _PAYLOAD, *_HISTORY}
# What a message cannot break at once, for nothing of the kind can have happened.
_IMPOSSIBLE: Final = (
    {frozenset({_BLOCK, one}) for one in (_SLOT, _PAYLOAD, *_HISTORY)}
    | {frozenset({_PAYLOAD, one}) for one in _HISTORY}
    | {frozenset({_TYPE, one}) for one in _HISTORY}
    | {
        frozenset({_EMPTY, _SIZE}),
        frozenset({_EMPTY, _SEEN}),
        frozenset({_SIZE, _SEEN}),
        frozenset({_PROVER, _VALIDATOR}),
    }
)
_WORDS: Final = {
    _EMPTY: "the proof is empty",
    _SIZE: "the proof is above the network's own limit",
    _TYPE: "the type is not supported",
    _BLOCK: "the block is unknown",
    _SLOT: "the block is finalized",
    _PAYLOAD: "the payload has not been seen",
    _VALID: "a valid proof of the type is known",
    _SEEN: "the proof was seen",
    _PROVER: "the validator's proof of the type was seen",
    _VALIDATOR: "the validator is not active",
    _SIGNATURE: "the signature is another's",
}


def cases() -> Iterator[ProofVector]:
    """Break every two rules that can be broken together, in every profile."""
    for name, order in GOSSIP_ORDERS.items():
        rules = [rule for rule in dict.fromkeys(order) if rule in _WORDS]
        for first, second in combinations(rules, 2):
            if frozenset({first, second}) not in _IMPOSSIBLE:
                yield both(PROFILES[name], first, second)


def both(profile: ProofProfile, first: Rule, second: Rule) -> ProofVector:
    """Break two rules; the outcome is that of the first."""
    broken = {first, second}
    kind = "ignore" if first in _IGNORES else "reject"
    scene = Scene(profile, f"order/{first.value}__{kind}_before_{second.value}")
    if _SIZE in broken:
        scene.max_proof_bytes = _SMALL
    if _BLOCK not in broken:
        slot = FINALIZED_SLOT - 1 if _SLOT in broken else SLOT
        scene.know(slot=slot, payload=_PAYLOAD not in broken)
    message = _message(scene, broken)
    _remember(scene, broken)
    return case(
        scene,
        message,
        None,
        _outcome(first, scene, message, marked=_SEEN in broken),
        _WORDS[second],
        _WORDS[first],
        f"{kind}: the rule {first.value} comes before {second.value}",
    )


def _message(scene: Scene, broken: set[Rule]) -> Message:
    parts: dict[str, Any] = {}
    if _EMPTY in broken:
        parts["proof"] = plain(b"")
    if _TYPE in broken:
        parts["proof_type"] = 9
    if _VALIDATOR in broken:
        parts["validator"] = INACTIVE[0]
    if _SIGNATURE in broken:
        parts["signer"] = 2
    return scene.message(**parts)


def _remember(scene: Scene, broken: set[Rule]) -> None:
    """Have those messages verified before that make the rules of history break."""
    if _PROVER in broken:
        scene.saw(scene.message(proof=counted(30)), INVALID)
    if _SEEN in broken:
        scene.saw(scene.message(validator=3), INVALID)
    if _VALID in broken:
        scene.saw(scene.message(validator=4, proof=counted(29)), scene.valid())


def _outcome(rule: Rule, scene: Scene, message: Message, *, marked: bool) -> Outcome:
    outcomes: dict[Rule, tuple[Reason, dict[str, Any]]] = {
        _EMPTY: (Reason.EMPTY_PROOF_DATA, {}),
        _SIZE: (Reason.PROOF_TOO_LARGE, {"got": len(message.proof.raw), "limit": _SMALL}),
        _TYPE: (Reason.UNSUPPORTED_PROOF_TYPE, {"got": message.proof_type}),
        _BLOCK: (Reason.UNKNOWN_BLOCK, {"block_root": scene.root()}),
        _SLOT: (Reason.SLOT_TOO_OLD, {"got": FINALIZED_SLOT - 1, "finalized": FINALIZED_SLOT}),
        _PAYLOAD: (Reason.PAYLOAD_UNAVAILABLE, {"block_root": scene.root()}),
        _VALID: (Reason.PROOF_ALREADY_KNOWN, {"proof_type": message.proof_type}),
        _SEEN: (Reason.PROOF_ALREADY_SEEN, {"proof_root": message.content_root()}),
        _PROVER: (
            Reason.DUPLICATE_FROM_VALIDATOR,
            {"validator_index": message.validator_index},
        ),
        _VALIDATOR: (Reason.VALIDATOR_NOT_ACTIVE, {"validator_index": message.validator_index}),
        _SIGNATURE: (Reason.MESSAGE_SIGNATURE_INVALID, {}),
    }
    reason, operands = outcomes[rule]
    if rule not in _IGNORES:
        return reject(reason, marked=marked, **operands)
    return ignore(reason, retry=rule in {_BLOCK, _PAYLOAD}, marked=marked, **operands)
