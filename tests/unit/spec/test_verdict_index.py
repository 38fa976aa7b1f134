"""Which programs proved what, under registries that change."""

from dataclasses import replace

from tests.helpers.evidence import make_record
from tests.helpers.programs import REVOKED, make_entry, make_test_registry
from zkattest.spec.evidence import Outcome
from zkattest.spec.proof_policy import PRESETS, Exclusion, PolicyReason
from zkattest.spec.verdict_index import ProvenBy, VerdictIndex
from zkattest.types.ids import Root
from zkattest.types.programs import ProofSystem
from zkattest.types.verification import EvidenceId

ENTRY = make_entry("ours")
REGISTRY = make_test_registry(ENTRY)
PROGRAM = ProvenBy(ENTRY.id, ENTRY.system, ENTRY.program_vk)
BLOCK, EVIDENCE = Root(b"\1" * 32), EvidenceId(b"\2" * 32)
ANY = PRESETS["1-of-any"]


def index_of(*records):
    index = VerdictIndex()
    for number, record in enumerate(records):
        index.add_record(record, EvidenceId(number.to_bytes(32, "big")))
    return index


def test_index__proven_with_the_first_evidence():
    index = VerdictIndex()
    index.add(BLOCK, PROGRAM, EVIDENCE)
    index.add(BLOCK, PROGRAM, EvidenceId(b"\3" * 32))
    result = index.judge(BLOCK, ANY, REGISTRY, 0)
    assert (result.is_proven, result.evidence) == (True, (EVIDENCE,))


def test_index__takes_valid_records_about_something():
    good = make_record(1, program_vk=ENTRY.program_vk)
    index = index_of(
        good,
        replace(good, outcome=Outcome.INVALID, subject=Root(b"\5" * 32)),
        replace(good, subject=None),
        replace(good, entry=None, subject=Root(b"\6" * 32)),
    )
    assert len(index) == 1
    assert index.judge(good.subject, ANY, REGISTRY, 0).is_proven


def test_lost__names_blocks_of_a_revoked_program():
    index = VerdictIndex()
    index.add(BLOCK, PROGRAM, EVIDENCE)
    (lost,) = index.lost(ANY, REGISTRY, make_test_registry(replace(ENTRY, status=REVOKED)))
    assert (lost.subject, lost.after.excluded) == (BLOCK, ((ENTRY.id, Exclusion.REVOKED),))


def test_lost__names_blocks_whose_program_became_another_under_its_name():
    index = VerdictIndex()
    index.add(BLOCK, PROGRAM, EVIDENCE)
    other = make_test_registry(replace(ENTRY, system=ProofSystem.ZISK))
    (lost,) = index.lost(ANY, REGISTRY, other)
    assert lost.after.excluded == ((ENTRY.id, Exclusion.UNKNOWN_PROGRAM),)
    assert index.judge(BLOCK, ANY, other, 0).reason is PolicyReason.NO_PROOF


def test_lost__nothing_where_nothing_counted_before():
    index = VerdictIndex()
    index.add(BLOCK, PROGRAM, EVIDENCE)
    revoked = make_test_registry(replace(ENTRY, status=REVOKED))
    assert index.lost(ANY, revoked, make_test_registry()) == ()


def test_index__forgets_the_oldest_subjects():
    index = VerdictIndex(limit=2)
    for number in range(3):
        index.add(Root(number.to_bytes(32, "big")), PROGRAM, None)
    assert len(index) == 2
    assert not index.judge(Root(bytes(32)), ANY, REGISTRY, 0).is_proven
