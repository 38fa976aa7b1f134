"""Proofs and claims, honest and hostile, as events under a virtual clock."""

from dataclasses import replace

import pytest

from tests.helpers.attester import (
    BUILDER,
    HOSTILE,
    Play,
    advance,
    chain,
    public_values,
    root_of,
    verdict,
)
from zkattest.machines.events import (
    ClaimReceived,
    Decision,
    ParentVerdict,
    ProofReceived,
    VerifyProof,
)
from zkattest.spec.answers import Fault, ProofValid, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import Verdict

ACCEPT, IGNORE, REJECT = Verdict.ACCEPT, Verdict.IGNORE, Verdict.REJECT


# --- Hostile proofs -----------------------------------------------------------------------------


def test_proof__rejected_when_corrupted_and_the_good_one_still_counts():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 1, without={1})
    play.proof_answers[b"corrupted"] = Refused(Reason.PROOF_INVALID)
    answer = play.proof(blocks[1], data=b"corrupted", peer="hostile", validator=HOSTILE)
    assert (verdict(answer), answer.reason, answer.from_peer) == (
        REJECT,
        Reason.PROOF_INVALID,
        "hostile",
    )
    play.prove(blocks[1])
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).decision is Decision.ATTEST


def test_proof__rejected_as_another_block_s_and_nothing_is_proven():
    blocks = chain(3)
    play = advance(Play.start(), blocks, 2, without={2})
    foreign = play.proof(blocks[1], under=blocks[2], peer="hostile", validator=HOSTILE)
    assert (verdict(foreign), foreign.reason) == (REJECT, Reason.ROOT_MISMATCH)
    play.at(3, 0)
    play.block(blocks[3], 3)
    assert play.deadline(3).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE


def test_proof__right_one_accepted_after_another_block_s_came_unopened():
    blocks = chain(3)
    play = advance(Play.start(), blocks, 2, without={1, 2})
    # Nobody can open the root yet, so nobody can say that it is another block's.
    assert verdict(play.proof(blocks[1], under=blocks[2], validator=HOSTILE)) is ACCEPT
    assert verdict(play.proof(blocks[2], validator=BUILDER)) is ACCEPT
    play.claim(blocks[2].claim)
    play.claim(blocks[1].claim)
    play.at(3, 0)
    play.block(blocks[3], 3)
    assert play.deadline(3).decision is Decision.ATTEST


def test_proof__changes_nothing_when_nobody_can_open_its_root():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 1, without={1})
    stranger = chain(1)[0].child(name="stranger", gas_used=1)
    assert verdict(play.proof(stranger, under=blocks[1])) is ACCEPT
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (lambda root: public_values(root, valid=False), Reason.STATEMENT_NOT_VALID),
        (lambda root: public_values(root, chain_id=1), Reason.CHAIN_ID_MISMATCH),
        (lambda root: public_values(root, schema_id=0x1501), Reason.SCHEMA_MISMATCH),
        (lambda _: bytes(43), Reason.STATEMENT_NOT_VALID),
        (lambda _: b"short", Reason.MALFORMED_PUBLIC_VALUES),
    ],
)
def test_proof__rejected_for_what_it_proves(values, reason):
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.proof_answers[b"other"] = ProofValid(values(blocks[1].root))
    answer = play.proof(blocks[1], data=b"other")
    assert (verdict(answer), answer.reason) == (REJECT, reason)


def test_proof__rejected_for_its_form_before_any_work():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    assert play.proof(blocks[1], data=b"").reason is Reason.EMPTY_PROOF_DATA
    assert play.proof(blocks[1], proof_type=9).reason is Reason.UNSUPPORTED_PROOF_TYPE
    assert play.proof(blocks[1], validator=99).reason is Reason.UNKNOWN_VALIDATOR
    assert play.raw(ProofReceived, b"\x01").reason is Reason.MALFORMED_MESSAGE
    assert play.raw(ProofReceived, bytes(4_194_450)).reason is Reason.MESSAGE_TOO_LARGE
    assert play.count(VerifyProof) == 0


def test_proof__rejected_without_the_engine_when_unsigned_and_not_marked_seen():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    data = b"proof of " + blocks[1].root
    play.unsigned.add(data)
    assert play.proof(blocks[1]).reason is Reason.MESSAGE_SIGNATURE_INVALID
    assert play.count(VerifyProof) == 0
    play.unsigned.clear()
    assert verdict(play.proof(blocks[1])) is ACCEPT


def test_proof__ignored_as_duplicate():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.proof(blocks[1])
    assert play.proof(blocks[1], validator=2).reason is Reason.PROOF_ALREADY_KNOWN
    assert play.proof(blocks[1], data=b"b").reason is Reason.DUPLICATE_FROM_VALIDATOR
    play.claim(blocks[1].claim)
    assert play.proof(blocks[1], data=b"c", validator=3).reason is Reason.PROOF_ALREADY_KNOWN
    assert play.count(VerifyProof) == 1


def test_proof__ignored_after_a_fault_and_judged_when_it_comes_again():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    data = b"proof of " + blocks[1].root
    play.proof_answers[data] = Fault(Cause.TIMEOUT, "no answer within 4000 ms")
    answer = play.proof(blocks[1])
    assert (verdict(answer), answer.reason) == (IGNORE, Reason.NOT_CHECKED)
    assert play.last_proof().cause is Cause.TIMEOUT
    del play.proof_answers[data]
    assert verdict(play.proof(blocks[1])) is ACCEPT


def test_proof__copy_in_flight_ignored_once_the_first_is_signed():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.hold = True
    assert play.proof(blocks[1]) is None
    assert play.proof(blocks[1], validator=2) is None
    play.release()
    verdicts = sorted(answer.verdict for answer in play.answers())
    assert verdicts == [ACCEPT, IGNORE]
    assert play.count(VerifyProof) == 1


def test_proof__same_bytes_verified_once_under_any_hash():
    blocks, play = chain(2), Play.start()
    play.at(1, 0)
    play.proof(blocks[1])
    play.proof(blocks[1], under=blocks[2], validator=2)
    assert play.count(VerifyProof) == 1


# --- Claims -------------------------------------------------------------------------------------


def test_claim__rejected_when_another_is_proven():
    blocks = chain(1)
    play = advance(Play.start(), blocks, 1)
    lie = replace(blocks[1].claim, receipts_root=root_of("lie"))
    answer = play.claim(lie, validator=HOSTILE)
    assert (verdict(answer), answer.reason) == (REJECT, Reason.CLAIM_CONTRADICTED)


def test_claim__false_one_proves_nothing_and_keeps_nobody_out():
    blocks, play = chain(2), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    lie = replace(blocks[1].claim, receipts_root=root_of("lie"))
    assert verdict(play.claim(lie, validator=HOSTILE)) is ACCEPT
    play.prove(blocks[1])
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).decision is Decision.ATTEST


def test_claim__ignored_or_rejected_for_its_form():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    assert verdict(play.claim(blocks[1].claim)) is ACCEPT
    assert play.claim(blocks[1].claim, validator=2).reason is Reason.CLAIM_ALREADY_KNOWN
    lie = replace(blocks[1].claim, receipts_root=root_of("lie"))
    assert play.claim(lie).reason is Reason.DUPLICATE_FROM_VALIDATOR
    assert play.claim(lie, validator=99).reason is Reason.UNKNOWN_VALIDATOR
    assert play.raw(ClaimReceived, b"").reason is Reason.MALFORMED_MESSAGE
    assert play.raw(ClaimReceived, bytes(1000)).reason is Reason.MESSAGE_TOO_LARGE
    play.unsigned.add(lie.encode())
    assert play.claim(lie, validator=2).reason is Reason.MESSAGE_SIGNATURE_INVALID
