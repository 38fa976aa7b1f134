"""What clashes in a registry, and what a new one changes."""

from dataclasses import replace

import pytest

from tests.helpers.programs import PROFILE, REVOKED, make_entry, make_test_registry
from zkattest.spec.program_registry import (
    Clash,
    ClashKind,
    Numbering,
    RegistryClash,
    StatusChange,
    make_registry,
    require_usable,
    status_changes,
)
from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.types.ids import ProgramVk, ProofType
from zkattest.types.programs import (
    Artifact,
    EntryId,
    EntryState,
    EntryStatus,
    ProfileId,
    ProofSystem,
    Sha256,
)

ONE, TWO = make_entry("one"), make_entry("two", ProofSystem.ZISK)
FIRST, SECOND = ProofType(1), ProofType(2)


def clashes(entries, *profiles):
    with pytest.raises(RegistryClash) as refusal:
        make_registry(entries, profiles)
    return refusal.value.clashes


def test_registry__finds_by_number_and_by_program():
    registry = make_test_registry(ONE, TWO)
    assert registry.entry_of(PROFILE, SECOND) == TWO
    assert registry.entry_of(PROFILE, ProofType(3)) is None
    assert registry.find(ProofSystem.SP1, ONE.program_vk) == ONE
    assert registry.find(ProofSystem.ZISK, ONE.program_vk) is None


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        ([ONE, ONE], ClashKind.NAME_TWICE),
        ([ONE, replace(ONE, id=EntryId("other"))], ClashKind.PROGRAM_TWICE),
        (
            [ONE, make_entry("x", ProofSystem.SP1_PLONK, "geth", program_vk=ONE.program_vk)],
            ClashKind.PROGRAM_OF_TWO_GUESTS,
        ),
        ([make_entry("x", ProofSystem.GROTH16_BN254)], ClashKind.VERIFIER_KEY_MISMATCH),
    ],
)
def test_registry__refused_for_clashing_entries(entries, kind):
    assert kind in [clash.kind for clash in clashes(entries)]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([(1, "one"), (1, "two")], Clash(ClashKind.NUMBER_TWICE, "p: 1 is one and two")),
        ([(1, "one"), (2, "one")], Clash(ClashKind.ENTRY_NUMBERED_TWICE, "p: one")),
        ([(1, "three")], Clash(ClashKind.UNKNOWN_ENTRY, "p: 1 is three")),
    ],
)
def test_registry__refused_for_clashing_numbers(numbers, expected):
    pairs = tuple((ProofType(number), EntryId(name)) for number, name in numbers)
    assert clashes([ONE, TWO], Numbering(ProfileId("p"), pairs)) == (expected,)


def test_registry__refused_for_a_profile_twice():
    profile = Numbering(ProfileId("p"), ())
    assert clashes([ONE], profile, profile) == (Clash(ClashKind.PROFILE_TWICE, "p"),)


def test_registry__takes_what_only_seems_to_clash():
    # Two kinds of proof of one program, a circuit named by its key, two deployments' numbers.
    wrapped = replace(ONE, id=EntryId("wrapped"), system=ProofSystem.SP1_GROTH16)
    key = Sha256(b"\7" * 32)
    circuit = replace(
        make_entry("circuit", ProofSystem.GROTH16_BN254, program_vk=ProgramVk(key)),
        verifier_key=Artifact(key),
    )
    registry = make_registry(
        [ONE, wrapped, circuit],
        [
            Numbering(ProfileId("a"), ((FIRST, ONE.id),)),
            Numbering(ProfileId("b"), ((FIRST, circuit.id),)),
        ],
    )
    assert registry.entry_of(ProfileId("b"), FIRST) == circuit


@pytest.mark.parametrize(
    ("entry", "cause"),
    [(None, Cause.UNKNOWN_PROGRAM_VK), (replace(ONE, status=REVOKED), Cause.PROGRAM_REVOKED)],
)
def test_require_usable__blames_nobody(entry, cause):
    with pytest.raises(CannotVerify) as failure:
        require_usable(entry, "one")
    assert failure.value.cause is cause


def test_status_changes__name_every_entry_that_changed():
    old = replace(TWO, status=EntryStatus(EntryState.DEPRECATED))
    gone, moved = make_entry("gone"), make_entry("moved")
    before = make_test_registry(ONE, old, gone, moved)
    after = make_test_registry(
        replace(ONE, status=REVOKED), TWO, replace(moved, system=ProofSystem.ZISK)
    )
    changes = status_changes(before, after)
    active = EntryState.ACTIVE
    assert changes == (
        StatusChange(EntryId("gone"), active, None),
        StatusChange(EntryId("moved"), active, None),
        StatusChange(EntryId("moved"), None, active),
        StatusChange(EntryId("one"), active, EntryState.REVOKED),
        StatusChange(EntryId("two"), EntryState.DEPRECATED, active),
    )
    assert [change.ends_trust for change in changes] == [True, True, False, True, False]


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a" * 65])
def test_entry_id__refused(name):
    with pytest.raises(ValueError, match="expected 1 to 64"):
        EntryId(name)
