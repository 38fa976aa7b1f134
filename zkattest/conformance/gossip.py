"""Check the vectors of gossip: one message, what is known when it comes, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, Verdict
from zkattest.conformance.proof_scene import (
    ProofScene,
    read_block,
    read_engine,
    read_id,
    read_profile,
    read_scene,
)
from zkattest.conformance.values import (
    CaseError,
    as_json,
    member,
    read_bytes,
    read_list,
    read_object,
)
from zkattest.spec.answers import Fault, ProofOutcome, ProofValid
from zkattest.spec.gossip_profiles import read_gossiped_proof
from zkattest.spec.proof_gossip import (
    Answer,
    AskEngine,
    AskSignature,
    AskValidator,
    GossipedProof,
    GossipView,
    Question,
    SeenProofs,
    release_proof,
    validate_execution_proof_gossip,
)
from zkattest.spec.reasons import GossipIgnore, GossipReject, Reason, Refusal, show_operands
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Slot

# Time stands still in these cases; a refusal that time may cure says so by having a time at all.
_RETRY_UNTIL_MS: Final = 24_000
# Words for people.
_PROSE: Final = "detail"


def check_gossip(case: VectorCase) -> Outcome:
    """Judge one message; raise `CaseError` where the input is no question."""
    scene = read_scene(case.input, read_profile(case.profile))
    view = read_view(case.input, scene)
    data = read_bytes(member(case.input, "message", "input"), "input.message")
    engine = member(case.input, "engine", "input")
    answer = None if engine is None else read_engine(engine, "input.engine")
    try:
        proof = decode_gossiped(scene, data)
        refusal = judge(scene, view, proof, answer)
    except GossipReject as rejected:
        return describe(rejected, is_marked=False)
    seen = view.seen.get(proof.subject)
    return describe(refusal, is_marked=seen is not None and proof.root in seen.roots)


def read_view(given: Mapping[str, Any], scene: ProofScene) -> GossipView:
    """Read what is known, and enter the proofs that were verified before."""
    blocks = dict(
        read_block(one, "input.blocks")
        for one in read_list(member(given, "blocks", "input"), "input.blocks")
    )
    slot = member(given, "finalized_slot", "input")
    view = GossipView(
        blocks=blocks,
        seen={root: SeenProofs() for root in blocks},
        proof_types=scene.proof_types,
        finalized_slot=read_id(slot, Slot, "input.finalized_slot"),
        max_proof_bytes=scene.max_proof_bytes,
    )
    for one in read_list(member(given, "seen", "input"), "input.seen"):
        _enter(view, scene, read_object(one, "input.seen"))
    return view


def decode_gossiped(scene: ProofScene, data: bytes) -> GossipedProof:
    """Open a message; raise `GossipReject`."""
    limit_bytes = scene.profile.max_message_bytes
    if len(data) > limit_bytes:
        raise GossipReject(Reason.MESSAGE_TOO_LARGE, got=len(data), limit=limit_bytes)
    try:
        return read_gossiped_proof(scene.profile, data)
    except DecodeError as error:
        raise GossipReject(Reason.MALFORMED_MESSAGE, detail=str(error)) from error


def judge(
    scene: ProofScene, view: GossipView, proof: GossipedProof, engine: ProofOutcome | None
) -> Refusal | None:
    """
    Apply the rules and answer what they ask; None where the message is accepted.

    Without an answer of the engine the message must not reach it: `CaseError` where it does.
    """
    validation = validate_execution_proof_gossip(scene.order, view, proof, _RETRY_UNTIL_MS)
    question: Question | None = None
    try:
        question = next(validation)
        while True:
            question = validation.send(_answer(scene, question, engine))
    except StopIteration:
        return None
    except GossipIgnore as ignored:
        # Marks of earlier messages stay: only who was asked about is to come again.
        if isinstance(question, AskEngine) and isinstance(engine, Fault):
            release_proof(view.seen[proof.subject], proof)
        return ignored
    except GossipReject as rejected:
        return rejected


def describe(refusal: Refusal | None, *, is_marked: bool) -> Outcome:
    """Say what became of a message."""
    if refusal is None:
        return Outcome(Verdict.ACCEPT, {"marked": is_marked})
    shown = {name: one for name, one in show_operands(refusal).items() if name != _PROSE}
    values = {"reason": str(refusal.reason), "operands": as_json(shown), "marked": is_marked}
    if isinstance(refusal, GossipIgnore):
        return Outcome(Verdict.IGNORE, {**values, "retry": refusal.retry_until_ms is not None})
    return Outcome(Verdict.REJECT, values)


def _answer(scene: ProofScene, question: Question, engine: ProofOutcome | None) -> Answer:
    match question:
        case AskValidator(index=index):
            return scene.look_up(int(index))
        case AskSignature(pubkey=pubkey, message_root=root, signature=signature):
            return scene.check_signature(pubkey, root, signature)
        case AskEngine():
            if engine is None:
                raise CaseError("input.engine", "the engine must not be asked, and was")
            return engine


def _enter(view: GossipView, scene: ProofScene, earlier: Mapping[str, Any]) -> None:
    """Mark a proof that was verified before, as its verdict left it."""
    message = read_bytes(member(earlier, "message", "input.seen"), "input.seen.message")
    engine = read_engine(member(earlier, "engine", "input.seen"), "input.seen.engine")
    try:
        proof = read_gossiped_proof(scene.profile, message)
    except DecodeError as error:
        raise CaseError("input.seen.message", str(error)) from None
    if proof.subject not in view.blocks:
        raise CaseError("input.seen.message", "about a block that is not known")
    seen = view.seen[proof.subject]
    seen.roots.add(proof.root)
    seen.provers.add((proof.proof_type, proof.validator_index))
    if isinstance(engine, ProofValid):
        seen.valid_types.add(proof.proof_type)
