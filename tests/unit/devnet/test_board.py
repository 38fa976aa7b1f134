"""What the processes tell becomes entries, complaints and JSON."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from zkattest.devnet.board import NAME_OF_PEER, Board, attester_name
from zkattest.devnet.report import as_json, summarise, write_json
from zkattest.devnet.scenario import ATTESTERS, VICTIM, Role, write_scenario
from zkattest.machines.slot_clock import SlotClock
from zkattest.types.ids import BlockHash

SCENARIO = write_scenario(7, 6)
SLOT_MS = 6_000
PEER_OF_NAME = {name: peer for peer, name in NAME_OF_PEER.items()}


def hash_of(number):
    return BlockHash(number.to_bytes(32, "big"))


@dataclass
class FakePack:
    """Name blocks by their numbers."""

    def __getitem__(self, number):
        return SimpleNamespace(block=SimpleNamespace(block_hash=hash_of(number)), name="block")


def tell_decision(board, act, attester, **changes):
    due = SCENARIO.expected(act.slot, attester)
    fields = {
        "event": "decided",
        "slot": act.slot,
        "block_hash": str(hash_of(act.number)),
        "block": due.static,
        "parent": due.parent,
        "decision": "attest" if due.attested else "abstain",
    }
    board.tell(attester_name(attester), fields | changes)


def tell_all(board):
    """Tell everything that the script expects."""
    for act in SCENARIO.acts:
        for attester in range(ATTESTERS):
            due = SCENARIO.expected(act.slot, attester)
            if due.static is None:
                continue
            judged = {"event": "block_judged", "slot": act.slot, "static_ms": 2.0}
            board.tell(attester_name(attester), judged | {"reason": due.reason})
            tell_decision(board, act, attester)
    for refusal in SCENARIO.refusals:
        for attester in refusal.attesters:
            board.tell(
                attester_name(attester),
                {
                    "event": "proof_judged",
                    "verdict": "reject",
                    "claimed_hash": str(hash_of(refusal.number)),
                    "from_peer": PEER_OF_NAME[Role.HOSTILE_PROVER],
                    "reason": refusal.reason,
                },
            )
    scores = {PEER_OF_NAME[Role.HOSTILE_PROVER]: -10.0, PEER_OF_NAME[Role.HOSTILE_PROPOSER]: -9.0}
    board.tell("attester-1", {"event": "peer_scores", "scores": scores})
    board.tell(attester_name(VICTIM), {"event": "listening", "restored_blocks": 5})


@pytest.fixture
def board():
    told = Board(SCENARIO, FakePack(), SlotClock(1_000, SLOT_MS))
    tell_all(told)
    return told


def test_run__fine_when_everything_was_expected(board):
    assert board.complaints() == []
    assert as_json(board)["ok"] is True


def test_run__not_fine_when_nothing_was_told():
    silent = Board(SCENARIO, FakePack(), SlotClock(1_000, SLOT_MS))
    assert as_json(silent)["ok"] is False


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (
            lambda b: b.decided.pop((1, 0)),
            "slot 1, attester-1: nothing; expected valid, parent proven, attested",
        ),
        (
            lambda b: b.decided[1, 0].update(decision="abstain"),
            (
                "slot 1, attester-1: valid, parent proven, abstained;"
                " expected valid, parent proven, attested"
            ),
        ),
        (
            lambda b: b.judged[3, 2].update(reason="balance_too_low"),
            (
                "slot 3, attester-3: invalid(balance_too_low), parent proven, abstained;"
                " expected invalid(nonce_mismatch), parent proven, abstained"
            ),
        ),
        (
            lambda b: b.refused.pop(),
            "slot 8: hostile proof rejected as root_mismatch by 2 attesters, expected 3",
        ),
        (
            lambda b: b.scores[0].update({"attester-2": -10.0}),
            "attester-1: score of attester-2 is -10.0",
        ),
        (
            lambda b: b.scores[0].update({"hostile-prover": 0.0}),
            "hostile-prover: scored down by nobody",
        ),
        (lambda b: b.restored.clear(), "attester-4: restored nothing from its store"),
    ],
)
def test_run__not_fine_when_one_thing_differs(board, spoil, complaint):
    spoil(board)
    assert board.complaints() == [complaint]
    assert f"not as expected: {complaint}" in summarise(board)


def test_json__has_one_entry_a_slot_and_attester_with_exactly_these_keys(board):
    written = as_json(board)
    assert set(written) == {"ok", "slots", "attesters"}
    assert len(written["slots"]) == len(SCENARIO.acts) * ATTESTERS
    for entry in written["slots"]:
        assert list(entry) == [
            "slot",
            "block_hash",
            "static",
            "reason",
            "proof_arrival_ms",
            "verify_ms",
            "parent",
            "attested",
            "expected",
        ]


def test_json__counts_a_proof_s_arrival_from_the_start_of_its_block_s_slot(board):
    # Slot 5 holds block 2; its proof is withheld and comes in slot 7.
    arrived = {
        "event": "claim_proven",
        "block_hash": str(hash_of(2)),
        "arrived_at_ms": 1_000 + 7 * SLOT_MS + 2_700,
        "verify_ms": 35.123,
        "from_peer": PEER_OF_NAME[Role.BUILDER],
    }
    board.tell("attester-1", arrived)
    entry = board.entry(5, 0)
    assert (entry.proof_arrival_ms, entry.verify_ms, entry.proof_from) == (14_700, 35.12, "builder")
    # A forged block of the same number has no proof.
    assert board.entry(2, 0).proof_arrival_ms is None


def test_json__written_whole_or_not_at_all(board, tmp_path):
    path = tmp_path / "run.json"
    write_json(board, path)
    assert path.read_text().endswith("}\n")
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]
    with pytest.raises(OSError, match="No such file"):
        write_json(board, tmp_path / "missing" / "run.json")
