"""A policy's answer, against a search through all sets of proofs, and under every change."""

from itertools import combinations

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.helpers.programs import REVOKED, make_entry
from zkattest.spec.proof_policy import (
    Exclusion,
    Fallback,
    PolicyReason,
    ProofPolicy,
    ProofStanding,
    ValidProof,
    exclusion_of,
    judge_proofs,
)
from zkattest.types.programs import EntryStatus, ProofSystem, Zkvm
from zkattest.types.verification import EvidenceId

SYSTEMS = st.sampled_from(list(ProofSystem))
CLIENTS = st.sampled_from(["reth", "ethrex", "zesu", "geth"])


@st.composite
def registries(draw):
    rows = draw(st.lists(st.tuples(SYSTEMS, CLIENTS), max_size=7))
    entries = [
        make_entry(
            f"entry-{index}",
            system,
            client,
            bits=draw(st.sampled_from([None, 90, 100, 128])),
            status=draw(st.sampled_from([EntryStatus(), EntryStatus(), REVOKED])),
        )
        for index, (system, client) in enumerate(rows)
    ]
    return {entry.id: entry for entry in entries}


@st.composite
def policies(draw, names):
    return ProofPolicy(
        "drawn",
        required_proofs=draw(st.integers(1, 4)),
        required_weight=draw(st.sampled_from([0, 0, 3, 6])),
        distinct_zkvms=draw(st.booleans()),
        distinct_execution_clients=draw(st.booleans()),
        minimum_bits=draw(st.sampled_from([0, 0, 100])),
        weights=draw(
            st.dictionaries(st.sampled_from(names), st.integers(1, 4)) if names else st.just({})
        ),
        fallback=draw(st.sampled_from(list(Fallback))),
    )


@st.composite
def scenes(draw):
    entries = draw(registries())
    names = list(entries)
    policy = draw(policies(names))
    proven = draw(st.lists(st.sampled_from(names), max_size=9)) if names else []
    proofs = [
        ValidProof(name, EvidenceId(index.to_bytes(32, "big"))) for index, name in enumerate(proven)
    ]
    return entries, policy, proofs


def is_enough_by_search(policy, entries, proofs):
    """Try every set of programs that count."""
    usable = [
        entries[name]
        for name in {proof.entry for proof in proofs}
        if exclusion_of(policy, entries[name]) is None
    ]
    for size in range(policy.required_proofs, len(usable) + 1):
        for chosen in combinations(usable, size):
            zkvms = {entry.zkvm for entry in chosen}
            clients = {entry.guest.execution_client for entry in chosen}
            if policy.distinct_zkvms and len(zkvms) < size:
                continue
            if policy.distinct_execution_clients and len(clients) < size:
                continue
            if sum(policy.weight_of(entry.id) for entry in chosen) >= policy.required_weight:
                return True
    return False


@given(scenes())
def test_judge_proofs__agrees_with_a_search_of_all_sets(scene):
    entries, policy, proofs = scene
    result = judge_proofs(policy, entries, proofs, 0)
    assert result.is_proven == is_enough_by_search(policy, entries, proofs)
    assert (result.reason is PolicyReason.ENOUGH) == result.is_proven


@given(scenes(), st.data())
def test_judge_proofs__is_the_same_in_every_order(scene, data):
    entries, policy, proofs = scene
    shuffled = data.draw(st.permutations(proofs))
    assert judge_proofs(policy, entries, shuffled, 0) == judge_proofs(policy, entries, proofs, 0)


@given(scenes(), st.data())
def test_judge_proofs__stays_proven_with_more_proofs(scene, data):
    entries, policy, proofs = scene
    assume(entries)
    more = data.draw(st.lists(st.sampled_from(list(entries)).map(ValidProof), max_size=4))
    if judge_proofs(policy, entries, proofs, 0).is_proven:
        assert judge_proofs(policy, entries, [*proofs, *more], 0).is_proven


@given(scenes())
def test_judge_proofs__counts_only_what_is_distinct_and_usable(scene):
    entries, policy, proofs = scene
    result = judge_proofs(policy, entries, proofs, 0)
    counted = [entries[name] for name in result.counted]
    assert all(entry.is_usable for entry in counted)
    assert {proof.entry for proof in proofs} >= set(result.counted)
    if policy.distinct_zkvms:
        assert len({entry.zkvm for entry in counted}) == len(counted)
    if policy.distinct_execution_clients:
        assert len({entry.guest.execution_client for entry in counted}) == len(counted)
    assert set(result.evidence) == {
        proof.evidence_id for proof in proofs if proof.entry in result.counted
    }


@given(scenes())
def test_judge_proofs__is_never_proven_by_revoked_programs_alone(scene):
    entries, policy, proofs = scene
    revoked = {
        name: make_entry(name, one.system, one.guest.execution_client, bits=200, status=REVOKED)
        for name, one in entries.items()
    }
    result = judge_proofs(policy, revoked, proofs, 0)
    assert not result.is_proven
    if not policy.distinct_execution_clients:
        assert {why for _, why in result.excluded} <= {Exclusion.REVOKED}


@given(scenes(), st.integers(0, 20_000))
def test_judge_proofs__falls_back_only_after_the_deadline(scene, ms_into_slot):
    entries, policy, proofs = scene
    result = judge_proofs(policy, entries, proofs, ms_into_slot)
    is_late = ms_into_slot >= policy.deadline_ms
    expected = {
        (True, True): (ProofStanding.PROVEN, None),
        (True, False): (ProofStanding.PROVEN, None),
        (False, True): (ProofStanding.NOT_PROVEN_BY_DEADLINE, policy.fallback),
        (False, False): (ProofStanding.PENDING, None),
    }
    assert (result.standing, result.action) == expected[result.is_proven, is_late]


def test_judge_proofs__proven_where_a_greedy_choice_fails():
    # SP1 has proofs of both clients, ZisK of reth alone: whoever takes SP1 with reth is stuck.
    entries = {
        entry.id: entry
        for entry in (
            make_entry("a", ProofSystem.SP1, "reth"),
            make_entry("b", ProofSystem.SP1, "ethrex"),
            make_entry("c", ProofSystem.ZISK, "reth"),
        )
    }
    policy = ProofPolicy(
        "p", required_proofs=2, distinct_zkvms=True, distinct_execution_clients=True
    )
    result = judge_proofs(policy, entries, [ValidProof(name) for name in entries], 0)
    assert result.counted == ("b", "c")
    assert {entries[name].zkvm for name in result.counted} == {Zkvm.SP1, Zkvm.ZISK}
