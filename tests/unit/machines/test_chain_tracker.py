"""Blocks under a policy: as many proofs as it asks for, and programs that are taken back."""

from dataclasses import replace

import pytest

from tests.helpers.attester import SLOT_MS, Play, advance, chain, public_values, verdict
from tests.helpers.programs import REVOKED, make_entry
from zkattest.machines.events import (
    BlockJudged,
    BlockStatus,
    CheckBlock,
    CheckSignature,
    Decision,
    ParentSettled,
    ParentVerdict,
    PolicyChanged,
    ProofLost,
    VerifyProof,
)
from zkattest.spec.answers import ProofValid, Refused
from zkattest.spec.proof_policy import PRESETS, Exclusion, PolicyReason, TypePolicy
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.gossip import Verdict
from zkattest.types.ids import ProofType
from zkattest.types.programs import ProofSystem

ACCEPT, IGNORE, REJECT = Verdict.ACCEPT, Verdict.IGNORE, Verdict.REJECT
SP1, ZISK = ProofType(1), ProofType(2)
TWO_ZKVMS = TypePolicy(
    PRESETS["2-of-3-zkvms"],
    {
        SP1: make_entry("ours-sp1", ProofSystem.SP1),
        ZISK: make_entry("ours-zisk", ProofSystem.ZISK),
    },
)


def give(play, block, proof_type, *, validator=0):
    """Deliver a proof of a type, in bytes of its own."""
    data = b"%d %d %s" % (proof_type, validator, block.root)
    play.proof_answers[data] = ProofValid(public_values(block.root))
    return verdict(play.proof(block, data=data, proof_type=proof_type, validator=validator))


def test_parent__proven_by_as_many_proofs_as_the_policy_asks_for():
    blocks, play = chain(3), Play.start(proof_policy=TWO_ZKVMS)
    advance(play, blocks, 1, without={1})
    assert give(play, blocks[1], SP1) is ACCEPT
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE
    assert give(play, blocks[1], ZISK) is ACCEPT
    assert [give(play, blocks[2], kind) for kind in (SP1, ZISK)] == [ACCEPT, ACCEPT]
    play.at(3, 0)
    play.block(blocks[3], 3)
    assert play.deadline(3).decision is Decision.ATTEST


def test_parent__not_proven_by_one_kind_of_proof_twice():
    blocks, play = chain(2), Play.start(proof_policy=TWO_ZKVMS)
    advance(play, blocks, 1, without={1})
    for validator in (0, 1):
        assert give(play, blocks[1], SP1, validator=validator) is ACCEPT
    play.at(2, 0)
    play.block(blocks[2], 2)
    assert play.deadline(2).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE


def test_restart__proves_nothing_that_was_not_proven():
    blocks, play = chain(2), Play.start(proof_policy=TWO_ZKVMS)
    advance(play, blocks, 1, without={1})
    give(play, blocks[1], SP1)
    again = play.restart(proof_policy=TWO_ZKVMS)
    again.at(2, 0)
    again.block(blocks[2], 2)
    assert again.deadline(2).parent is ParentVerdict.NOT_PROVEN_BY_DEADLINE


def test_restart__remembers_proofs_that_are_not_enough_yet_and_verifies_none_twice():
    blocks, play = chain(2), Play.start(proof_policy=TWO_ZKVMS)
    advance(play, blocks, 1, without={1})
    give(play, blocks[1], SP1)
    again = play.restart(proof_policy=TWO_ZKVMS)
    # A copy under another signature: its bytes were found valid before.
    assert give(again, blocks[1], SP1, validator=0) is ACCEPT
    assert again.count(VerifyProof) == 0
    assert give(again, blocks[1], ZISK) is ACCEPT
    again.at(2, 0)
    again.block(blocks[2], 2)
    assert again.deadline(2).decision is Decision.ATTEST


# --- Programs that are taken back ---------------------------------------------------------------

ANY_OF_TWO = TypePolicy(PRESETS["1-of-any"], TWO_ZKVMS.programs)


def without(policy, *numbers):
    """Say the same of all programs but these, which are revoked."""
    revoked = {kind: replace(policy.programs[kind], status=REVOKED) for kind in numbers}
    return replace(policy, programs={**policy.programs, **revoked})


def proven(play, blocks, until, *kinds):
    """Play slots, with proofs of these types."""
    for number in range(1, until + 1):
        play.at(number, 0)
        assert verdict(play.block(blocks[number], number)) is ACCEPT
        play.deadline(number)
        play.at(number, SLOT_MS // 2)
        for kind in kinds:
            assert give(play, blocks[number], kind) is ACCEPT
    return play


def parents(play, slot):
    return [e.parent for e in play.log if isinstance(e, ParentSettled) and e.slot == slot]


def test_policy_changed__blocks_lose_the_proof_of_a_revoked_program_and_have_it_back():
    blocks = chain(5)
    play = proven(Play.start(proof_policy=ANY_OF_TWO), blocks, 3, SP1)
    assert play.machine.standing().proven_slot == 3
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1)))
    # The anchor is trusted without proof: the first block stays proven by it.
    assert play.machine.standing().proven_slot == 1
    lost = [e for e in play.log if isinstance(e, ProofLost)]
    # Roots that nobody has opened are told as well: the third block has no child yet.
    assert [(e.root, e.block_hash) for e in lost] == [
        (blocks[1].root, blocks[1].block_hash),
        (blocks[2].root, blocks[2].block_hash),
        (blocks[3].root, None),
    ]
    assert {e.result.reason for e in lost} == {PolicyReason.NONE_COUNTS}
    assert {e.result.excluded for e in lost} == {(("ours-sp1", Exclusion.REVOKED),)}
    for slot in (2, 3):
        assert parents(play, slot)[-1] is ParentVerdict.NOT_PROVEN_BY_DEADLINE
    play.at(4, 0)
    play.block(blocks[4], 4)
    assert play.deadline(4).decision is Decision.ABSTAIN
    play.feed(PolicyChanged(ANY_OF_TWO))
    assert play.machine.standing().proven_slot == 4
    play.at(4, SLOT_MS // 2)
    give(play, blocks[4], SP1)
    play.at(5, 0)
    play.block(blocks[5], 5)
    assert play.deadline(5).decision is Decision.ATTEST
    # What was decided stays decided.
    assert [play.decision(slot).decision for slot in (2, 3)] == [Decision.ATTEST] * 2


def test_policy_changed__blocks_keep_the_proof_that_another_program_gave_later():
    blocks = chain(4)
    play = proven(Play.start(proof_policy=ANY_OF_TWO), blocks, 3, SP1, ZISK)
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1)))
    assert play.machine.standing().proven_slot == 3
    assert play.count(ProofLost) == 0
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1, ZISK)))
    assert play.machine.standing().proven_slot == 1
    assert play.count(ProofLost) == 3


def test_policy_changed__a_stricter_policy_is_met_by_what_is_known():
    blocks = chain(3)
    play = proven(Play.start(proof_policy=ANY_OF_TWO), blocks, 2, SP1)
    give(play, blocks[1], ZISK)
    play.feed(PolicyChanged(TWO_ZKVMS))
    assert play.machine.standing().proven_slot == 2
    assert [e.root for e in play.log if isinstance(e, ProofLost)] == [blocks[2].root]


def test_restart__notices_that_a_program_was_revoked_meanwhile_and_says_so_once():
    blocks = chain(3)
    play = proven(Play.start(proof_policy=ANY_OF_TWO), blocks, 3, SP1)
    again = play.restart(proof_policy=without(ANY_OF_TWO, SP1))
    assert again.machine.standing().proven_slot == 1
    lost = [e.root for e in again.log if isinstance(e, ProofLost)]
    assert lost == [blocks[1].root, blocks[2].root]
    again.log[:0] = play.log
    third = again.restart(proof_policy=without(ANY_OF_TWO, SP1))
    assert third.machine.standing().proven_slot == 1
    assert third.count(ProofLost) == 0
    third.log[:0] = again.log
    trusted = third.restart(proof_policy=ANY_OF_TWO)
    assert trusted.machine.standing().proven_slot == 3


def test_restart__a_type_that_is_no_longer_the_network_s_proves_nothing():
    blocks = chain(3)
    play = proven(Play.start(proof_policy=ANY_OF_TWO), blocks, 2, ZISK)
    # Without a section, one proof of any type that there is.
    again = play.restart()
    assert again.machine.standing().proven_slot == 1
    (lost,) = [e for e in again.log if isinstance(e, ProofLost)]
    assert (lost.root, lost.result.reason) == (blocks[1].root, PolicyReason.NO_PROOF)
    assert play.restart(proof_policy=ANY_OF_TWO).machine.standing().proven_slot == 2


def test_revoked_type__ignored_before_its_signature_and_while_it_is_verified():
    blocks = chain(2)
    play = Play.start(proof_policy=without(ANY_OF_TWO, SP1))
    play.at(1, 0)
    play.block(blocks[1], 1)
    assert give(play, blocks[1], SP1) is IGNORE
    assert play.count(CheckSignature) == 0
    assert play.answers()[-1].reason is Reason.NOT_CHECKED
    assert give(play, blocks[1], ZISK) is ACCEPT
    play.hold = True
    assert give(play, blocks[1], ZISK, validator=2) is None
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1, ZISK)))
    play.release()
    assert (verdict(play.answers()[-1]), play.last_proof().cause) == (
        IGNORE,
        Cause.PROGRAM_REVOKED,
    )


def lying(blocks, play):
    """Prove a false claim of the first block with SP1: the honest child is contradicted."""
    play.at(1, 0)
    play.block(blocks[1], 1)
    liar = replace(blocks[1], outputs="false")
    play.claim(liar.claim)
    assert give(play, liar, SP1) is ACCEPT
    return liar


@pytest.mark.parametrize("restarts", [False, True])
def test_policy_changed__a_block_that_a_false_claim_contradicted_is_valid_again(restarts):
    blocks, play = chain(3), Play.start(proof_policy=ANY_OF_TWO)
    for number in (1, 2, 3):
        play.at(number, 0)
        play.block(blocks[number], number)
    lying(blocks, play)
    assert play.judged(blocks[2]).status is BlockStatus.INVALID
    assert play.judged(blocks[3]).reason is Reason.PARENT_INVALID
    if restarts:
        play = play.restart(proof_policy=ANY_OF_TWO)
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1)))
    assert [play.judged(blocks[number]).status for number in (2, 3)] == [BlockStatus.VALID] * 2
    for number in (1, 2):
        assert give(play, blocks[number], ZISK) is ACCEPT
    assert play.machine.standing().proven_slot == 3


@pytest.mark.parametrize("order", ["honest false", "false honest"])
def test_policy_changed__the_honest_claim_is_what_is_left_of_two_that_contradict_each_other(order):
    blocks, play = chain(2), Play.start(proof_policy=ANY_OF_TWO)
    for number in (1, 2):
        play.at(number, 0)
        play.block(blocks[number], number)
    play.at(3, 0)
    for word in order.split():
        if word == "honest":
            give(play, blocks[1], ZISK)
        else:
            # Proven by an unsound program, and claimed by the header of another child.
            liar = replace(blocks[1], outputs="false")
            give(play, liar, SP1)
            play.block(blocks[1].child(name="liar", of=liar.claim), 3)
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1)))
    assert play.machine.standing().proven_slot == 2
    assert play.judged(blocks[2]).status is BlockStatus.VALID
    assert play.restart(proof_policy=without(ANY_OF_TWO, SP1)).machine.standing().proven_slot == 2


def test_policy_changed__a_block_is_checked_on_that_was_contradicted_while_it_was_checked():
    blocks, play = chain(2), Play.start(proof_policy=ANY_OF_TWO)
    play.at(1, 0)
    play.block(blocks[1], 1)
    play.at(2, 0)
    check = hold_check(play, blocks[2])
    lying(blocks, play)
    assert [e.status for e in play.log if isinstance(e, BlockJudged)][-1] is BlockStatus.INVALID
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1)))
    play.feed(play.answer(check))
    assert play.judged(blocks[2]).status is BlockStatus.VALID
    assert verdict(play.answers()[-1]) is ACCEPT


def hold_check(play, block):
    """Deliver a block, and keep its static check from being answered."""
    play.hold = True
    play.block(block, 2)
    while not isinstance(play.held[0], CheckBlock):
        effects = play.machine.handle(play.answer(play.held.pop(0)), play.now_ms)
        play.log.extend(effects)
        play.held += [e for e in effects if isinstance(e, CheckBlock)]
    play.hold = False
    return play.held.pop()


def test_policy_changed__a_block_that_was_refused_by_a_false_claim_may_come_again():
    blocks, play = chain(2), Play.start(proof_policy=ANY_OF_TWO)
    lying(blocks, play)
    play.at(2, 0)
    # The static rules compare it with what is proven of its parent.
    refusal = Refused(Reason.PARENT_RECEIPT_ROOT_MISMATCH)
    play.block_answers[blocks[2].content] = refusal
    assert verdict(play.block(blocks[2], 2)) is REJECT
    del play.block_answers[blocks[2].content]
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1)))
    judged = play.judged(blocks[2])
    assert (judged.status, judged.cause) == (BlockStatus.CANNOT_CHECK, Cause.PROGRAM_REVOKED)
    assert play.restart(proof_policy=ANY_OF_TWO).machine.standing().head.slot == 1
    assert verdict(play.block(blocks[2], 2)) is ACCEPT


def test_policy_changed__a_block_that_is_invalid_by_itself_stays_so():
    blocks, play = chain(2), Play.start(proof_policy=ANY_OF_TWO)
    lying(blocks, play)
    play.at(2, 0)
    play.block_answers[blocks[2].content] = Refused(Reason.NONCE_MISMATCH)
    assert verdict(play.block(blocks[2], 2)) is REJECT
    play.feed(PolicyChanged(without(ANY_OF_TWO, SP1)))
    assert play.judged(blocks[2]).reason is Reason.NONCE_MISMATCH
    assert verdict(play.block(blocks[2], 2)) is IGNORE
