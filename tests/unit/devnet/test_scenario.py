"""The verdicts that the script expects are those that the machine gives, slot by slot."""

from dataclasses import replace

import pytest

from tests.helpers.attester import SLOT_MS, Play, chain, root_of
from zkattest.devnet.scenario import (
    ATTESTERS,
    BLOCKS_NEEDED,
    DOWN,
    PROOFS_NEEDED,
    VICTIM,
    Expected,
    Kind,
    Role,
    write_scenario,
)
from zkattest.machines.events import (
    Decision,
)
from zkattest.spec.answers import Refused
from zkattest.spec.reasons import Reason
from zkattest.types.ids import ValidatorIndex

FORGED = {
    Kind.BAD_SIGNATURE: Reason.SIGNATURE_INVALID,
    Kind.NONCE_GAP: Reason.NONCE_MISMATCH,
    Kind.WRONG_OUTPUT: Reason.PARENT_RECEIPT_ROOT_MISMATCH,
}


class Stage:
    """Play a script to one machine, the chain being made of headers and claims."""

    def __init__(self, scenario, blocks):
        self.scenario = scenario
        self.blocks = blocks
        self.options = {"proposers": tuple(map(ValidatorIndex, scenario.proposers()))}
        self.play = Play.start(**self.options)

    def run_slot(self, act):
        pending = sorted(act.publications, key=lambda plan: plan.at)
        for plan in [p for p in pending if p.at < 1 / 3]:
            self.publish(plan)
        decided = self.play.deadline(act.slot)
        judged = [e for e in self.play.log if getattr(e, "slot", None) == act.slot]
        reasons = [e.reason for e in judged if hasattr(e, "reason") and e.reason]
        for plan in [p for p in pending if p.at >= 1 / 3]:
            self.publish(plan)
        return Expected(
            decided.block,
            reasons[-1] if reasons else None,
            decided.parent,
            decided.decision is Decision.ATTEST,
        )

    def publish(self, plan):
        play, block = self.play, self.blocks[plan.number]
        play.at(plan.slot, int(plan.at * SLOT_MS))
        match plan.kind:
            case Kind.BLOCK:
                play.block(block, plan.slot, proposer=plan.role.validator)
            case Kind.CLAIM:
                play.claim(block.claim)
            case Kind.PROOF:
                play.proof(block)
            case Kind.CORRUPTED_PROOF:
                play.proof_answers[b"corrupted"] = Refused(Reason.PROOF_INVALID)
                play.proof(block, data=b"corrupted", validator=plan.role.validator)
            case Kind.FOREIGN_PROOF:
                under = self.blocks[plan.under]
                play.proof(block, under=under, validator=plan.role.validator)
            case _:
                forged = self.forge(plan.kind, block)
                play.block_answers[forged.content] = Refused(FORGED[plan.kind])
                play.block(forged, plan.slot, proposer=plan.role.validator)

    def forge(self, kind, block):
        if kind is Kind.WRONG_OUTPUT:
            parent = self.blocks[block.header.number - 1]
            return parent.child(name="forged", parent_receipt_root=root_of("lie"))
        return replace(block, body=kind)


@pytest.fixture(params=[(BLOCKS_NEEDED, PROOFS_NEEDED), (13, 13)])
def scenario(request):
    return write_scenario(*request.param)


def test_script__expects_what_the_machine_says(scenario):
    stage = Stage(scenario, chain(13))
    found = [stage.run_slot(act) for act in scenario.acts]
    assert found == [act.expected for act in scenario.acts]


def test_script__hostile_proofs_are_rejected_for_the_expected_reasons(scenario):
    stage = Stage(scenario, chain(13))
    for act in scenario.acts:
        stage.run_slot(act)
    refused = [e for e in stage.play.log if type(e).__name__ == "ProofJudged" and e.reason]
    assert [e.reason for e in refused] == [refusal.reason for refusal in scenario.refusals]


def test_script__killed_attester_attests_again_after_recovering_what_it_missed(scenario):
    stage, missed = Stage(scenario, chain(13)), []
    for act in scenario.acts:
        if act.slot <= scenario.kill_after_decision_of:
            stage.run_slot(act)
        elif act.slot == scenario.restart_after_decision_of:
            missed = list(act.publications)
            stage.play.at(act.slot, SLOT_MS // 2)
            stage.play = stage.play.restart(**stage.options)
            for plan in reversed(missed):
                stage.publish(replace(plan, at=0.9))
        else:
            assert stage.run_slot(act) == scenario.expected(act.slot, VICTIM)


def test_script__each_slot_has_its_proposer_and_one_block(scenario):
    proposers = scenario.proposers()
    for act in scenario.acts:
        blocks = [p for p in act.publications if p.kind is Kind.BLOCK or p.kind in FORGED]
        assert [p.role.validator for p in blocks] == [proposers[act.slot]]
        assert all(0 <= plan.at < 1 for plan in act.publications)


def test_script__expects_nothing_of_a_killed_attester_alone(scenario):
    slot = scenario.restart_after_decision_of
    expected = [scenario.expected(slot, attester) for attester in range(ATTESTERS)]
    assert expected.count(DOWN) == 1
    assert expected[VICTIM] == DOWN


def test_script__publishes_no_proof_that_was_not_recorded():
    scenario = write_scenario(BLOCKS_NEEDED, PROOFS_NEEDED)
    proofs = [p.number for p in scenario.publications(Role.BUILDER) if p.kind is Kind.PROOF]
    assert max(proofs) == PROOFS_NEEDED
    assert sorted(proofs) == list(range(1, PROOFS_NEEDED + 1))
