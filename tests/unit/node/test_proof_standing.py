"""Which blocks of a consensus network are proven, as proofs come and blocks are forgotten."""

from dataclasses import replace

from tests.helpers.engines import EventLog
from tests.helpers.programs import make_entry
from tests.helpers.proof_gossip import BLOCK, OTHER, ProofPlayer, signed_proof
from zkattest.machines.proof_events import SlotFinalized
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.proof_standing import ProofStandings
from zkattest.spec.proof_policy import PRESETS, PolicyReason, ProofStanding, TypePolicy
from zkattest.types.ids import ProofType, Slot
from zkattest.types.programs import Date, EntryState, EntryStatus, ProofSystem

POLICY = TypePolicy(
    PRESETS["2-of-3-zkvms"],
    {
        ProofType(1): make_entry("one", ProofSystem.SP1),
        ProofType(2): make_entry("two", ProofSystem.ZISK),
    },
)


class Clock:
    def __init__(self, player):
        self._player = player

    def now_ms(self):
        return self._player.now_ms


def watch(player, log):
    return ProofStandings(POLICY, player.machine, SlotClock(0, 12_000), Clock(player), log)


def prove(player, standings, proof_type, block=BLOCK):
    before = len(player.effects)
    player.receive(signed_proof(b"%d" % proof_type, block=block, proof_type=proof_type))
    player.answer_engine()
    for effect in player.effects[before:]:
        standings.hear(effect)


def test_block__proven_when_enough_proofs_are_there():
    player, log = ProofPlayer(), EventLog()
    player.know()
    standings = watch(player, log)
    prove(player, standings, 1)
    assert standings.newest is None
    assert standings.judge(BLOCK).reason is PolicyReason.TOO_FEW_PROOFS
    prove(player, standings, 2)
    assert standings.newest == (BLOCK, 5)
    (told,) = log.named("block_proven")
    assert (told["subject"], told["slot"], told["programs"]) == (BLOCK, 5, ["one", "two"])
    assert standings.judge(OTHER) is None


def test_block__not_proven_by_the_deadline_of_its_slot():
    player = ProofPlayer()
    player.know()
    standings = watch(player, EventLog())
    player.now_ms = 5 * 12_000 + 2_999
    assert standings.judge(BLOCK).standing is ProofStanding.PENDING
    player.now_ms += 1
    assert standings.judge(BLOCK).standing is ProofStanding.NOT_PROVEN_BY_DEADLINE


def test_block__proven_after_a_restart_and_forgotten_with_finality():
    player = ProofPlayer()
    player.know()
    standings = watch(player, EventLog())
    prove(player, standings, 1)
    prove(player, standings, 2)
    again = player.restarted()
    standings = watch(again, EventLog())
    assert standings.newest == (BLOCK, 5)
    for effect in again.tell(SlotFinalized(Slot(6))):
        standings.hear(effect)
    assert standings.newest is None


def test_block__loses_its_proof_with_a_program_and_has_it_back_with_that():
    player, log = ProofPlayer(), EventLog()
    player.know()
    standings = watch(player, log)
    prove(player, standings, 1)
    prove(player, standings, 2)
    one = POLICY.programs[ProofType(1)]
    revoked = EntryStatus(EntryState.REVOKED, Date("2026-11-22"), "unsound")
    programs = {**POLICY.programs, ProofType(1): replace(one, status=revoked)}
    standings.take_up(replace(POLICY, programs=programs))
    assert standings.newest is None
    (lost,) = log.named("proof_lost")
    assert (lost["subject"], lost["entries"]) == (BLOCK, ["one"])
    assert ("proofs_lost", "one") in log.counts
    standings.take_up(POLICY)
    assert standings.newest == (BLOCK, 5)
    assert len(log.named("block_proven")) == 2
