"""Every rule of proof gossip, in every revision's order, is held by some vector."""

from functools import cache
from pathlib import Path

import pytest

from tests.conformance.mutations import Mutation, applied, mutations
from zkattest.conformance import proof_scene
from zkattest.conformance.cases import VectorCase
from zkattest.conformance.gossip import check_gossip
from zkattest.conformance.outcome import differences
from zkattest.conformance.pool import check_pool
from zkattest.conformance.registry import find_cases
from zkattest.machines import verification_queue, waiting_proofs
from zkattest.spec import proof_gossip
from zkattest.spec.gossip_profiles import GOSSIP_ORDERS
from zkattest.spec.proof_gossip import GossipRule
from zkattest.types.proof_profiles import ProfileName

PACK = Path(__file__).resolve().parents[2] / "vectors" / "eip8025"
CHECKS = {"gossip": check_gossip, "pool": check_pool}
Rule = GossipRule

PLACES = [(name, at) for name, order in GOSSIP_ORDERS.items() for at in range(len(order))]
# Neighbours whose order nobody can see from outside.
INDISTINGUISHABLE = {
    # No history is kept of blocks that are not known.
    (Rule.PROOF_NOT_SEEN, Rule.BLOCK_KNOWN),
    (Rule.BLOCK_KNOWN, Rule.NO_VALID_PROOF),
    # Nothing was verified while the payload was missing, and of no type that is not supported.
    (Rule.PROVER_NOT_SEEN, Rule.PAYLOAD_AVAILABLE),
    (Rule.PROOF_TYPE_SUPPORTED, Rule.PROOF_NOT_SEEN),
    # An empty proof is within every size.
    (Rule.PROOF_NOT_EMPTY, Rule.PROOF_WITHIN_SIZE),
    # Whose proof was marked is active.
    (Rule.PROVER_NOT_SEEN, Rule.VALIDATOR_ACTIVE),
}
NEIGHBOURS = [(name, at, GOSSIP_ORDERS[name][at - 1 : at + 1]) for name, at in PLACES if at]
# How much waits and what it may cost: rules of the machine, held by scripts.
LIMIT_MUTATIONS = [
    *mutations(waiting_proofs, "WaitingProofs"),
    *mutations(verification_queue, "VerificationQueue"),
]
STATEMENT_MUTATIONS = [
    one for one in mutations(proof_gossip) if one.function == "require_public_values"
]


@cache
def cases(profile: ProfileName) -> tuple[VectorCase, ...]:
    """Give the cases of a profile, those of megabytes last."""
    found = [one.read() for runner in CHECKS for one in find_cases(PACK / profile.value / runner)]
    return tuple(sorted(found, key=lambda case: "/size/" in case.id))


def is_noticed(profile: ProfileName, runner: str = "") -> bool:
    for case in cases(profile):
        if runner not in ("", case.runner):
            continue
        try:
            got = CHECKS[case.runner](case)
        except Exception:  # noqa: BLE001 - a crash is another outcome, too
            return True
        if differences(case.expected, got, is_complete=True):
            return True
    return False


@pytest.mark.parametrize("profile", GOSSIP_ORDERS, ids=str)
def test_unchanged_rules__give_every_outcome(profile: ProfileName) -> None:
    assert not is_noticed(profile)


@pytest.mark.parametrize(("profile", "at"), PLACES)
def test_rule__is_held_by_a_vector(profile: ProfileName, at: int, monkeypatch) -> None:
    order = GOSSIP_ORDERS[profile]
    monkeypatch.setitem(proof_scene.GOSSIP_ORDERS, profile, order[:at] + order[at + 1 :])
    assert is_noticed(profile), f"no vector notices that {order[at]} is missing"


@pytest.mark.parametrize(("profile", "at", "pair"), NEIGHBOURS)
def test_order__is_held_by_a_vector(profile: ProfileName, at: int, pair, monkeypatch) -> None:
    order = GOSSIP_ORDERS[profile]
    swapped = (*order[: at - 1], order[at], order[at - 1], *order[at + 1 :])
    monkeypatch.setitem(proof_scene.GOSSIP_ORDERS, profile, swapped)
    # What nobody can tell apart is asked, too, so that the list above holds nothing else.
    assert is_noticed(profile) is (pair not in INDISTINGUISHABLE), pair


def test_rules_of_statements__are_found() -> None:
    reasons = {one.reason for one in STATEMENT_MUTATIONS if one.kind == "off"}
    assert reasons == {
        "malformed_public_values",
        "statement_not_valid",
        "schema_mismatch",
        "chain_id_mismatch",
        "public_values_mismatch",
    }


@pytest.mark.parametrize("mutation", STATEMENT_MUTATIONS, ids=str)
def test_rule_of_statements__is_held_by_a_vector(mutation: Mutation) -> None:
    with applied(mutation):
        assert is_noticed(ProfileName.BETA4), f"no vector notices {mutation}"


def test_rules_of_limits__are_found() -> None:
    assert [one.reason for one in LIMIT_MUTATIONS if one.kind == "off"] == [
        *["queue_full"] * 3,
        *["budget_spent"] * 3,
    ]


@pytest.mark.parametrize("mutation", LIMIT_MUTATIONS, ids=str)
def test_rule_of_limits__is_held_by_a_script(mutation: Mutation) -> None:
    with applied(mutation):
        assert is_noticed(ProfileName.BETA4, "pool"), f"no script notices {mutation}"
