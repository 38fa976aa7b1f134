"""Decisions: every line of the devnet's script and the corners beside it, under a virtual clock."""

import pytest

from tests.helpers.attester import (
    GENESIS_MS,
    SLOT_MS,
    Play,
    advance,
    chain,
    settings,
    verdict,
)
from zkattest.machines.events import (
    BlockStatus,
    ClaimProven,
    Decision,
    ParentVerdict,
    SaveDecision,
)
from zkattest.machines.settings import Limits, Policy
from zkattest.machines.standing import Head, Standing
from zkattest.spec.answers import Refused
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import Verdict
from zkattest.types.ids import Slot

ACCEPT, IGNORE, REJECT = Verdict.ACCEPT, Verdict.IGNORE, Verdict.REJECT


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


# --- Standing -----------------------------------------------------------------------------------


def test_standing__at_the_anchor_at_first():
    play, anchor = Play.start(), settings().anchor
    assert play.machine.standing() == Standing(
        head=Head(Slot(0), anchor.block_hash, True),
        proven_slot=Slot(0),
        jobs=dict.fromkeys(["opening", "waiting", "checking", "signature", "proof"], 0),
        blocks=1,
        roots=0,
    )


def test_standing__follows_blocks_and_counts_what_is_at_work():
    blocks, play = chain(3), Play.start()
    advance(play, blocks, 2)
    play.at(3, 0)
    play.hold = True
    play.block(blocks[3], 3)
    standing = play.machine.standing()
    assert standing.head == Head(Slot(2), blocks[2].block_hash, True)
    assert (standing.proven_slot, standing.jobs["opening"]) == (Slot(2), 1)
    play.release()
    assert play.machine.standing().head == Head(Slot(3), blocks[3].block_hash, True)
