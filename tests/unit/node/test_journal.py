"""Lines about peers stay short, whoever comes by; a lost proof is told and counted."""

from tests.helpers.engines import EventLog
from zkattest.machines.events import ProofLost
from zkattest.node.journal import Journal, worst
from zkattest.spec.proof_policy import Exclusion, PolicyReason, PolicyResult, ProofStanding
from zkattest.types.ids import BlockHash, Root
from zkattest.types.programs import EntryId


def test_scores__all_while_they_are_few():
    assert worst({"good": 3.0, "bad": -5.0}) == {"bad": -5.0, "good": 3.0}


def test_scores__the_worst_when_they_are_many():
    scores = {f"peer {number}": float(number % 1_000) for number in range(4_096)}
    kept = worst(scores | {"hostile": -90.0})
    assert len(kept) == 64
    assert kept["hostile"] == -90.0
    assert max(kept.values()) < 20


def test_lost_proof__told_with_its_block_and_counted_by_program():
    log, root, block_hash = EventLog(), Root(b"\1" * 32), BlockHash(b"\2" * 32)
    result = PolicyResult(
        standing=ProofStanding.NOT_PROVEN_BY_DEADLINE,
        reason=PolicyReason.NONE_COUNTS,
        policy="1-of-sp1",
        excluded=((EntryId("ours"), Exclusion.REVOKED),),
    )
    Journal(log, None).write(ProofLost(root, block_hash, result))
    assert log.counts == [("proofs_lost", "ours")]
    assert log.named("proof_lost") == [
        {
            "subject": root,
            "block_hash": block_hash,
            "entries": ["ours"],
            "policy": "1-of-sp1",
            "reason": PolicyReason.NONE_COUNTS,
        }
    ]
