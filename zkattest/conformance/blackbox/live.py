"""
Make cases anew on blocks of a live chain, signed by validators of it; pure.

What a case is about stays: which rule is broken, who sent what before. What it stands on is
exchanged: each of its blocks by one of the chain that no other case has used, each of its active
validators by one whose key is at hand, each proof type by one that the node knows. A signature
that verifies in the case is made anew; one that does not verify there verifies nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from zkattest.conformance.blackbox.context import CannotShow, Context, Play, Sent
from zkattest.conformance.proof_scene import Network, ProofScene, read_profile, read_scene
from zkattest.crypto.proof_roots import execution_proof_domain, hash_tree_root_content
from zkattest.spec.answers import SignatureValid
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.signing import SigningData
from zkattest.types.ids import ProofType, Root, ValidatorIndex
from zkattest.types.proof_messages import (
    ExecutionProof,
    ProofContent,
    PublicInput,
    SubnetExecutionProof,
    decode_message,
    encode_message,
)
from zkattest.types.wire import ExecutionProofEnvelope

# No registry is longer (VALIDATOR_REGISTRY_LIMIT).
UNKNOWN_INDEX: Final = ValidatorIndex((1 << 40) - 1)


class EngineKind(StrEnum):
    """Say how the node's proof engine answers: a case can ask for no other answer."""

    REAL = "real"
    """It verifies; the proofs of the cases are none, so it says `invalid` of each."""
    ACCEPTS_ALL = "accepts-all"
    """It stands in for one, and says `valid` of each with the values that were expected."""


@dataclass(frozen=True, slots=True)
class LiveValidator:
    """Hold a validator that is active on the chain, and what signs for it."""

    index: ValidatorIndex
    sign: Callable[[SigningData], bytes]


@dataclass(frozen=True, slots=True)
class LiveTerms:
    """Hold what is at hand for all cases; `outside` is a validator that is active no more."""

    network: Network
    engine: EngineKind
    proof_types: tuple[ProofType, ...]
    validators: tuple[LiveValidator, ...]
    outside: ValidatorIndex | None


@dataclass(frozen=True, slots=True)
class LivePlan:
    """Say what takes the place of what in one case, all but the blocks."""

    play: Play
    scene: ProofScene
    types: Mapping[ProofType, ProofType]
    indices: Mapping[ValidatorIndex, ValidatorIndex]
    signers: Mapping[ValidatorIndex, LiveValidator]
    fresh: tuple[Root, ...]
    """Blocks of the case that stand for blocks of today."""
    final: tuple[Root, ...]
    """Blocks of the case that stand for finalized ones."""
    leaves_marks: bool
    """Whether a node remembers the proof, so that its block is of no use to others."""


def plan(play: Play, terms: LiveTerms) -> LivePlan:
    """Match a case with what is at hand; raise `CannotShow` with the reason where that fails."""
    given = play.case.input
    scene = read_scene(given, read_profile(play.case.profile))
    sent = [*play.before, play.sent]
    _check_engine(given, sent, terms.engine)
    fresh, final = _sort_blocks(given, sent)
    proofs = [read_gossiped_proof(scene.profile, one.data) for one in sent if one.subject]
    indices, signers = _cast(scene, [one.validator_index for one in proofs], terms)
    return LivePlan(
        play=play,
        scene=scene,
        types=_map_types(scene, [one.proof_type for one in proofs], terms.proof_types),
        indices=indices,
        signers=signers,
        fresh=fresh,
        final=final,
        leaves_marks=any(one.engine is not None for one in sent),
    )


def rebuild(made: LivePlan, terms: LiveTerms, blocks: Mapping[Root, Root]) -> Play:
    """Give the case on these blocks: roots of the case to those that messages name."""
    play = made.play
    return replace(
        play,
        before=tuple(_rebuild(made, terms, blocks, one) for one in play.before),
        sent=_rebuild(made, terms, blocks, play.sent),
    )


def restrict(context: Context, terms: LiveTerms) -> tuple[Context, dict[str, LivePlan]]:
    """Keep the cases that can be made anew; the others are hidden with their reasons."""
    plans, hidden = {}, dict(context.hidden)
    for play in context.plays:
        try:
            plans[play.case.id] = plan(play, terms)
        except CannotShow as reason:
            hidden[play.case.id] = f"not playable: {reason}"
    plays = tuple(one for one in context.plays if one.case.id in plans)
    return replace(context, network=terms.network, plays=plays, hidden=hidden), plans


def _check_engine(given: Mapping[str, Any], sent: Sequence[Sent], kind: EngineKind) -> None:
    values = {one["root"]: one["public_values"] for one in given["blocks"]}
    for one in sent:
        answer = None if one.engine is None else one.engine["answer"]
        if answer == "fault":
            raise CannotShow("nobody can have a node's engine fail")
        if answer == "invalid" and kind is EngineKind.ACCEPTS_ALL:
            raise CannotShow("the node's engine says valid of every proof")
        if one.engine is None or answer != "valid":
            continue
        if kind is EngineKind.REAL:
            raise CannotShow("needs a proof that is valid, of a block of today")
        if one.engine["public_values"] != values.get(str(one.subject)):
            raise CannotShow("about what a proof commits to, which the engine tells nobody")


def _sort_blocks(
    given: Mapping[str, Any], sent: Sequence[Sent]
) -> tuple[tuple[Root, ...], tuple[Root, ...]]:
    named = {str(one.subject) for one in sent if one.subject is not None}
    fresh, final = [], []
    for one in given["blocks"]:
        if one["root"] not in named:
            continue
        root = Root.from_hex(one["root"])
        if one["slot"] < given["finalized_slot"]:
            final.append(root)
        elif one["slot"] == given["finalized_slot"]:
            raise CannotShow("about the very slot that is finalized")
        elif one["public_values"] is None:
            raise CannotShow("nobody can have a node lack a payload")
        else:
            fresh.append(root)
    return tuple(fresh), tuple(final)


def _cast(
    scene: ProofScene, named: Sequence[ValidatorIndex], terms: LiveTerms
) -> tuple[dict[ValidatorIndex, ValidatorIndex], dict[ValidatorIndex, LiveValidator]]:
    indices: dict[ValidatorIndex, ValidatorIndex] = {}
    signers: dict[ValidatorIndex, LiveValidator] = {}
    for index in dict.fromkeys(named):
        known = scene.validators.get(int(index))
        if known is None:
            indices[index] = UNKNOWN_INDEX
        elif not known.is_active:
            if terms.outside is None:
                raise CannotShow("the chain names no validator that has left")
            indices[index] = terms.outside
        elif len(signers) == len(terms.validators):
            raise CannotShow(f"needs keys of {len(signers) + 1} active validators")
        else:
            signers[index] = terms.validators[len(signers)]
            indices[index] = signers[index].index
    return indices, signers


def _map_types(
    scene: ProofScene, named: Sequence[ProofType], known: Sequence[ProofType]
) -> dict[ProofType, ProofType]:
    types: dict[ProofType, ProofType] = {}
    taken = 0
    for one in dict.fromkeys(named):
        if one not in scene.proof_types:
            if one in known:
                raise CannotShow(f"the node knows proof type {one}")
            types[one] = one
        elif taken == len(known):
            raise CannotShow(f"needs {taken + 1} proof types that the node knows")
        else:
            types[one] = known[taken]
            taken += 1
    return types


def _rebuild(made: LivePlan, terms: LiveTerms, blocks: Mapping[Root, Root], sent: Sent) -> Sent:
    if sent.subject is None:
        # No message, or one that cannot be read: it is about nothing.
        return sent
    scene = made.scene
    old: Any = decode_message(scene.profile, sent.data)
    if isinstance(old, SubnetExecutionProof):
        raise CannotShow("messages are not signed")
    subject = blocks.get(sent.subject, sent.subject)
    content = _content(old.message, made.types, subject)
    index = old.validator_index
    new = replace(old, message=content, validator_index=made.indices[index])
    if index in made.signers and _is_signed(scene, sent.data):
        network = terms.network
        domain = execution_proof_domain(
            scene.profile, network.fork_version, network.genesis_validators_root
        )
        data = SigningData(hash_tree_root_content(scene.profile, content), domain)
        new = replace(new, signature=made.signers[index].sign(data))
    return Sent(
        data=encode_message(scene.profile, new),
        subject=subject,
        proof_type=int(content.proof_type),
        proof_sha256=sha256(content.proof_data).digest(),
        engine=sent.engine,
    )


def _content(
    old: ProofContent, types: Mapping[ProofType, ProofType], subject: Root
) -> ExecutionProof | ExecutionProofEnvelope:
    match old:
        case ExecutionProofEnvelope():
            return replace(old, proof_type=types[old.proof_type], beacon_block_root=subject)
        case ExecutionProof():
            named = PublicInput(subject)
            return replace(old, proof_type=types[old.proof_type], public_input=named)
    raise CannotShow("about a chain of blocks")


def _is_signed(scene: ProofScene, data: bytes) -> bool:
    proof = read_gossiped_proof(scene.profile, data)
    validator = scene.validators[int(proof.validator_index)]
    said = scene.check_signature(validator.pubkey, proof.root, proof.signature)
    return isinstance(said, SignatureValid)
