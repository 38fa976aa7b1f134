"""Every line of the devnet's script, and the corners beside it, as events under a virtual clock."""

from dataclasses import replace

import pytest

from tests.helpers.attester import (
    BUILDER,
    GENESIS_MS,
    HOSTILE,
    SLOT_MS,
    Play,
    chain,
    public_values,
    root_of,
    verdict,
)
from zkattest.machines.events import (
    BlockReceived,
    BlockStatus,
    CheckBlock,
    ClaimProven,
    ClaimReceived,
    Decision,
    Fault,
    ParentVerdict,
    ProofReceived,
    ProofValid,
    Refused,
    SaveDecision,
    VerifyProof,
)
from zkattest.machines.settings import Limits, Policy
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import Verdict

ACCEPT, IGNORE, REJECT = Verdict.ACCEPT, Verdict.IGNORE, Verdict.REJECT


def advance(play, blocks, until, *, without=()):
    """Play blocks and proofs of slots 1 to `until`, slot s carrying block s."""
    for number in range(1, until + 1):
        play.at(number, 0)
        assert verdict(play.block(blocks[number], number)) is ACCEPT
        play.deadline(number)
        play.at(number, SLOT_MS // 2)
        if number not in without:
            play.prove(blocks[number])
    return play


# --- The plain chain ----------------------------------------------------------------------------


def test_slot__attested_with_anchor_as_parent():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    decided = play.deadline(1)
    assert (decided.decision, decided.block_hash) == (Decision.ATTEST, blocks[1].block_hash)
    assert (decided.block, decided.parent) == (BlockStatus.VALID, ParentVerdict.PROVEN)


def test_chain__attested_throughout_with_proofs_in_time():
    blocks = chain(5)
    play = advance(Play.start(), blocks, 5)
    assert [play.decision(s).decision for s in range(1, 6)] == [Decision.ATTEST] * 5
    assert play.count(ClaimProven) == 5


def test_slot__abstained_without_block():
    play = Play.start()
    decided = play.deadline(1)
    assert (decided.decision, decided.block_hash) == (Decision.ABSTAIN, None)


def test_slot__abstained_while_block_is_still_checked():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.hold = True
    play.block(blocks[1], 1)
    assert play.deadline(1).decision is Decision.ABSTAIN
    play.release()
    assert play.decisions(1)[-1].decision is Decision.ABSTAIN


def test_decision__saved_before_it_is_handed_out():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    decided = play.deadline(1)
    saved = SaveDecision(decided.slot, decided.decision, decided.block_hash)
    assert play.log.index(saved) < play.log.index(decided)


# --- Order of arrival ---------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["proof claim child", "child proof", "claim child proof"])
def test_parent__proven_in_any_order_of_arrival(order):
    blocks, play = chain(2), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    play.at(2, 0)
    for step in order.split():
        match step:
            case "proof":
                play.proof(blocks[1])
            case "claim":
                play.claim(blocks[1].claim)
            case "child":
                play.block(blocks[2], 2)
    assert play.deadline(2).parent is ParentVerdict.PROVEN


def test_parent__proven_by_child_header_alone_without_claim():
    blocks, play = chain(2), Play.start()
    play.at(1, 0)
    play.proof(blocks[1])
    play.block(blocks[1], 1)
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).decision is Decision.ATTEST


def test_proof__accepted_before_its_block():
    blocks, play = chain(2), Play.start()
    play.at(1, 0)
    assert verdict(play.proof(blocks[1])) is ACCEPT
    play.claim(blocks[1].claim)
    play.block(blocks[1], 1)
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).parent is ParentVerdict.PROVEN


def test_block__waits_for_its_parent_then_valid():
    blocks, play = chain(2), Play.start()
    play.at(2, 0)
    answer = play.block(blocks[2], 2)
    assert (verdict(answer), answer.reason) == (IGNORE, Reason.UNKNOWN_PARENT)
    judged = play.judged(blocks[2])
    assert (judged.status, judged.cause) == (BlockStatus.CANNOT_CHECK, Cause.MISSING_PARENT)
    play.block(blocks[1], 1)
    play.prove(blocks[1])
    assert play.judged(blocks[2]).status is BlockStatus.VALID
    assert play.deadline(2).decision is Decision.ATTEST


# --- Missing and late proofs --------------------------------------------------------------------


def test_parent__not_proven_by_deadline_without_proof():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 1, without={1})
    play.at(2, 0)
    play.block(blocks[2], 2)
    decided = play.deadline(2)
    assert decided.decision is Decision.ABSTAIN
    assert (decided.block, decided.parent) == (
        BlockStatus.VALID,
        ParentVerdict.NOT_PROVEN_BY_DEADLINE,
    )


def test_parent__not_proven_while_an_ancestor_is_not():
    blocks = chain(3)
    play = advance(Play.start(), blocks, 2, without={1})
    play.at(3, 0)
    play.block(blocks[3], 3)
    assert play.deadline(3).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE


def test_late_proof__unlocks_all_descendants():
    blocks = chain(4)
    play = advance(Play.start(), blocks, 3, without={1})
    assert play.decision(2).decision is Decision.ABSTAIN
    assert play.decision(3).decision is Decision.ABSTAIN
    play.prove(blocks[1])
    play.at(4, 0)
    play.block(blocks[4], 4)
    decided = play.deadline(4)
    assert (decided.decision, decided.parent) == (Decision.ATTEST, ParentVerdict.PROVEN)
    # What was decided stays decided.
    assert [d.decision for d in play.decisions(2)] == [Decision.ABSTAIN]


def test_proof__too_late_when_it_comes_at_the_deadline():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 1, without={1})
    play.at(2, 0)
    play.block(blocks[2], 2)
    play.deadline(2)
    play.prove(blocks[1])
    assert play.decision(2).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE


def test_wait__attests_in_the_slot_when_the_proof_comes():
    blocks = chain(2)
    play = advance(Play.start(policy=Policy.WAIT), blocks, 1, without={1})
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).decision is Decision.WAIT
    play.prove(blocks[1])
    assert [d.decision for d in play.decisions(2)] == [Decision.WAIT, Decision.ATTEST]
    play.at(4)
    assert play.decisions(2)[-1].decision is Decision.ATTEST


def test_wait__abstains_at_the_end_of_the_slot():
    blocks = chain(2)
    play = advance(Play.start(policy=Policy.WAIT), blocks, 1, without={1})
    play.at(2, 0)
    play.block(blocks[2], 2)
    play.at(3, 0)
    assert [d.decision for d in play.decisions(2)] == [Decision.WAIT, Decision.ABSTAIN]


def test_fall_back__handed_to_the_operator():
    blocks = chain(2)
    play = advance(Play.start(policy=Policy.FALL_BACK), blocks, 1, without={1})
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).decision is Decision.FALL_BACK


@pytest.mark.parametrize("policy", list(Policy))
def test_invalid_block__abstained_under_every_policy(policy):
    blocks, play = chain(1), Play.start(policy=policy)
    play.block_answers[blocks[1].content] = Refused(Reason.NONCE_MISMATCH)
    play.at(1, 0)
    play.block(blocks[1], 1)
    assert play.deadline(1).decision is Decision.ABSTAIN


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


# --- Contradictions -----------------------------------------------------------------------------


def lying_child(blocks):
    return blocks[1].child(name="liar", parent_receipt_root=root_of("lie"))


def test_child__invalid_when_a_proven_claim_contradicts_its_header():
    blocks = chain(1)
    play = advance(Play.start(), blocks, 1, without={1})
    liar = lying_child(blocks)
    play.at(2, 0)
    assert verdict(play.block(liar, 2)) is ACCEPT
    play.prove(blocks[1])
    judged = play.judged(liar)
    assert (judged.status, judged.reason) == (
        BlockStatus.INVALID,
        Reason.PARENT_RECEIPT_ROOT_MISMATCH,
    )
    decided = play.deadline(2)
    assert (decided.decision, decided.parent) == (Decision.ABSTAIN, ParentVerdict.CONTRADICTED)


def test_child__checked_against_the_proven_outputs_when_they_are_known():
    blocks = chain(1)
    play = advance(Play.start(), blocks, 1)
    liar = lying_child(blocks)
    play.block_answers[liar.content] = Refused(Reason.PARENT_RECEIPT_ROOT_MISMATCH)
    play.at(2, 0)
    assert verdict(play.block(liar, 2)) is REJECT
    [check] = [e for e in play.log if isinstance(e, CheckBlock) and e.signed.message.slot == 2]
    assert check.parent_outputs == blocks[1].claim
    assert play.deadline(2).parent is ParentVerdict.CONTRADICTED


def test_grandchild__invalid_when_its_parent_is_contradicted():
    blocks = chain(1)
    play = advance(Play.start(), blocks, 1, without={1})
    liar = lying_child(blocks)
    grandchild = liar.child()
    play.at(2, 0)
    play.block(liar, 2)
    play.at(3, 0)
    play.block(grandchild, 3)
    play.prove(blocks[1])
    judged = play.judged(grandchild)
    assert (judged.status, judged.reason) == (BlockStatus.INVALID, Reason.PARENT_INVALID)
    after = liar.child(name="later", gas_used=5)
    play.at(4, 0)
    answer = play.block(after, 4)
    assert (verdict(answer), answer.reason) == (REJECT, Reason.PARENT_INVALID)


def test_sibling__unharmed_by_a_contradicted_one():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 1)
    play.at(2, 0)
    play.block_answers[lying_child(blocks).content] = Refused(Reason.PARENT_RECEIPT_ROOT_MISMATCH)
    play.block(lying_child(blocks), 2)
    play.at(3, 0)
    play.block(blocks[2], 3)
    assert play.deadline(3).decision is Decision.ATTEST


def test_contradiction__rejects_a_block_that_is_still_being_checked():
    blocks = chain(1)
    play = advance(Play.start(), blocks, 1, without={1})
    liar = lying_child(blocks)
    play.at(2, 0)
    play.claim(blocks[1].claim)
    play.hold = True
    play.block(liar, 2)
    (opening,) = play.held
    play.held = []
    play.feed(play.answer(opening))
    play.hold = False
    play.proof(blocks[1])
    play.release()
    assert play.answers()[-1].reason is Reason.PARENT_RECEIPT_ROOT_MISMATCH
    assert play.judged(liar).status is BlockStatus.INVALID


# --- Hostile blocks -----------------------------------------------------------------------------


def test_block__same_hash_with_another_body_spoils_nothing():
    blocks, play = chain(2), Play.start()
    forged = replace(blocks[1], body="signature forged")
    play.block_answers[forged.content] = Refused(Reason.SIGNATURE_INVALID)
    play.at(1, 0)
    assert verdict(play.block(forged, 1)) is REJECT
    assert play.deadline(1).decision is Decision.ABSTAIN
    play.at(2, 0)
    assert verdict(play.block(blocks[1], 2)) is ACCEPT
    assert play.deadline(2).decision is Decision.ATTEST
    play.prove(blocks[1])
    play.at(3, 0)
    play.block(blocks[2], 3)
    assert play.deadline(3).decision is Decision.ATTEST


def test_block__proof_of_another_body_proves_nothing():
    blocks, play = chain(2), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    play.prove(replace(blocks[1], body="other"))
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE


def test_block__child_may_follow_either_body_after_equivocation():
    blocks = chain(1)
    play = Play.start(proposers=(BUILDER, HOSTILE))
    other = replace(blocks[1], body="other")
    play.at(2, 0)
    play.block(blocks[1], 2)
    play.at(3, 0)
    play.block(other, 3, proposer=HOSTILE)
    play.prove(blocks[1])
    play.claim(other.claim, validator=HOSTILE)
    play.proof(other, validator=HOSTILE)
    play.at(4, 0)
    child = other.child()
    assert verdict(play.block(child, 4)) is ACCEPT
    assert play.deadline(4).decision is Decision.ATTEST


def test_block__invalid_content_rejected_again_in_another_slot_unchecked():
    blocks, play = chain(1), Play.start()
    play.block_answers[blocks[1].content] = Refused(Reason.NONCE_MISMATCH)
    play.at(1, 0)
    play.block(blocks[1], 1)
    play.at(2, 0)
    answer = play.block(blocks[1], 2)
    assert (verdict(answer), answer.reason) == (REJECT, Reason.NONCE_MISMATCH)
    assert play.count(CheckBlock) == 1


def test_block__refused_by_the_cheap_rules():
    blocks, play = chain(2), Play.start(proposers=(BUILDER, HOSTILE))
    play.at(2, 0)
    assert play.block(blocks[1], 4).reason is Reason.SLOT_IN_FUTURE
    assert play.block(blocks[1], 0).reason is Reason.SLOT_TOO_OLD
    assert play.block(blocks[1], 2, proposer=99).reason is Reason.UNKNOWN_VALIDATOR
    assert play.block(blocks[1], 2, proposer=HOSTILE).reason is Reason.WRONG_PROPOSER
    assert play.raw(BlockReceived, b"\xff" * 10).reason is Reason.MALFORMED_MESSAGE
    assert play.raw(BlockReceived, bytes((10 << 20) + 1)).reason is Reason.MESSAGE_TOO_LARGE


def test_block__second_of_a_slot_ignored():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    answer = play.block(replace(blocks[1], body="second"), 1)
    assert (verdict(answer), answer.reason) == (IGNORE, Reason.BLOCK_ALREADY_KNOWN)


def test_block__unsigned_one_rejected_and_takes_nobody_s_turn():
    blocks, play = chain(1), Play.start()
    forged = replace(blocks[1], body="forged")
    play.unsigned.add(forged.content)
    play.at(1, 0)
    assert play.block(forged, 1).reason is Reason.MESSAGE_SIGNATURE_INVALID
    assert verdict(play.block(blocks[1], 1)) is ACCEPT


def test_block__cannot_check_is_no_verdict_and_may_come_again():
    blocks, play = chain(1), Play.start()
    play.block_answers[blocks[1].content] = Fault(Cause.MISSING_NODE, "0xab")
    play.at(1, 0)
    answer = play.block(blocks[1], 1)
    assert (verdict(answer), answer.reason) == (IGNORE, Reason.NOT_CHECKED)
    judged = play.judged(blocks[1])
    assert (judged.status, judged.cause) == (BlockStatus.CANNOT_CHECK, Cause.MISSING_NODE)
    del play.block_answers[blocks[1].content]
    assert verdict(play.block(blocks[1], 1)) is ACCEPT
    assert play.deadline(1).decision is Decision.ATTEST


# --- Restart ------------------------------------------------------------------------------------


def test_restart__resumes_where_it_was():
    blocks = chain(4)
    play = advance(Play.start(), blocks, 3)
    again = play.restart()
    again.at(4, 0)
    assert verdict(again.block(blocks[4], 4)) is ACCEPT
    assert again.deadline(4).decision is Decision.ATTEST


def test_restart__decides_no_slot_twice():
    blocks, play = chain(1), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    play.deadline(1)
    again = play.restart()
    again.block(blocks[1], 1)
    again.at(2, 0)
    assert again.decisions(1) == []


def test_restart__keeps_unopened_roots():
    blocks, play = chain(2), Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    play.proof(blocks[1])
    again = play.restart()
    again.at(2, 0)
    again.block(blocks[2], 2)
    assert again.deadline(2).decision is Decision.ATTEST


def test_restart__recovers_missed_messages_in_any_order():
    blocks = chain(4)
    play = advance(Play.start(), blocks, 1)
    again = play.restart()
    again.at(4, 0)
    again.block(blocks[4], 4)
    again.proof(blocks[3])
    again.block(blocks[3], 3)
    again.proof(blocks[2])
    again.block(blocks[2], 2)
    assert again.deadline(4).decision is Decision.ATTEST


# --- Bounds -------------------------------------------------------------------------------------


def test_peer__ignored_when_it_has_too_much_in_flight():
    blocks, play = chain(1), Play.start(limits=Limits(jobs_per_peer=2))
    play.at(1, 0)
    play.hold = True
    for index in range(2):
        assert play.proof(blocks[1], data=b"%d" % index, validator=index) is None
    assert play.proof(blocks[1], data=b"2", validator=2).reason is Reason.QUEUE_FULL
    assert play.proof(blocks[1], data=b"2", validator=2, peer="other") is None


def test_validator__ignored_beyond_its_quota_of_a_slot():
    blocks, play = chain(5), Play.start(limits=Limits(messages_per_validator_slot=3))
    play.at(1, 0)
    answers = [play.proof(block) for block in blocks[1:]]
    assert [answer.verdict for answer in answers] == [ACCEPT] * 3 + [IGNORE] * 2
    play.at(2, 0)
    assert verdict(play.proof(blocks[5])) is ACCEPT


def test_waiting_blocks__oldest_dropped_and_may_come_again():
    blocks, play = chain(4), Play.start(limits=Limits(waiting_blocks=1))
    play.at(4, 0)
    play.block(blocks[3], 3)
    play.block(blocks[4], 4)
    play.block(blocks[1], 1)
    play.block(blocks[2], 2)
    assert play.judged(blocks[4]).status is BlockStatus.CANNOT_CHECK
    assert verdict(play.block(blocks[3], 3)) is ACCEPT
    assert play.judged(blocks[4]).status is BlockStatus.VALID


def test_memory__flat_while_the_chain_goes_on():
    blocks = chain(100)
    play = advance(Play.start(limits=Limits(history_slots=8)), blocks, 100)
    desk = play.machine._desk
    assert len(desk.tracker.records) < 25
    assert len(desk.pool.roots) < 25
    assert len(desk.slot_blocks) < 25
    assert play.decision(100).decision is Decision.ATTEST
    again = play.restart(limits=Limits(history_slots=8))
    assert again.machine._desk.tracker.proven_slot() == 100


def test_sleep__skipped_slots_are_not_decided_one_by_one():
    play = Play.start(limits=Limits(history_slots=8))
    play.at(1, 0)
    play.now_ms = GENESIS_MS + 100_000 * SLOT_MS
    play.at(100_001)
    assert len(play.log) < 100
