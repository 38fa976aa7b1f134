"""No sequence of events raises, answers a message twice, or decides a slot twice."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.attester import GENESIS_MS, SLOT_MS, SP1, WORK, Play, chain, root_of
from tests.helpers.programs import REVOKED, make_entry
from zkattest.machines.events import (
    BlockChecked,
    BlockOpened,
    BlockReceived,
    BlockStatus,
    ClaimReceived,
    Decide,
    Decision,
    JobId,
    ParentSettled,
    ParentVerdict,
    PolicyChanged,
    ProofChecked,
    ProofReceived,
    ReportGossip,
    SignatureChecked,
    TimePassed,
)
from zkattest.machines.settings import Limits, Policy
from zkattest.spec.answers import Fault, ProofValid, Refused, SignatureValid
from zkattest.spec.proof_policy import PRESETS, TypePolicy
from zkattest.spec.reasons import Cause, Reason

BLOCKS = chain(4)
LIAR = BLOCKS[1].child(name="liar", parent_receipt_root=root_of("lie"))
FORGED = replace(BLOCKS[2], body="forged")
POOL = [*BLOCKS[1:], LIAR, LIAR.child(), FORGED, FORGED.child()]

some_block = st.sampled_from(POOL)
some_peer = st.sampled_from(["a", "b"])
bad_outcome = st.sampled_from([Refused(Reason.NONCE_MISMATCH), Fault(Cause.TIMEOUT)])

step = st.one_of(
    st.tuples(st.just("block"), some_block, st.integers(0, 7), some_peer),
    st.tuples(st.just("proof"), some_block, some_block, some_peer),
    st.tuples(st.just("claim"), some_block, st.booleans(), some_peer),
    st.tuples(st.just("raw"), st.binary(max_size=120), st.integers(0, 2), some_peer),
    st.tuples(st.just("time"), st.integers(-SLOT_MS, 2 * SLOT_MS)),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.just("fail"), some_block, bad_outcome),
    st.tuples(st.just("stray"), st.integers(0, 20), st.integers(0, 3)),
    st.tuples(st.just("answer"), st.integers(0, 5)),
    st.tuples(st.just("revoke"), st.booleans()),
)

TRUSTED = TypePolicy(PRESETS["1-of-any"], {SP1: make_entry("ours")})
DISTRUSTED = TypePolicy(TRUSTED.policy, {SP1: make_entry("ours", status=REVOKED)})


def take(play, move):
    match move:
        case ("block", block, slot, peer):
            play.block(block, slot, peer)
        case ("proof", block, under, peer):
            play.proof(block, under=under, peer=peer, validator=len(peer))
        case ("claim", block, honest, peer):
            claim = block.claim if honest else replace(block.claim, requests_hash=root_of("x"))
            play.claim(claim, peer=peer)
        case ("raw", data, kind, peer):
            play.raw((BlockReceived, ProofReceived, ClaimReceived)[kind], data, peer)
        case ("time", step_ms):
            play.now_ms += step_ms
            play.feed(TimePassed())
        case ("hold", hold):
            play.hold = hold
        case ("fail", block, outcome):
            play.block_answers[block.content] = outcome
            play.proof_answers[b"proof of " + block.root] = outcome
        case ("stray", job, kind):
            play.feed(stray_answer(JobId(job), kind))
        case ("revoke", revoked):
            play.feed(PolicyChanged(DISTRUSTED if revoked else TRUSTED))
        case ("answer", index):
            if play.held:
                effect = play.held.pop(index % len(play.held))
                play.feed(play.answer(effect))


def stray_answer(job, kind):
    return (
        BlockOpened(job, Refused(Reason.MALFORMED_BLOCK)),
        BlockChecked(job, Fault(Cause.TIMEOUT), 0.0),
        SignatureChecked(job, SignatureValid()),
        ProofChecked(job, ProofValid(b""), 0.0),
    )[kind]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(step, max_size=40),
    st.sampled_from(list(Policy)),
    st.sampled_from([Limits(), Limits(jobs=3, waiting_blocks=1, history_slots=2, roots=2)]),
)
def test_attester__keeps_its_invariants_under_any_events(moves, policy, limits):
    play = Play.start(policy=policy, limits=limits)
    play.now_ms = GENESIS_MS + SLOT_MS
    for move in moves:
        take(play, move)
    play.release()

    answered = Counter(e.message_id for e in play.log if isinstance(e, ReportGossip))
    assert max(answered.values(), default=0) <= 1
    final = [e for e in play.log if isinstance(e, Decide) and e.decision is not Decision.WAIT]
    assert max(Counter(e.slot for e in final).values(), default=0) <= 1
    for decided in final:
        if decided.decision is Decision.ATTEST:
            assert decided.block is BlockStatus.VALID
            assert decided.parent is ParentVerdict.PROVEN
    worked = [e for e in play.log if isinstance(e, WORK)]
    assert max(Counter((type(e), e.job) for e in worked).values(), default=0) <= 1


@settings(max_examples=200, deadline=None)
@given(st.lists(step, max_size=40))
def test_attester__proves_nothing_by_a_revoked_program_and_all_of_it_once_it_is_trusted(moves):
    plain = Play.start(proof_policy=TRUSTED)
    plain.now_ms = GENESIS_MS + SLOT_MS
    for move in moves:
        if move[0] != "revoke":
            take(plain, move)
    plain.release()
    proven = plain.machine.standing().proven_slot

    plain.feed(PolicyChanged(DISTRUSTED))
    anchor = BLOCKS[0].block_hash
    settled = {e.block_hash: e.parent for e in plain.log if isinstance(e, ParentSettled)}
    children = {block.block_hash for block in POOL if block.header.parent_hash == anchor}
    assert {hash_ for hash_, word in settled.items() if word is ParentVerdict.PROVEN} <= children
    again = plain.restart(proof_policy=DISTRUSTED)
    assert again.machine.standing().proven_slot == plain.machine.standing().proven_slot

    plain.feed(PolicyChanged(TRUSTED))
    assert plain.machine.standing().proven_slot == proven


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(8)))
def test_attester__proves_the_chain_in_any_order_of_arrival(order):
    # Four blocks in their slots' order of numbers, the proofs of the first three, one claim.
    play = Play.start()
    play.now_ms = GENESIS_MS + 4 * SLOT_MS
    for number in order:
        if number < 4:
            play.block(BLOCKS[number + 1], number + 1)
        elif number < 7:
            play.proof(BLOCKS[number - 3])
        else:
            play.claim(BLOCKS[2].claim)
    assert play.deadline(4).decision is Decision.ATTEST
