"""What a policy answers, and why."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.programs import REVOKED, make_entry
from zkattest.spec.proof_policy import (
    ATTESTATION_DUE_MS,
    PRESETS,
    Exclusion,
    Fallback,
    LostProof,
    PolicyReason,
    PolicyResult,
    ProofPolicy,
    ProofStanding,
    ValidProof,
    judge_proofs,
    lost_proofs,
    shortfall,
    unknown_names,
)
from zkattest.types.ids import Root
from zkattest.types.programs import EntryId, EntryState, EntryStatus, ProofSystem, Zkvm
from zkattest.types.proof_profiles import PayloadFork
from zkattest.types.verification import EvidenceId

SP1_RETH = make_entry("sp1-reth", ProofSystem.SP1, "reth", bits=100)
SP1_ETHREX = make_entry("sp1-ethrex", ProofSystem.SP1_GROTH16, "ethrex")
ZISK_RETH = make_entry("zisk-reth", ProofSystem.ZISK, "reth")
ENTRIES = {one.id: one for one in (SP1_RETH, SP1_ETHREX, ZISK_RETH)}
FIRST, SECOND = EvidenceId(b"\1" * 32), EvidenceId(b"\2" * 32)
BLOCK = Root(b"\xb1" * 32)


def judge(policy, *names, entries=ENTRIES, ms=0):
    return judge_proofs(policy, entries, [ValidProof(EntryId(name)) for name in names], ms)


def test_judge_proofs__proven_with_the_evidence_of_what_counts():
    proofs = [ValidProof(SP1_RETH.id, SECOND), ValidProof(SP1_RETH.id, FIRST)]
    assert judge_proofs(PRESETS["1-of-sp1"], ENTRIES, proofs, 9_000) == PolicyResult(
        standing=ProofStanding.PROVEN,
        reason=PolicyReason.ENOUGH,
        policy="1-of-sp1",
        counted=(SP1_RETH.id,),
        weight=1,
        evidence=(FIRST, SECOND),
    )


@pytest.mark.parametrize(
    ("policy", "names", "reason"),
    [
        (PRESETS["1-of-any"], (), PolicyReason.NO_PROOF),
        (PRESETS["1-of-sp1"], ("zisk-reth",), PolicyReason.NONE_COUNTS),
        (PRESETS["2-of-3-zkvms"], ("sp1-reth",), PolicyReason.TOO_FEW_PROOFS),
        (PRESETS["2-of-3-zkvms"], ("sp1-reth", "sp1-ethrex"), PolicyReason.TOO_FEW_DISTINCT),
        (PRESETS["2-of-3-clients"], ("sp1-reth", "zisk-reth"), PolicyReason.TOO_FEW_DISTINCT),
        (ProofPolicy("heavy", required_weight=2), ("sp1-reth",), PolicyReason.WEIGHT_TOO_LOW),
    ],
)
def test_judge_proofs__pending_says_what_is_missing(policy, names, reason):
    result = judge(policy, *names)
    assert (result.standing, result.reason, result.action) == (ProofStanding.PENDING, reason, None)


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        (PRESETS["2-of-3-zkvms"], ("sp1-reth", "zisk-reth")),
        (PRESETS["2-of-3-clients"], ("sp1-reth", "sp1-ethrex")),
        (PRESETS["2-of-3-diverse"], ("sp1-ethrex", "zisk-reth")),
        (ProofPolicy("heavy", required_weight=5, weights={SP1_RETH.id: 5}), ("sp1-reth",)),
    ],
)
def test_judge_proofs__proven_by_distinct_programs(policy, names):
    assert judge(policy, *names).counted == tuple(sorted(names))


def test_judge_proofs__proven_by_one_program_counts_once():
    policy = ProofPolicy("two", required_proofs=2)
    assert judge(policy, "sp1-reth", "sp1-reth").reason is PolicyReason.TOO_FEW_PROOFS


@pytest.mark.parametrize(
    ("policy", "entry", "exclusion"),
    [
        (ProofPolicy("p"), replace(SP1_RETH, status=REVOKED), Exclusion.REVOKED),
        (ProofPolicy("p", minimum_bits=101), SP1_RETH, Exclusion.BITS_TOO_LOW),
        (ProofPolicy("p", minimum_bits=1), SP1_ETHREX, Exclusion.BITS_TOO_LOW),
        (ProofPolicy("p", zkvms=frozenset({Zkvm.ZISK})), SP1_RETH, Exclusion.NOT_ACCEPTED),
        (ProofPolicy("p", programs=frozenset({ZISK_RETH.id})), SP1_RETH, Exclusion.NOT_ACCEPTED),
        (
            ProofPolicy("p", execution_clients=frozenset({"zesu"})),
            SP1_RETH,
            Exclusion.NOT_ACCEPTED,
        ),
        (
            ProofPolicy("p", distinct_execution_clients=True),
            replace(SP1_RETH, guest=replace(SP1_RETH.guest, execution_client="")),
            Exclusion.CLIENT_UNKNOWN,
        ),
    ],
)
def test_judge_proofs__excluded_with_a_reason(policy, entry, exclusion):
    result = judge(policy, entry.id, entries={entry.id: entry})
    assert result.excluded == ((entry.id, exclusion),)
    assert result.reason is PolicyReason.NONE_COUNTS


def test_judge_proofs__excluded_unknown_program():
    result = judge(ProofPolicy("p"), "sp1-reth", entries={})
    assert result.excluded == ((SP1_RETH.id, Exclusion.UNKNOWN_PROGRAM),)


@pytest.mark.parametrize("fallback", list(Fallback))
def test_judge_proofs__not_proven_by_the_deadline_of_the_fork(fallback):
    policy = ProofPolicy("p", deadline_ms=ATTESTATION_DUE_MS[PayloadFork.FULU], fallback=fallback)
    assert judge(policy, ms=3_999).action is None
    late = judge(policy, ms=4_000)
    assert (late.standing, late.action) == (ProofStanding.NOT_PROVEN_BY_DEADLINE, fallback)


def test_judge_proofs__proven_by_a_deprecated_program():
    old = replace(SP1_RETH, status=EntryStatus(EntryState.DEPRECATED))
    assert judge(ProofPolicy("p"), old.id, entries={old.id: old}).is_proven


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"required_proofs": 0}, "required_proofs"),
        ({"required_proofs": 7, "distinct_zkvms": True}, "required_proofs"),
        ({"required_proofs": 2, "programs": frozenset({SP1_RETH.id})}, "required_proofs"),
        (
            {
                "required_proofs": 2,
                "execution_clients": frozenset({"reth"}),
                "distinct_execution_clients": True,
            },
            "required_proofs",
        ),
        ({"weights": {SP1_RETH.id: 0}}, "weights"),
        ({"minimum_bits": -1}, "0 or more"),
    ],
)
def test_policy__refused_where_nothing_or_everything_meets_it(fields, named):
    with pytest.raises(ValueError, match=named):
        ProofPolicy("p", **fields)


def test_lost_proofs__are_those_that_no_other_program_proves():
    other = Root(b"\xb2" * 32)
    after = {**ENTRIES, SP1_RETH.id: replace(SP1_RETH, status=REVOKED)}
    verdicts = {
        BLOCK: [ValidProof(SP1_RETH.id, FIRST)],
        other: [ValidProof(SP1_RETH.id, FIRST), ValidProof(ZISK_RETH.id, SECOND)],
    }
    policy = PRESETS["1-of-any"]
    (lost,) = lost_proofs(policy, ENTRIES, after, verdicts)
    late = policy.deadline_ms
    assert lost == LostProof(
        BLOCK,
        PolicyResult(
            standing=ProofStanding.PROVEN,
            reason=PolicyReason.ENOUGH,
            policy="1-of-any",
            counted=(SP1_RETH.id,),
            weight=1,
            evidence=(FIRST,),
        ),
        judge(policy, "sp1-reth", entries=after, ms=late),
    )
    assert lost.after.excluded == ((SP1_RETH.id, Exclusion.REVOKED),)


def test_shortfall__none_where_proofs_of_all_programs_would_be_enough():
    both = [SP1_RETH, ZISK_RETH]
    assert shortfall(PRESETS["2-of-3-zkvms"], both) is None
    missing = shortfall(PRESETS["2-of-3-clients"], both)
    assert (missing.reason, missing.counted) == (PolicyReason.TOO_FEW_DISTINCT, ("sp1-reth",))
    assert shortfall(PRESETS["1-of-any"], []).reason is PolicyReason.NO_PROOF


def test_unknown_names__are_those_of_programs_that_nobody_else_names():
    weights = {EntryId("heavy"): 2, SP1_RETH.id: 3}
    policy = ProofPolicy("p", programs=frozenset({SP1_RETH.id, EntryId("gone")}), weights=weights)
    assert unknown_names(policy, ENTRIES) == ("gone", "heavy")


def test_presets__are_those_of_the_operators_page():
    page = Path(__file__).resolve().parents[3] / "docs/operators/registry.md"
    rows = re.findall(r"^\| `([0-9]-of-[a-z0-9-]+)` \|", page.read_text(), re.MULTILINE)
    assert rows == list(PRESETS)
    # Two of three: two zkVMs, two clients, or both at once, out of three that are named.
    for name in ("2-of-3-zkvms", "2-of-3-clients", "2-of-3-diverse"):
        policy = PRESETS[name]
        assert policy.required_proofs == 2
        assert policy.distinct_zkvms is (len(policy.zkvms) == 3)
        assert policy.distinct_execution_clients is (len(policy.execution_clients) == 3)
        assert policy.distinct_zkvms or policy.distinct_execution_clients
