"""Blocks that lie about their parents or break rules, as events under a virtual clock."""

from dataclasses import replace

from tests.helpers.attester import (
    BUILDER,
    HOSTILE,
    Play,
    advance,
    chain,
    root_of,
    verdict,
)
from zkattest.machines.events import (
    BlockReceived,
    BlockStatus,
    CheckBlock,
    Decision,
    KeepState,
    ParentVerdict,
)
from zkattest.machines.settings import Limits
from zkattest.spec.answers import Fault, Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import Verdict

ACCEPT, IGNORE, REJECT = Verdict.ACCEPT, Verdict.IGNORE, Verdict.REJECT


# --- What checks have read ----------------------------------------------------------------------


def kept(play):
    return [effect.content_id for effect in play.log if isinstance(effect, KeepState)]


def test_state__kept_when_the_parent_was_proven_before():
    blocks = chain(1)
    play = Play.start()
    play.at(1, 0)
    play.block(blocks[1], 1)
    assert kept(play) == [root_of("content", blocks[1].content)]


def test_state__kept_when_the_parent_is_proven_afterwards():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 2, without={1})
    first, second = (root_of("content", block.content) for block in blocks[1:])
    assert kept(play) == [first]
    play.prove(blocks[1])
    assert kept(play) == [first, second]


def test_state__kept_once_when_the_parent_is_proven_during_the_check():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 1, without={1})
    before = kept(play)
    play.at(2, 0)
    play.hold = True
    play.block(blocks[2], 2)
    [opening] = play.held
    play.held.clear()
    play.feed(play.answer(opening))
    [checking] = play.held
    play.held.clear()
    play.hold = False
    play.prove(blocks[1])
    assert kept(play) == before
    play.feed(play.answer(checking))
    assert kept(play) == [*before, root_of("content", blocks[2].content)]


def test_state__never_kept_of_a_block_that_is_not_valid_or_not_proven():
    blocks = chain(2)
    play = advance(Play.start(), blocks, 1, without={1})
    honest = kept(play)
    liar = lying_child(blocks)
    play.at(2, 0)
    play.block(liar, 2)
    assert kept(play) == honest
    play.prove(blocks[1])
    assert kept(play) == honest
    refused = blocks[1].child(name="refused")
    play.block_answers[refused.content] = Refused(Reason.NONCE_MISMATCH)
    play.at(3, 0)
    play.block(refused, 3)
    assert kept(play) == honest


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


def test_block__ignored_when_its_proposer_sent_too_many_that_nobody_can_check():
    blocks = chain(1)
    play = Play.start(limits=Limits(attempts_per_turn=2))
    play.at(1, 0)
    for body in ("a", "b", "c"):
        broken = replace(blocks[1], body=body)
        play.block_answers[broken.content] = Fault(Cause.MISSING_NODE)
        answer = play.block(broken, 1)
    assert (verdict(answer), answer.reason) == (IGNORE, Reason.QUEUE_FULL)
    assert play.count(CheckBlock) == 2


def test_block__invalid_when_contradicted_while_it_waited():
    blocks = chain(1)
    play = Play.start()
    liar = lying_child(blocks)
    play.at(2, 0)
    play.proof(blocks[1])
    play.claim(blocks[1].claim)
    assert play.block(liar, 2).reason is Reason.UNKNOWN_PARENT
    play.block(blocks[1], 1)
    judged = play.judged(liar)
    assert (judged.status, judged.reason) == (
        BlockStatus.INVALID,
        Reason.PARENT_RECEIPT_ROOT_MISMATCH,
    )
    assert play.deadline(2).parent is ParentVerdict.CONTRADICTED
