"""Whose proof is verified next, and how much time anyone may take."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from zkattest.machines.events import JobId
from zkattest.machines.verification_queue import (
    Allowance,
    QueuedProof,
    Ration,
    VerificationLimits,
    VerificationQueue,
)
from zkattest.spec.reasons import GossipIgnore, Reason
from zkattest.types.ids import PeerName, Root, ValidatorIndex

HEAD, OLD = Root(b"\x01" * 32), Root(b"\x02" * 32)


def proof(job: int, *, validator: int = 1, peer: str = "peer", about: Root = HEAD) -> QueuedProof:
    return QueuedProof(JobId(job), about, ValidatorIndex(validator), PeerName(peer))


def dear(job: int, **of: object) -> QueuedProof:
    """Make a proof that takes two seconds to verify, as those of PLONK do."""
    return replace(proof(job), dear_ms=2_000.0, **of)  # type: ignore[arg-type]


def order_of(queue: VerificationQueue, *, invalid: tuple[int, ...] = ()) -> list[int]:
    """Verify everything, one after another; some turn out invalid."""
    order = []
    while started := queue.start(0):
        [job] = started
        order.append(int(job))
        queue.finish(job, 1.0, 0, is_invalid=job in invalid)
    return order


def test_ration__comes_back_with_time():
    ration: Ration[str] = Ration(Allowance(at_once_ms=100, per_second_ms=10))
    assert ration.left_ms("one", 0) == 100
    ration.spend("one", 130, 0)
    assert [ration.left_ms("one", now_ms) for now_ms in (0, 3_000, 8_000, 60_000)] == [
        -30,
        0,
        50,
        100,
    ]
    assert ration.left_ms("other", 0) == 100
    ration.forget_idle(12_999)
    assert len(ration) == 1
    ration.forget_idle(13_000)
    assert len(ration) == 0


def test_queue__starts_as_many_as_may_run():
    queue = VerificationQueue(VerificationLimits(parallel=2))
    for job in range(3):
        queue.add(proof(job, validator=job), 0)
    assert queue.start(0) == [0, 1]
    assert queue.start(0) == []
    queue.finish(JobId(1), 5.0, 0, is_invalid=False)
    assert queue.start(0) == [2]


def test_turn__head_first_then_the_unsuspected_then_first_proofs():
    queue = VerificationQueue(VerificationLimits(parallel=1), head=HEAD)
    queue.add(proof(0, validator=9), 0)
    assert order_of(queue, invalid=(0,)) == [0]
    queue.add(proof(1, validator=1, about=OLD), 0)
    queue.add(proof(2, validator=9), 0)
    queue.add(proof(3, validator=2), 0)
    queue.add(proof(4, validator=2), 0)
    queue.add(proof(5, validator=3), 0)
    assert order_of(queue) == [3, 5, 4, 2, 1]


def test_suspicion__ends_with_time():
    limits = VerificationLimits(parallel=1, suspicion_ms=1_000)
    queue = VerificationQueue(limits, head=HEAD)
    queue.add(proof(0, validator=9), 0)
    order_of(queue, invalid=(0,))
    queue.add(proof(1, validator=9), 1_000)
    queue.add(proof(2, validator=1), 1_000)
    assert queue.start(1_000) == [1]


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        (VerificationLimits(queued=2), proof(9, validator=9)),
        (VerificationLimits(queued_per_validator=2), proof(9)),
    ],
)
def test_queue__full_for_one_more(limits, refused):
    queue = VerificationQueue(limits)
    queue.add(proof(1), 0)
    queue.add(proof(2), 0)
    with pytest.raises(GossipIgnore) as ignored:
        queue.add(refused, 0)
    assert ignored.value.reason is Reason.QUEUE_FULL
    assert queue.drop(JobId(2), 0)
    queue.add(refused, 0)
    assert not queue.drop(JobId(2), 0)


@pytest.mark.parametrize(
    ("limits", "operands"),
    [
        (VerificationLimits(by_validator=Allowance(50, 1)), {"validator_index": 1}),
        (VerificationLimits(by_peer=Allowance(50, 1)), {"peer": "peer"}),
        (VerificationLimits(in_all=Allowance(50, 1), reserved_for_head_ms=0), {}),
    ],
)
def test_budget__spent_until_time_gives_it_back(limits, operands):
    queue = VerificationQueue(limits, head=HEAD)
    queue.add(proof(1), 0)
    [job] = queue.start(0)
    queue.finish(job, 60.0, 0, is_invalid=False)
    with pytest.raises(GossipIgnore) as ignored:
        queue.add(proof(2), 10_000)
    assert (ignored.value.reason, ignored.value.operands) == (Reason.BUDGET_SPENT, operands)
    queue.add(proof(2), 10_001)


def test_budget__of_all_is_kept_for_the_head_in_part():
    limits = VerificationLimits(in_all=Allowance(100, 1), reserved_for_head_ms=50)
    queue = VerificationQueue(limits, head=HEAD)
    queue.add(proof(1), 0)
    queue.finish(queue.start(0)[0], 60.0, 0, is_invalid=False)
    with pytest.raises(GossipIgnore) as ignored:
        queue.add(proof(2, about=OLD), 0)
    assert ignored.value.reason is Reason.BUDGET_SPENT
    queue.add(proof(2), 0)


def test_memory__of_those_who_are_quiet_is_given_back():
    queue = VerificationQueue(VerificationLimits(parallel=1))
    for number in range(100):
        queue.add(proof(number, validator=number, peer=str(number)), 0)
        queue.finish(queue.start(0)[0], 1.0, 0, is_invalid=True)
    queue.forget_idle(10**9)
    assert (len(queue._validators), len(queue._peers), len(queue._invalid)) == (0, 0, 0)
    assert len(queue) == 0


def test_proof_of_ours__is_first_and_spends_nobody_s_time():
    limits = VerificationLimits(parallel=1, queued=1, in_all=Allowance(50, 1))
    queue = VerificationQueue(limits, head=HEAD)
    queue.add(proof(1), 0)
    ours = replace(proof(2, about=OLD), is_ours=True)
    queue.add(ours, 0)
    assert queue.start(0) == [ours.job]
    queue.finish(ours.job, 1_000_000.0, 0, is_invalid=True)
    assert (len(queue._validators), len(queue._peers), len(queue._invalid)) == (0, 0, 0)
    assert queue.start(0) == [proof(1).job]


def test_dear_garbage__of_one_validator_runs_once_and_spends_no_more_than_that():
    limits = VerificationLimits(in_all=Allowance(8_000, 0))
    queue = VerificationQueue(limits, head=HEAD)
    queue.add(dear(0), 0)
    for job in range(1, limits.queued_per_validator):
        with pytest.raises(GossipIgnore) as ignored:
            queue.add(dear(job), 0)
        assert ignored.value.reason is Reason.BUDGET_SPENT
        assert ignored.value.operands == {"validator_index": 1}
    assert queue.start(0) == [0]
    queue.finish(JobId(0), 1_900.0, 1_900, is_invalid=True)
    # It paid what it took, neither more nor twice.
    assert queue._all.left_ms(None, 1_900) == 8_000 - 1_900


def test_dear_garbage__of_many_leaves_a_verifier_and_time_to_cheap_proofs():
    queue = VerificationQueue(VerificationLimits(parallel=2), head=HEAD)
    taken = []
    for number in range(40):
        with suppress(GossipIgnore):
            queue.add(dear(number, validator_index=ValidatorIndex(number)), 0)
            taken.append(number)
    # The peer that they come from has time for two.
    assert taken == [0, 1]
    assert queue.start(0) == [0]
    for number in range(100, 140):
        queue.add(proof(number, validator=number, peer="honest"), 0)
        # One of the two verifiers is there at once, though dear proofs run and wait.
        assert queue.start(0) == [number]
        queue.finish(JobId(number), 35.0, 0, is_invalid=False)
    queue.finish(JobId(0), 2_000.0, 2_000, is_invalid=True)
    assert queue.start(2_000) == [1]


def test_dear_proof__gets_back_what_it_was_charged_when_it_is_dropped():
    queue = VerificationQueue(VerificationLimits(parallel=1), head=HEAD)
    queue.add(dear(1), 0)
    assert queue.drop(JobId(1), 0)
    queue.add(dear(2), 0)
    # A single verifier takes dear proofs, too.
    assert queue.start(0) == [2]
