"""A proof of ours: judged as everybody's, signed once valid, kept while something is missing."""

from dataclasses import replace

import pytest

from tests.helpers.proof_gossip import (
    BLOCK,
    OTHER_VALUES,
    PUBKEY,
    TOPIC,
    VALUES,
    ProofPlayer,
    gossip,
    only,
    saved_from,
    signed_proof,
)
from zkattest.crypto.hashing import hash_tree_root_envelope
from zkattest.machines.events import ReportGossip, VerifyProof, WakeAt
from zkattest.machines.own_proofs import OURS, OwnLimits, OwnProofs, OwnValidator
from zkattest.machines.proof_events import (
    BlockSeen,
    CheckProofSignature,
    DropWaiting,
    ForgetSignatures,
    KeepProof,
    KeepWaiting,
    OwnProofAnswered,
    OwnProofStatus,
    PayloadSeen,
    ProofMark,
    ProofSettled,
    ProofSigned,
    ProofSubmitted,
    PublishProof,
    SignatureMade,
    SignProof,
    SlotFinalized,
    TypesChanged,
)
from zkattest.spec.answers import ActiveValidator, Fault, ProofValid, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import GossipMessage, Verdict
from zkattest.types.ids import ProofType, Root, Slot, ValidatorIndex

LIMITS = OwnLimits(
    keep_ms=60_000, proofs=3, total_bytes=10_000, first_pause_ms=1_000, longest_pause_ms=4_000
)
SLOT = Slot(5)


def player(*, known=True, saved=None, limits=LIMITS):
    made = ProofPlayer()
    made.settings = replace(made.settings, own=OwnValidator(PUBKEY, limits))
    if saved is not None:
        made.saved = saved
    made.__post_init__()
    if known:
        made.know()
    return made


def unsigned(data=b"proof", **changes):
    return replace(signed_proof(data, **changes), signature=bytes(96))


def name_of(message):
    return bytes(hash_tree_root_envelope(message.message))


def submit(node, message=None):
    message = message or unsigned()
    return node.tell(ProofSubmitted(GossipMessage(TOPIC, message.encode(), name_of(message), "")))


def sign(node, effects, outcome=None):
    [asked] = only(effects, SignProof)
    return node.tell(ProofSigned(asked.job, outcome or SignatureMade(signed_proof().encode())))


def answers(effects):
    return [(one.status, one.is_kept, one.reason) for one in only(effects, OwnProofAnswered)]


def test_own_proof__verified_then_signed_then_kept_and_published():
    node = player()
    assert only(submit(node), SignProof) == []
    assert [work.proof for work in node.running] == [b"proof"]
    asked = node.answer_engine()
    [question] = only(asked, SignProof)
    assert (question.data, question.slot) == (unsigned().encode(), SLOT)
    node.now_ms += 250
    effects = sign(node, asked)
    mark = ProofMark(BLOCK, Root(name_of(unsigned())), ProofType(1), ValidatorIndex(7), SLOT, True)
    assert effects == [
        KeepProof(mark, signed_proof().encode()),
        PublishProof(TOPIC, signed_proof().encode()),
        OwnProofAnswered(
            message_id=name_of(unsigned()),
            subject=BLOCK,
            slot=SLOT,
            proof_type=ProofType(1),
            status=OwnProofStatus.PUBLISHED,
            is_kept=False,
            elapsed_ms=250,
        ),
    ]
    assert node.machine.valid_types(BLOCK) == {1}
    assert node.machine.queued["own_proofs"] == node.machine.queued["in_progress"] == 0
    assert only(node.effects, ReportGossip) == only(node.effects, ProofSettled) == []


def test_own_proof__known_once_it_is_published_or_a_peer_s_is():
    node = player()
    submit(node)
    sign(node, node.answer_engine())
    for message in (unsigned(), unsigned(b"other")):
        assert answers(submit(node, message)) == [
            (OwnProofStatus.ALREADY_KNOWN, False, Reason.PROOF_ALREADY_KNOWN)
        ]
    assert node.running == []


def test_own_proof__refused_when_invalid_and_nothing_is_held_against_the_next_one():
    node = player()
    submit(node)
    effects = node.answer_engine(Refused(Reason.PROOF_INVALID))
    assert answers(effects) == [(OwnProofStatus.REFUSED, False, Reason.PROOF_INVALID)]
    assert only(effects, KeepProof) == []
    submit(node, unsigned(b"better"))
    sign(node, node.answer_engine())
    assert answers(node.effects)[-1] == (OwnProofStatus.PUBLISHED, False, None)


def test_own_proof__refused_when_it_proves_something_else():
    node = player()
    submit(node)
    effects = node.answer_engine(ProofValid(OTHER_VALUES.encode()))
    assert answers(effects) == [(OwnProofStatus.REFUSED, False, Reason.PUBLIC_VALUES_MISMATCH)]
    assert only(node.effects, SignProof) == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (unsigned(b""), Reason.EMPTY_PROOF_DATA),
        (unsigned(proof_type=9), Reason.UNSUPPORTED_PROOF_TYPE),
    ],
)
def test_own_proof__refused_before_anything_is_verified(message, reason):
    node = player()
    assert answers(submit(node, message)) == [(OwnProofStatus.REFUSED, False, reason)]
    assert node.running == []


def test_own_proof__refused_when_the_validator_has_another_key():
    node = player()
    node.validator = ActiveValidator(b"\xa2" * 48)
    [answer] = only(submit(node), OwnProofAnswered)
    assert (answer.status, answer.reason) == (OwnProofStatus.REFUSED, Reason.SIGNER_KEY_MISMATCH)
    assert "0x" + "a2" * 48 in answer.detail
    assert "0x" + "a1" * 48 in answer.detail
    assert node.running == []


def test_own_proof__refused_by_the_guard_and_its_marks_taken_back():
    node = player()
    submit(node)
    refused = Refused(Reason.SIGNED_ANOTHER_PROOF, "signed=0x01")
    effects = sign(node, node.answer_engine(), refused)
    assert answers(effects) == [(OwnProofStatus.REFUSED, False, Reason.SIGNED_ANOTHER_PROOF)]
    assert only(effects, PublishProof) == only(effects, KeepProof) == []
    # A peer that has the same proof signed by somebody else is heard.
    node.receive(signed_proof(validator=8))
    node.answer_engine()
    assert node.verdicts() == [(Verdict.ACCEPT, None)]


def test_own_proof__waits_for_its_block_and_its_payload():
    node = player(known=False)
    effects = submit(node)
    assert answers(effects) == [(OwnProofStatus.WAITING, True, Reason.UNKNOWN_BLOCK)]
    [kept] = only(effects, KeepWaiting)
    assert (kept.proof.from_peer, kept.proof.until_ms) == (OURS, node.now_ms + LIMITS.keep_ms)
    effects = node.tell(BlockSeen(BLOCK, SLOT))
    assert answers(effects) == [(OwnProofStatus.WAITING, True, Reason.PAYLOAD_UNAVAILABLE)]
    assert only(effects, KeepWaiting) == []
    node.tell(PayloadSeen(BLOCK, VALUES))
    effects = sign(node, node.answer_engine())
    assert answers(effects) == [(OwnProofStatus.PUBLISHED, False, None)]
    assert only(effects, DropWaiting) == [DropWaiting(name_of(unsigned()))]


def test_own_proof__given_up_when_its_block_never_comes():
    node = player(known=False)
    submit(node)
    effects = node.pass_ms(LIMITS.keep_ms)
    assert answers(effects) == [(OwnProofStatus.WAITING, False, Reason.UNKNOWN_BLOCK)]
    assert only(effects, DropWaiting) == [DropWaiting(name_of(unsigned()))]
    assert node.machine.queued["own_proofs"] == 0


def test_own_proof__tried_again_with_growing_pauses_while_the_signer_is_down():
    node = player()
    submit(node)
    effects = sign(node, node.answer_engine(), Fault(Cause.TIMEOUT, "no answer"))
    assert answers(effects) == [(OwnProofStatus.NOT_SIGNED, True, Reason.NOT_SIGNED)]
    assert only(effects, WakeAt) == [WakeAt(node.now_ms + 1_000)]
    for pause_ms in (1_000, 2_000, 4_000, 4_000):
        assert node.pass_ms(pause_ms - 1) == []
        effects = sign(node, node.pass_ms(1), Fault(Cause.TIMEOUT))
        assert answers(effects) == [(OwnProofStatus.NOT_SIGNED, True, Reason.NOT_SIGNED)]
    # Whoever hands it in again does not wait for the pause; nothing was verified a second time.
    effects = sign(node, submit(node))
    assert answers(effects) == [(OwnProofStatus.PUBLISHED, False, None)]
    assert len(only(node.effects, VerifyProof)) == 1


def test_own_proof__survives_a_restart_until_the_signer_answers():
    node = player()
    submit(node)
    sign(node, node.answer_engine(), Fault(Cause.BACKEND_UNAVAILABLE))
    again = player(known=False, saved=saved_from(node.effects))
    again.pass_ms(0)
    effects = sign(again, again.answer_engine())
    assert answers(effects) == [(OwnProofStatus.PUBLISHED, False, None)]
    assert saved_from([*node.effects, *again.effects]).waiting == ()


def test_own_proof__dropped_at_a_restart_without_a_signer():
    node = player(known=False)
    submit(node)
    again = ProofPlayer(saved=saved_from(node.effects))
    assert only(again.pass_ms(0), DropWaiting) == [DropWaiting(name_of(unsigned()))]


def test_own_proof__tried_again_after_a_fault_of_the_engine():
    node = player()
    submit(node)
    effects = node.answer_engine(Fault(Cause.OUT_OF_RESOURCES))
    assert answers(effects) == [(OwnProofStatus.NOT_CHECKED, True, Reason.NOT_CHECKED)]
    node.pass_ms(1_000)
    assert answers(sign(node, node.answer_engine())) == [(OwnProofStatus.PUBLISHED, False, None)]


def test_own_proof__tried_again_when_the_validator_cannot_be_looked_up():
    node = player()
    node.validator = Fault(Cause.TIMEOUT)
    assert answers(submit(node)) == [(OwnProofStatus.NOT_CHECKED, True, Reason.NOT_CHECKED)]
    node.validator = ActiveValidator(PUBKEY)
    node.pass_ms(1_000)
    assert len(node.running) == 1


def test_own_proof__at_work_once_however_often_it_is_handed_in():
    node = player()
    submit(node)
    assert submit(node) == []
    assert len(node.running) == 1
    # Another one of the same type for the block is not even verified.
    assert answers(submit(node, unsigned(b"other"))) == [
        (OwnProofStatus.REFUSED, False, Reason.DUPLICATE_FROM_VALIDATOR)
    ]


def test_own_proof__not_kept_beyond_the_bounds():
    node = player(known=False)
    for number in range(LIMITS.proofs):
        submit(node, unsigned(bytes([number])))
    assert answers(submit(node, unsigned(b"more"))) == [
        (OwnProofStatus.NOT_CHECKED, False, Reason.QUEUE_FULL)
    ]
    # One that is there needs no room.
    assert answers(submit(node, unsigned(b"\0"))) == [
        (OwnProofStatus.WAITING, True, Reason.UNKNOWN_BLOCK)
    ]
    large = OwnProofs(LIMITS)
    with pytest.raises(Exception, match="queue_full"):
        large.add(GossipMessage(TOPIC, bytes(10_001), b"id", OURS), 0)


def test_own_proof__comes_through_where_peers_have_filled_every_queue():
    node = player()
    jobs = node.settings.jobs
    node.settings = replace(node.settings, jobs=2)
    node.__post_init__()
    node.know()
    assert jobs > 2
    for number in (1, 2):
        node.receive(signed_proof(bytes([number]), validator=number), f"peer{number}")
    node.receive(signed_proof(b"\3", validator=3), "peer3")
    assert node.verdicts() == [(Verdict.IGNORE, Reason.QUEUE_FULL)]
    submit(node)
    node.answer_engine(Refused(Reason.PROOF_INVALID))
    # Two verifiers were busy: the next free one takes ours first.
    assert node.running[-1].proof == b"proof"


def test_own_proof__too_late_when_its_block_was_finalized_while_it_was_signed():
    node = player()
    submit(node)
    asked = node.answer_engine()
    assert only(node.tell(SlotFinalized(Slot(32))), ForgetSignatures) == [
        ForgetSignatures(Slot(32))
    ]
    effects = sign(node, asked)
    assert answers(effects) == [(OwnProofStatus.REFUSED, False, Reason.SLOT_TOO_OLD)]
    assert only(effects, PublishProof) == []


def test_signatures__forgotten_at_finality_alone_and_once():
    node = player()
    for slot in (32, 32, 31):
        node.tell(SlotFinalized(Slot(slot)))
    assert only(node.effects, ForgetSignatures) == [ForgetSignatures(Slot(32))]
    judge = ProofPlayer()
    judge.tell(SlotFinalized(Slot(32)))
    assert only(judge.effects, ForgetSignatures) == []


def test_peer__has_to_have_signed_where_ours_is_only_about_to_be():
    node = player()
    assert len(only(node.receive(unsigned()), CheckProofSignature)) == 1
    assert only(submit(node, unsigned(b"other")), CheckProofSignature) == []


def test_submission__a_bug_where_nobody_signs():
    with pytest.raises(ValueError, match="nobody signs here"):
        ProofPlayer().tell(ProofSubmitted(gossip(unsigned())))


@pytest.mark.parametrize("stage", ["before", "queued", "verifying", "signing"])
def test_own_proof__not_published_while_its_program_is_revoked_and_published_once_it_is_not(stage):
    node, kinds = player(), frozenset(map(ProofType, (1, 2, 3)))
    revoked, trusted = TypesChanged(kinds, frozenset({ProofType(1)})), TypesChanged(kinds)
    waiting = (OwnProofStatus.NOT_CHECKED, True, Reason.NOT_CHECKED)
    if stage == "queued":
        # Both verifiers are busy with proofs of another type.
        for number in (8, 9):
            peer = signed_proof(b"%d" % number, proof_type=2, validator=number)
            node.receive(peer, peer=f"peer {number}")
    if stage == "before":
        node.tell(revoked)
        assert answers(submit(node)) == [waiting]
    else:
        submit(node)
        asked = node.answer_engine() if stage == "signing" else []
        told = node.tell(revoked)
        if stage == "verifying":
            told = node.answer_engine()
        elif stage == "signing":
            told = sign(node, asked)
        assert answers(told) == [waiting]
        assert only(told, PublishProof) == only(told, SignProof) == []
    node.tell(trusted)
    asked = node.pass_ms(LIMITS.first_pause_ms)
    while node.running and not only(asked, SignProof):
        asked = node.answer_engine()
    assert only(sign(node, asked), PublishProof) == [PublishProof(TOPIC, signed_proof().encode())]
