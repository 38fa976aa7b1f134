"""The section `[proof_policy]`, field by field."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.helpers.engines import PROGRAM_VK, REVOKED_REGISTRY
from zkattest.crypto.ed25519 import SigningKey
from zkattest.machines.settings import Policy
from zkattest.machines.slot_clock import SlotClock
from zkattest.node.config_policy import read_node_policy, read_policy
from zkattest.node.config_reader import Notes, Table
from zkattest.node.registry_export import export_registry
from zkattest.node.registry_file import parse_registry, registry_document
from zkattest.spec.proof_policy import PRESETS, Exclusion, Fallback, ProofPolicy
from zkattest.types.ids import ProgramVk, ProofType
from zkattest.types.programs import EntryId, ProofSystem, Zkvm

TYPES = {
    ProofType(1): (ProofSystem.SP1, PROGRAM_VK),
    ProofType(2): (ProofSystem.ZISK, ProgramVk(bytes(31) + b"\1")),
}


def table(**values):
    return Table(Notes(Path("node.toml")), values)


def mistakes(reader):
    return [(each.field, each.reason) for each in reader.notes.mistakes]


def test_policy__is_the_default_preset_without_fields():
    reader = table()
    assert read_policy(reader) == PRESETS["1-of-any"]
    assert mistakes(reader) == []


def test_policy__changes_a_preset():
    reader = table(
        preset="2-of-3-diverse",
        required_weight=3,
        weights=[{"entry": "zkattest-sp1", "weight": 2}],
        zkvms=["sp1", "zisk"],
        programs=["zkattest-sp1", "other"],
        minimum_bits=100,
        fork="fulu",
        fallback="wait",
    )
    assert read_policy(reader) == ProofPolicy(
        "2-of-3-diverse",
        required_proofs=2,
        required_weight=3,
        distinct_zkvms=True,
        distinct_execution_clients=True,
        minimum_bits=100,
        zkvms=frozenset({Zkvm.SP1, Zkvm.ZISK}),
        execution_clients=PRESETS["2-of-3-diverse"].execution_clients,
        programs=frozenset({EntryId("zkattest-sp1"), EntryId("other")}),
        weights={EntryId("zkattest-sp1"): 2},
        deadline_ms=4_000,
        fallback=Fallback.WAIT,
    )
    reader.refuse_unknown()
    assert mistakes(reader) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"preset": "3-of-2"}, "preset"),
        ({"zkvms": ["sp2"]}, "zkvms"),
        ({"programs": ["A B"]}, "programs"),
        ({"required_proofs": 0}, "required_proofs"),
        ({"required_proofs": 3, "zkvms": ["sp1"], "distinct_zkvms": True}, "required_proofs"),
        ({"weights": [{"entry": "x", "weight": 0}]}, "weights[0].weight"),
        ({"fork": "osaka"}, "fork"),
        ({"requird_proofs": 2}, "requird_proofs"),
    ],
)
def test_policy__refused_with_its_field(values, field):
    reader = table(**values)
    read_policy(reader)
    reader.refuse_unknown()
    assert [name for name, _ in mistakes(reader)] == [field]


def test_node_policy__left_out_changes_nothing():
    assert read_node_policy(table(), TYPES, 12_000) is None


def test_node_policy__knows_programs_by_the_registry_of_the_package():
    policy = read_node_policy(table(proof_policy={"preset": "1-of-sp1"}), TYPES, 12_000)
    assert (policy.fallback, policy.attestation_due_ms) == (None, None)
    assert policy.clock(SlotClock(0, 12_000)) == SlotClock(0, 12_000)
    assert policy.types.are_enough([ProofType(1)])
    assert not policy.types.are_enough([ProofType(2)])
    assert policy.types.programs[ProofType(1)].id == "zkattest-sp1"
    # Of a program that no registry names nothing but its key is known.
    assert policy.types.programs[ProofType(2)].id == "type-2"
    assert policy.types.programs[ProofType(2)].guest.execution_client == ""


def test_node_policy__sets_deadline_and_fallback_where_they_are_named():
    reader = table(proof_policy={"fork": "gloas", "fallback": "fall_back"})
    policy = read_node_policy(reader, TYPES, 12_000)
    assert policy.fallback is Policy.FALL_BACK
    clock = policy.clock(SlotClock(0, 12_000))
    assert (clock.deadline_ms(2), SlotClock(0, 12_000).deadline_ms(2)) == (27_000, 28_000)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"deadline_ms": 12_000}, "proof_policy.deadline_ms"),
        ({"registry": "none.toml"}, "proof_policy.registry"),
        # Nobody would ever be told that such a policy is never met.
        ({"programs": ["zkatest-sp1"]}, "proof_policy.programs"),
        ({"weights": [{"entry": "zkatest-sp1", "weight": 2}]}, "proof_policy.weights"),
        ({"preset": "2-of-3-clients"}, "proof_policy.preset"),
        ({"required_proofs": 3}, "proof_policy.required_proofs"),
        ({"required_weight": 3}, "proof_policy.preset"),
        ({"minimum_bits": 128}, "proof_policy.preset"),
    ],
)
def test_node_policy__refused_with_its_field(values, field):
    reader = table(proof_policy=values)
    read_node_policy(reader, TYPES, 12_000)
    assert [name for name, _ in mistakes(reader)] == [field]


def test_node_policy__says_which_name_was_meant_and_what_is_missing():
    reader = table(proof_policy={"programs": ["zkatest-sp1"]})
    read_node_policy(reader, TYPES, 12_000)
    (mistake,) = mistakes(reader)
    assert mistake[1] == "zkatest-sp1: not in the registry, nearest known is zkattest-sp1"
    reader = table(proof_policy={"minimum_bits": 128})
    read_node_policy(reader, TYPES, 12_000)
    reason = "met by no proofs of the types that there are: none_counts (bits_too_low)"
    assert mistakes(reader) == [("proof_policy.preset", reason)]


def test_node_policy__taken_where_only_revocations_keep_it_from_being_met(tmp_path):
    path = tmp_path / "registry.toml"
    path.write_text(REVOKED_REGISTRY)
    reader = Table(Notes(tmp_path / "node.toml"), {"proof_policy": {"registry": path.name}})
    types = {ProofType(1): (ProofSystem.SP1, PROGRAM_VK)}
    policy = read_node_policy(reader, types, 12_000)
    assert mistakes(reader) == []
    assert policy.types.shortfall.excluded == (("ours", Exclusion.REVOKED),)


def test_node_policy__takes_a_registry_that_one_of_its_keys_has_signed(tmp_path):
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    path = tmp_path / "registry.json"
    registry = parse_registry(path, REVOKED_REGISTRY.encode()).registry
    path.write_bytes(export_registry(registry_document(registry), key))
    types = {ProofType(1): (ProofSystem.SP1, PROGRAM_VK)}
    for keys, taken in (([str(key.public_key)], True), (["0x" + "22" * 32], False), ([], False)):
        values = {"registry": path.name, "registry_keys": keys}
        reader = Table(Notes(tmp_path / "node.toml"), {"proof_policy": values})
        policy = read_node_policy(reader, types, 12_000)
        assert [name for name, _ in mistakes(reader)] == (
            [] if taken else ["proof_policy.registry"]
        )
        assert (policy.types.revoked_types == {1}) is taken


def test_node_policy__refuses_keys_that_sign_nothing():
    reader = table(proof_policy={"registry_keys": ["0x" + "22" * 32]})
    read_node_policy(reader, TYPES, 12_000)
    assert [name for name, _ in mistakes(reader)] == ["proof_policy.registry_keys"]
