"""Proofs from arrival to verdict: order of rules, waiting, marks, restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.helpers.proof_gossip import (
    BLOCK,
    OTHER,
    OTHER_VALUES,
    PUBKEY,
    TOPIC,
    VALUES,
    ProofPlayer,
    gossip,
    only,
    signed_proof,
)
from zkattest.crypto.hashing import hash_tree_root_envelope
from zkattest.machines.events import ProofReceived, ReportGossip, VerifyProof, WakeAt
from zkattest.machines.proof_events import (
    BlockSeen,
    CheckProofSignature,
    ForgetProofs,
    HeadChanged,
    KeepPrograms,
    KeepProof,
    LookUpValidator,
    PayloadSeen,
    ProofMark,
    ProofSettled,
    PublishProof,
    SlotFinalized,
    TypesChanged,
    ValidatorAnswered,
)
from zkattest.machines.verification_queue import Allowance, VerificationLimits
from zkattest.machines.waiting_proofs import WaitingLimits
from zkattest.spec.answers import ActiveValidator, Fault, ProofValid, Refused
from zkattest.spec.proof_gossip import ORDER_CS5566, ORDER_PAYLOAD_REQUEST
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import Verdict
from zkattest.types.ids import PeerName, ProofType, Slot, ValidatorIndex

ACCEPT, IGNORE, REJECT = Verdict.ACCEPT, Verdict.IGNORE, Verdict.REJECT


def player(**changes: object) -> ProofPlayer:
    play = ProofPlayer()
    if changes:
        play = ProofPlayer(replace(play.settings, **changes))
    play.know()
    return play


def test_proof__accepted_and_kept_when_every_rule_holds():
    play = player()
    signed = signed_proof()
    asked = play.receive(signed)
    root = hash_tree_root_envelope(signed.message)
    assert only(asked, LookUpValidator)[0].index == 7
    assert only(asked, LookUpValidator)[0].slot == 5
    question = only(asked, CheckProofSignature)[0]
    assert (question.pubkey, question.message_root, question.slot) == (PUBKEY, root, 5)
    assert question.signature == signed.signature
    assert only(asked, ReportGossip) == []
    answered = play.answer_engine(verify_ms=41.5)
    mark = ProofMark(BLOCK, root, ProofType(1), ValidatorIndex(7), Slot(5), is_valid=True)
    assert answered == [
        KeepProof(mark, signed.encode()),
        ProofSettled(
            subject=BLOCK,
            slot=Slot(5),
            proof_type=ProofType(1),
            validator_index=ValidatorIndex(7),
            from_peer=PeerName("peer"),
            arrived_at_ms=1_000,
            verify_ms=41.5,
            verdict=ACCEPT,
        ),
        ReportGossip(gossip(signed).message_id, TOPIC, ACCEPT, PeerName("peer")),
    ]
    assert play.machine.valid_types(BLOCK) == {1}
    assert play.machine.queued == {
        "waiting_for_block": 0,
        "waiting_for_verifier": 0,
        "in_progress": 0,
    }


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (bytes(43), Reason.STATEMENT_NOT_VALID),
        (replace(VALUES, valid=False).encode(), Reason.STATEMENT_NOT_VALID),
        (replace(VALUES, schema_id=0x7886).encode(), Reason.SCHEMA_MISMATCH),
        (replace(VALUES, chain_id=1).encode(), Reason.CHAIN_ID_MISMATCH),
        (OTHER_VALUES.encode(), Reason.PUBLIC_VALUES_MISMATCH),
        (VALUES.encode()[:-1], Reason.MALFORMED_PUBLIC_VALUES),
        (VALUES.encode().ljust(255, b"\0"), Reason.MALFORMED_PUBLIC_VALUES),
        (VALUES.encode().ljust(255, b"\0") + b"\1", Reason.MALFORMED_PUBLIC_VALUES),
        (b"\2".join((VALUES.encode()[:32], VALUES.encode()[33:])), Reason.MALFORMED_PUBLIC_VALUES),
    ],
)
def test_proof__rejected_for_what_it_proves(values, reason):
    play = player()
    play.receive(signed_proof())
    play.answer_engine(ProofValid(values))
    assert play.verdicts() == [(REJECT, reason)]
    assert [kept.data for kept in only(play.effects, KeepProof)] == [None]
    assert play.machine.valid_types(BLOCK) == set()


def test_proof__accepted_with_public_values_padded_to_256_bytes():
    play = player()
    play.receive(signed_proof())
    play.answer_engine(ProofValid(VALUES.encode().ljust(256, b"\0")))
    assert play.verdicts() == [(ACCEPT, None)]


def test_proof__rejected_when_empty_or_of_no_type_before_anything_is_asked():
    play = player()
    play.receive(signed_proof(b"", block=OTHER))
    play.receive(signed_proof(proof_type=9, block=OTHER))
    assert play.verdicts() == [
        (REJECT, Reason.EMPTY_PROOF_DATA),
        (REJECT, Reason.UNSUPPORTED_PROOF_TYPE),
    ]


def test_message__rejected_when_it_is_too_large_or_does_not_decode():
    play = player(max_message_bytes=300)
    play.receive(bytes(301))
    play.receive(bytes(300))
    play.receive(b"")
    assert play.verdicts() == [
        (REJECT, Reason.MESSAGE_TOO_LARGE),
        (REJECT, Reason.MALFORMED_MESSAGE),
        (REJECT, Reason.MALFORMED_MESSAGE),
    ]


def test_proof__rejected_for_an_unknown_or_inactive_validator_and_nothing_is_marked():
    play = player()
    for reason in (Reason.UNKNOWN_VALIDATOR, Reason.VALIDATOR_NOT_ACTIVE):
        play.validator = Refused(reason)
        play.receive(signed_proof())
    play.validator = ProofPlayer().validator
    play.receive(signed_proof())
    play.answer_engine()
    assert play.verdicts() == [
        (REJECT, Reason.UNKNOWN_VALIDATOR),
        (REJECT, Reason.VALIDATOR_NOT_ACTIVE),
        (ACCEPT, None),
    ]


def test_proof__rejected_for_a_bad_signature_and_the_right_one_is_still_accepted():
    play = player()
    good, play.signature = play.signature, Refused(Reason.MESSAGE_SIGNATURE_INVALID)
    play.receive(signed_proof())
    play.signature = good
    play.receive(signed_proof())
    play.answer_engine()
    assert play.verdicts() == [(REJECT, Reason.MESSAGE_SIGNATURE_INVALID), (ACCEPT, None)]


def test_proof__ignored_when_a_validator_cannot_be_looked_up():
    play = player()
    play.validator = Fault(Cause.BACKEND_UNAVAILABLE, "beacon node")
    play.receive(signed_proof())
    [settled] = only(play.effects, ProofSettled)
    assert (settled.verdict, settled.reason, settled.cause) == (
        IGNORE,
        Reason.NOT_CHECKED,
        Cause.BACKEND_UNAVAILABLE,
    )


def test_proof__ignored_after_a_fault_of_the_engine_and_accepted_when_it_comes_again():
    play = player()
    play.receive(signed_proof())
    play.answer_engine(Fault(Cause.BACKEND_PANIC))
    play.receive(signed_proof())
    play.answer_engine()
    assert play.verdicts() == [(IGNORE, Reason.NOT_CHECKED), (ACCEPT, None)]


def test_proof__rejected_by_the_engine_and_not_verified_again():
    play = player()
    play.receive(signed_proof())
    play.answer_engine(Refused(Reason.PROOF_INVALID))
    play.receive(signed_proof())
    play.receive(signed_proof(validator=8))
    play.receive(signed_proof(b"another"))
    assert play.verdicts() == [
        (REJECT, Reason.PROOF_INVALID),
        (IGNORE, Reason.PROOF_ALREADY_SEEN),
        (IGNORE, Reason.PROOF_ALREADY_SEEN),
        (IGNORE, Reason.DUPLICATE_FROM_VALIDATOR),
    ]
    assert len(only(play.effects, VerifyProof)) == 1


def test_proof__ignored_once_a_valid_one_of_its_type_is_known():
    play = player()
    play.receive(signed_proof())
    play.answer_engine()
    play.receive(signed_proof(b"another", validator=8))
    play.receive(signed_proof(b"another", validator=8, proof_type=2))
    play.answer_engine()
    assert play.verdicts() == [
        (ACCEPT, None),
        (IGNORE, Reason.PROOF_ALREADY_KNOWN),
        (ACCEPT, None),
    ]


def test_copies_in_flight__only_one_goes_to_the_engine():
    play = player()
    one, other = gossip(signed_proof()), gossip(signed_proof(validator=8), "other")
    first = play.machine.handle(ProofReceived(one), 1_000)
    second = play.machine.handle(ProofReceived(other), 1_000)
    # Both are looked up before either is marked.
    for effects in (second, first):
        play.effects += effects
        for question in only(effects, LookUpValidator):
            play.tell(ValidatorAnswered(question.job, ActiveValidator(PUBKEY)))
    play.answer_engine()
    assert play.verdicts() == [(IGNORE, Reason.PROOF_ALREADY_SEEN), (ACCEPT, None)]
    assert len(only(play.effects, VerifyProof)) == 1


def test_proof__waits_for_its_block_and_its_payload_and_is_accepted():
    play = ProofPlayer()
    play.receive(signed_proof())
    assert play.verdicts() == []
    assert play.effects[-1] == WakeAt(1_000 + WaitingLimits().wait_ms)
    play.now_ms += 2_000
    play.tell(BlockSeen(BLOCK, Slot(5)))
    assert play.running == []
    play.tell(PayloadSeen(BLOCK, VALUES))
    play.answer_engine()
    assert play.verdicts() == [(ACCEPT, None)]
    [settled] = only(play.effects, ProofSettled)
    assert settled.arrived_at_ms == 1_000
    assert only(play.effects, PublishProof) == []


def test_proof__ignored_when_its_block_does_not_come_in_time():
    play = ProofPlayer()
    play.receive(signed_proof())
    play.receive(signed_proof(block=OTHER))
    play.tell(BlockSeen(OTHER, Slot(5)))
    play.pass_ms(WaitingLimits().wait_ms - 1)
    assert play.verdicts() == []
    play.pass_ms(1)
    assert play.verdicts() == [(IGNORE, Reason.UNKNOWN_BLOCK), (IGNORE, Reason.PAYLOAD_UNAVAILABLE)]
    assert play.machine.queued["waiting_for_block"] == 0


def test_waiting__bounded_by_peer_and_in_all():
    play = ProofPlayer()
    limits = WaitingLimits(proofs=3, proofs_per_peer=2)
    play = ProofPlayer(replace(play.settings, waiting=limits))
    for number in range(3):
        play.receive(signed_proof(bytes([number])), "greedy")
    play.receive(signed_proof(b"honest"), "honest")
    play.receive(signed_proof(b"late"), "late")
    assert play.verdicts() == [(IGNORE, Reason.QUEUE_FULL)] * 2
    assert play.machine.queued["waiting_for_block"] == 3


def test_messages_in_flight__bounded_by_peer():
    play = player(jobs_per_peer=1, verification=VerificationLimits(parallel=1))
    play.receive(signed_proof(validator=1))
    play.receive(signed_proof(b"two", validator=2))
    play.receive(signed_proof(b"three", validator=3), "other")
    assert play.verdicts() == [(IGNORE, Reason.QUEUE_FULL)]
    assert play.machine.queued["in_progress"] == 2


def test_overload__ignored_never_rejected_and_marks_are_taken_back():
    limits = VerificationLimits(by_validator=Allowance(100, 10))
    play = player(verification=limits)
    play.receive(signed_proof())
    play.answer_engine(Refused(Reason.PROOF_INVALID), verify_ms=150)
    play.receive(signed_proof(b"second", proof_type=2))
    assert play.verdicts()[1:] == [(IGNORE, Reason.BUDGET_SPENT)]
    # 50 ms too many come back in 5 s; the message is not held against anybody.
    play.pass_ms(5_001)
    play.receive(signed_proof(b"second", proof_type=2))
    play.answer_engine()
    assert play.verdicts()[2:] == [(ACCEPT, None)]


def test_dear_type__garbage_of_a_validator_is_verified_once_and_delays_nobody():
    play = player(dear_types={ProofType(3): 2_000.0})
    play.tell(HeadChanged(BLOCK))
    play.know(OTHER, slot=4, values=OTHER_VALUES)
    play.receive(signed_proof(b"dear", proof_type=3, validator=666))
    play.receive(signed_proof(b"more", block=OTHER, proof_type=3, validator=666))
    assert play.verdicts() == [(IGNORE, Reason.BUDGET_SPENT)]
    play.receive(signed_proof(b"honest", proof_type=1, validator=7))
    assert [work.proof for work in play.running] == [b"dear", b"honest"]


def test_spammer__delays_an_honest_proof_by_one_verification_at_most():
    play = player(verification=VerificationLimits(parallel=1))
    play.know(OTHER, slot=4, values=OTHER_VALUES)
    play.tell(HeadChanged(BLOCK))
    for block in (BLOCK, OTHER):
        for proof_type in (1, 2, 3):
            play.receive(signed_proof(b"spam", block=block, proof_type=proof_type, validator=666))
    honest = signed_proof(b"honest", proof_type=1, validator=7)
    play.receive(honest)
    assert [work.proof for work in play.running] == [b"spam"]
    play.answer_engine(Refused(Reason.PROOF_INVALID))
    assert [work.proof for work in play.running] == [b"honest"]


def test_head__its_proofs_are_verified_before_those_of_older_blocks():
    play = player(verification=VerificationLimits(parallel=1))
    play.know(OTHER, slot=4, values=OTHER_VALUES)
    play.tell(HeadChanged(BLOCK))
    play.receive(signed_proof(b"running", proof_type=3, validator=1))
    play.receive(signed_proof(b"old", block=OTHER, validator=2))
    play.receive(signed_proof(b"new", validator=3))
    started = []
    while play.running:
        started.append(play.running[0].proof)
        play.answer_engine(Refused(Reason.PROOF_INVALID))
    assert started == [b"running", b"new", b"old"]


def test_finality__forgets_blocks_and_ignores_their_proofs():
    play = player()
    play.receive(signed_proof())
    play.tell(SlotFinalized(Slot(6)))
    assert only(play.effects, ForgetProofs) == [ForgetProofs(Slot(6))]
    play.answer_engine()
    play.tell(BlockSeen(BLOCK, Slot(5)))
    assert play.verdicts() == [(IGNORE, Reason.SLOT_TOO_OLD)]
    assert play.machine.blocks == {}
    # A late proof of it waits for nothing.
    play.receive(signed_proof())
    assert play.verdicts()[1:] == [(IGNORE, Reason.SLOT_TOO_OLD)]


def test_finality__drops_proofs_that_wait_for_a_verifier():
    play = player(verification=VerificationLimits(parallel=1))
    play.receive(signed_proof())
    play.receive(signed_proof(b"queued", validator=8, proof_type=2))
    play.tell(SlotFinalized(Slot(6)))
    assert play.verdicts() == [(IGNORE, Reason.SLOT_TOO_OLD)]
    play.answer_engine()
    assert play.verdicts() == [(IGNORE, Reason.SLOT_TOO_OLD)] * 2
    assert play.running == []


def test_blocks__bounded_where_finality_does_not_come():
    play = ProofPlayer()
    play = ProofPlayer(replace(play.settings, blocks=8))
    for slot in range(40):
        play.tell(BlockSeen(type(BLOCK)(bytes([slot]) * 32), Slot(slot)))
        assert len(play.machine.blocks) <= 9
    assert max(block.slot for block in play.machine.blocks.values()) == 39


def test_restart__nothing_is_verified_twice():
    play = player()
    play.receive(signed_proof())
    play.answer_engine()
    play.receive(signed_proof(b"bad", proof_type=2))
    play.answer_engine(Refused(Reason.PROOF_INVALID))
    again = play.restarted()
    again.receive(signed_proof(b"another", validator=9))
    again.receive(signed_proof(b"bad", proof_type=2, validator=9))
    again.receive(signed_proof(b"worse", proof_type=2))
    assert again.verdicts() == [
        (IGNORE, Reason.PROOF_ALREADY_KNOWN),
        (IGNORE, Reason.PROOF_ALREADY_SEEN),
        (IGNORE, Reason.DUPLICATE_FROM_VALIDATOR),
    ]
    assert again.machine.valid_types(BLOCK) == {1}


def test_restart__a_proof_that_waited_is_published_when_it_turns_out_valid():
    play = ProofPlayer()
    signed = signed_proof()
    play.receive(signed)
    again = play.restarted()
    again.know()
    again.answer_engine()
    assert again.verdicts() == []
    assert only(again.effects, PublishProof) == [PublishProof(TOPIC, signed.encode())]


def test_restart__a_proof_that_waited_too_long_is_dropped_in_silence():
    play = ProofPlayer()
    play.receive(signed_proof())
    again = play.restarted()
    again.pass_ms(WaitingLimits().wait_ms)
    assert again.verdicts() == []
    assert again.machine.queued["waiting_for_block"] == 0


def test_order__of_5566_ignores_what_was_seen_before_it_asks_for_the_block():
    play = player(order=ORDER_CS5566)
    play.receive(signed_proof())
    play.answer_engine()
    play.receive(signed_proof())
    assert play.verdicts() == [(ACCEPT, None), (IGNORE, Reason.PROOF_ALREADY_SEEN)]


def test_order__of_payload_requests_drops_a_second_proof_that_became_valid_meanwhile():
    play = player(order=ORDER_PAYLOAD_REQUEST)
    play.receive(signed_proof(validator=1))
    play.receive(signed_proof(b"other", validator=2))
    play.answer_engine()
    play.answer_engine()
    assert play.verdicts() == [(ACCEPT, None), (IGNORE, Reason.PROOF_ALREADY_KNOWN)]
    play.receive(signed_proof(b"", validator=3, proof_type=2))
    assert play.verdicts()[2:] == [(REJECT, Reason.EMPTY_PROOF_DATA)]


# --- Programs that are taken back ---------------------------------------------------------------

TYPES = frozenset(map(ProofType, (1, 2, 3)))
REVOKED = (IGNORE, Reason.NOT_CHECKED)


def revoke(play, *numbers, programs=None):
    kinds = frozenset(map(ProofType, numbers))
    return play.tell(TypesChanged(TYPES, kinds, programs=programs or {}))


def test_revoked_type__ignored_before_anything_is_asked_and_accepted_once_it_is_trusted_again():
    play = player(revoked_types=frozenset({ProofType(1)}))
    told = play.receive(signed_proof())
    assert [type(effect) for effect in told] == [ProofSettled, ReportGossip]
    assert play.verdicts() == [REVOKED]
    assert told[0].cause is Cause.PROGRAM_REVOKED
    revoke(play)
    play.receive(signed_proof())
    play.answer_engine()
    assert play.verdicts()[1:] == [(ACCEPT, None)]


def test_revoked_type__others_are_judged_as_before():
    play = player(revoked_types=frozenset({ProofType(1)}))
    play.receive(signed_proof(b"other", proof_type=2))
    play.answer_engine()
    assert play.verdicts() == [(ACCEPT, None)]
    # A type that nobody named is an error of who sends it, as ever.
    play.receive(signed_proof(proof_type=9))
    assert play.verdicts()[1:] == [(REJECT, Reason.UNSUPPORTED_PROOF_TYPE)]


@pytest.mark.parametrize("outcome", [None, Refused(Reason.PROOF_INVALID)])
def test_revoked_type__ignored_while_it_is_verified_whatever_comes_out(outcome):
    play = player()
    play.receive(signed_proof())
    assert revoke(play, 1)[:1] == [KeepPrograms({})]
    play.answer_engine(outcome)
    assert play.verdicts() == [REVOKED]
    assert only(play.effects, KeepProof) == []
    assert play.machine.valid_types(BLOCK) == frozenset()
    (settled,) = only(play.effects, ProofSettled)
    assert (settled.cause, settled.verify_ms) == (Cause.PROGRAM_REVOKED, 40.0)
    # No mark is left, and no verifier is held.
    revoke(play)
    play.receive(signed_proof())
    play.answer_engine()
    assert play.verdicts()[1:] == [(ACCEPT, None)]
    assert play.machine.queued["in_progress"] == 0


def test_revoked_type__dropped_while_it_waits_for_a_verifier():
    play = player(verification=VerificationLimits(parallel=1))
    for number in (1, 2):
        play.receive(signed_proof(b"%d" % number, proof_type=number, validator=number))
    assert len(play.running) == 1
    revoke(play, 2)
    assert play.verdicts() == [REVOKED]
    play.answer_engine()
    assert play.verdicts()[1:] == [(ACCEPT, None)]
    assert play.running == []


def test_revoked_type__ignored_when_its_block_comes_at_last():
    play = ProofPlayer()
    play.receive(signed_proof())
    revoke(play, 1)
    play.know()
    assert play.verdicts() == [REVOKED]
    assert play.running == []


def test_replaced_type__what_the_old_program_proved_says_nothing_of_the_new_one():
    play = player(programs={ProofType(1): "old", ProofType(2): "same"})
    for number in (1, 2):
        play.receive(signed_proof(b"%d" % number, proof_type=number))
        play.answer_engine()
    play.receive(signed_proof(b"on its way", proof_type=1, block=OTHER))
    play.know(OTHER, values=OTHER_VALUES)
    names = {ProofType(1): "new", ProofType(2): "same"}
    assert revoke(play, programs=names)[:1] == [KeepPrograms(names)]
    assert play.machine.valid_types(BLOCK) == {2}
    # Its verifier was the old program's.
    play.answer_engine(ProofValid(OTHER_VALUES.encode()))
    assert play.verdicts()[2:] == [REVOKED]
    play.receive(signed_proof(b"of the new one", proof_type=1))
    play.answer_engine()
    assert play.verdicts()[3:] == [(ACCEPT, None)]
    assert play.machine.valid_types(BLOCK) == {1, 2}
