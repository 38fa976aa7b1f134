"""Whatever comes in whatever order: every message is answered once, and no proof verified twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.proof_gossip import VALUES, ProofPlayer, gossip, only, signed_proof
from zkattest.machines.events import ProofReceived, ReportGossip
from zkattest.machines.proof_events import (
    BlockSeen,
    ForgetProofs,
    HeadChanged,
    KeepProof,
    PayloadSeen,
    SlotFinalized,
)
from zkattest.machines.verification_queue import VerificationLimits
from zkattest.machines.waiting_proofs import WaitingLimits
from zkattest.spec.answers import ActiveValidator, Fault, ProofValid, Refused, SignatureValid
from zkattest.spec.proof_gossip import ORDER_BETA4, ORDER_CS5566, ORDER_PAYLOAD_REQUEST
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import Root, Slot

ROOTS = [Root(bytes([number]) * 32) for number in range(4)]
ROOT = st.sampled_from(ROOTS)
SLOT = st.integers(0, 8).map(Slot)
MESSAGE = st.builds(
    signed_proof,
    st.sampled_from([b"", b"one", b"two", b"three"]),
    block=ROOT,
    proof_type=st.integers(0, 4),
    validator=st.integers(0, 3),
)
FAULT = st.just(Fault(Cause.TIMEOUT))
STEP = st.one_of(
    st.tuples(st.just("message"), MESSAGE | st.binary(max_size=200), st.sampled_from("ab")),
    st.builds(BlockSeen, ROOT, SLOT),
    st.builds(PayloadSeen, ROOT, st.just(VALUES)),
    st.builds(HeadChanged, ROOT),
    st.builds(SlotFinalized, SLOT),
    st.tuples(st.just("time"), st.integers(1, 30_000)),
    st.tuples(st.just("engine"), st.just(Refused(Reason.PROOF_INVALID)) | FAULT | st.none()),
    st.tuples(
        st.just("validator"),
        st.just(ActiveValidator(bytes(48))) | st.just(Refused(Reason.UNKNOWN_VALIDATOR)) | FAULT,
    ),
    st.tuples(
        st.just("signature"),
        st.just(SignatureValid()) | st.just(Refused(Reason.MESSAGE_SIGNATURE_INVALID)) | FAULT,
    ),
)


def play_step(play: ProofPlayer, step: object, sent: Counter[bytes]) -> None:
    match step:
        case ("message", content, peer):
            message = gossip(content, peer)
            # The router hands a message over once until its verdict, and after an IGNORE again.
            if sent[message.message_id] == answered(play)[message.message_id]:
                sent[message.message_id] += 1
                play.tell(ProofReceived(message))
        case ("time", duration_ms):
            play.pass_ms(duration_ms)
        case ("engine", outcome):
            if play.running:
                play.answer_engine(outcome)
        case ("validator", outcome):
            play.validator = outcome
        case ("signature", outcome):
            play.signature = outcome
        case event:
            play.tell(event)


def answered(play: ProofPlayer) -> Counter[bytes]:
    return Counter(report.message_id for report in only(play.effects, ReportGossip))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(STEP, max_size=60),
    st.sampled_from([ORDER_BETA4, ORDER_CS5566, ORDER_PAYLOAD_REQUEST]),
    st.integers(1, 2),
)
def test_machine__answers_every_message_once_and_verifies_no_proof_twice(steps, order, parallel):
    play = ProofPlayer()
    play = ProofPlayer(
        replace(
            play.settings,
            order=order,
            jobs_per_peer=4,
            blocks=3,
            verification=VerificationLimits(parallel=parallel, queued=3),
            waiting=WaitingLimits(proofs=3, proofs_per_peer=2),
        )
    )
    sent: Counter[bytes] = Counter()
    for step in steps:
        play_step(play, step, sent)
        assert len(play.running) <= parallel
    while play.running:
        play.answer_engine(ProofValid(VALUES.encode()))
    play.pass_ms(WaitingLimits().wait_ms)
    while play.running:
        play.answer_engine(ProofValid(VALUES.encode()))
    assert answered(play) == sent
    assert set(play.machine.queued.values()) == {0}
    known: set[tuple[Root, Root]] = set()
    for effect in play.effects:
        if isinstance(effect, ForgetProofs):
            known.clear()
        elif isinstance(effect, KeepProof):
            key = (effect.mark.subject, effect.mark.proof_root)
            assert key not in known
            known.add(key)


@settings(max_examples=100, deadline=None)
@given(st.lists(STEP, max_size=40))
def test_restart__knows_the_same_proofs(steps):
    play = ProofPlayer()
    sent: Counter[bytes] = Counter()
    for step in steps:
        play_step(play, step, sent)
    again = play.restarted()
    for root in ROOTS:
        assert again.machine.valid_types(root) == play.machine.valid_types(root)
    assert again.machine.blocks == play.machine.blocks
    waiting = play.machine.queued["waiting_for_block"]
    assert again.machine.queued["waiting_for_block"] == waiting
