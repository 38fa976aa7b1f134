"""The guard: one proof of a type for a block, whoever asks, however often, and after a restart."""

import sqlite3
from dataclasses import replace

import pytest

from tests.helpers.signing_guard_process import signing_root_of, subject_of
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.signing import CannotSign, SigningRefused
from zkattest.store import SigningGuardError, SqliteSigningGuard, SqliteStore
from zkattest.store.signing_guard import SignedProof
from zkattest.types.ids import ProofType, Root, Slot

ONE, TWO = signing_root_of(0, "one"), signing_root_of(0, "two")
SUBJECT = subject_of(5)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "guard.sqlite"


def refused(guard, subject, root, **options):
    with pytest.raises(SigningRefused) as refusal:
        guard.admit(subject, root, **options)
    return refusal.value.reason, refusal.value.operands


def failed(guard, subject, root):
    with pytest.raises(CannotSign) as failure:
        guard.admit(subject, root)
    return failure.value.cause, failure.value.detail


def test_guard__refuses_a_second_proof_of_a_type_for_a_block(path):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    assert refused(guard, SUBJECT, TWO) == (
        Reason.SIGNED_ANOTHER_PROOF,
        {
            "block_root": SUBJECT.beacon_block_root,
            "proof_type": 1,
            "signed": ONE,
            "asked": TWO,
        },
    )
    assert guard.entries() == [SignedProof(SUBJECT, ONE)]


def test_guard__admits_the_same_proof_again(path):
    guard = SqliteSigningGuard(path)
    for _ in range(3):
        guard.admit(SUBJECT, ONE)
    assert guard.entries() == [SignedProof(SUBJECT, ONE)]


@pytest.mark.parametrize(
    "other",
    [
        replace(SUBJECT, proof_type=ProofType(2)),
        replace(SUBJECT, beacon_block_root=Root(b"\x01" * 32)),
        replace(SUBJECT, pubkey=b"\x02" * 48),
    ],
    ids=["another type", "another block", "another key"],
)
def test_guard__admits_a_proof_of_something_else(path, other):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    guard.admit(other, TWO)
    assert sorted(guard.entries(), key=str) == sorted(
        [SignedProof(SUBJECT, ONE), SignedProof(other, TWO)], key=str
    )


def test_guard__not_misled_by_another_slot_for_the_same_block(path):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    for slot in (None, Slot(0), Slot(2**64 - 1)):
        reason, _ = refused(guard, replace(SUBJECT, slot=slot), TWO)
        assert reason is Reason.SIGNED_ANOTHER_PROOF


def test_guard__admits_a_second_proof_where_that_is_asked_for(path):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    guard.admit(SUBJECT, TWO, allow_second=True)
    guard.admit(SUBJECT, TWO)
    guard.admit(SUBJECT, ONE)
    reason, _ = refused(guard, SUBJECT, signing_root_of(0, "three"))
    assert reason is Reason.SIGNED_ANOTHER_PROOF


def test_guard__remembers_after_reopening(path):
    SqliteSigningGuard(path).admit(SUBJECT, ONE)
    # Not closed: a killed process does not close either.
    guard = SqliteSigningGuard(path)
    reason, _ = refused(guard, SUBJECT, TWO)
    assert reason is Reason.SIGNED_ANOTHER_PROOF
    assert guard.entries() == [SignedProof(SUBJECT, ONE)]


def test_guard__is_one_file_that_can_be_copied(path):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    copy = path.with_name("copy.sqlite")
    copy.write_bytes(path.read_bytes())
    assert SqliteSigningGuard(copy).entries() == [SignedProof(SUBJECT, ONE)]


def test_guard__keeps_slots_of_64_bits_in_order(path):
    guard = SqliteSigningGuard(path)
    slots = [Slot(2**64 - 1), Slot(0), Slot(2**63), Slot(255), Slot(256)]
    for number, slot in enumerate(slots):
        guard.admit(replace(subject_of(number), slot=slot), ONE)
    assert [one.subject.slot for one in guard.entries()] == sorted(slots)
    assert guard.forget(Slot(256)) == 2
    assert [one.subject.slot for one in guard.entries()] == [256, 2**63, 2**64 - 1]


def test_guard__signs_nothing_for_a_slot_it_has_forgotten(path):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    assert guard.forget(Slot(6)) == 1
    assert refused(guard, SUBJECT, TWO) == (
        Reason.SLOT_TOO_OLD,
        {"slot": 5, "forgotten_before": 6},
    )
    assert refused(guard, SUBJECT, ONE, allow_second=True)[0] is Reason.SLOT_TOO_OLD
    # Who names no slot could otherwise have a second proof of a forgotten block.
    assert refused(guard, replace(SUBJECT, slot=None), TWO) == (
        Reason.SLOT_TOO_OLD,
        {"slot": None, "forgotten_before": 6},
    )
    guard.admit(subject_of(6), ONE)
    assert SqliteSigningGuard(path).forgotten_before() == 6


def test_guard__never_takes_back_what_it_has_forgotten(path):
    guard = SqliteSigningGuard(path)
    guard.forget(Slot(9))
    guard.forget(Slot(3))
    assert guard.forgotten_before() == 9


def test_guard__forgets_no_entry_without_a_slot(path):
    guard = SqliteSigningGuard(path)
    nameless = replace(SUBJECT, slot=None)
    guard.admit(nameless, ONE)
    assert guard.forget(Slot(2**64 - 1)) == 0
    assert guard.entries() == [SignedProof(nameless, ONE)]
    assert refused(guard, SUBJECT, TWO)[0] is Reason.SIGNED_ANOTHER_PROOF


def test_guard__forgets_the_oldest_slot_when_it_is_full(path):
    guard = SqliteSigningGuard(path, max_entries=4)
    for number in (7, 5, 6):
        guard.admit(subject_of(number), ONE)
    guard.admit(replace(subject_of(5), proof_type=ProofType(2)), ONE)
    guard.admit(subject_of(8), ONE)
    assert [one.subject.slot for one in guard.entries()] == [6, 7, 8]
    assert guard.forgotten_before() == 6
    assert refused(guard, subject_of(5), ONE)[0] is Reason.SLOT_TOO_OLD


def test_guard__file_stays_small_while_entries_come_and_go(path):
    guard = SqliteSigningGuard(path, max_entries=50)
    for number in range(300):
        guard.admit(subject_of(number), ONE)
    assert len(guard.entries()) == 50
    assert path.stat().st_size < 64 << 10


def test_guard__signs_nothing_when_it_is_full_of_what_it_may_not_forget(path):
    guard = SqliteSigningGuard(path, max_entries=2)
    for number in range(2):
        guard.admit(replace(subject_of(number), slot=None), ONE)
    detail = f"{path}: 2 entries, and none with an earlier slot to forget"
    assert failed(guard, subject_of(2), ONE) == (Cause.OUT_OF_RESOURCES, detail)
    guard.admit(replace(subject_of(1), slot=None), ONE)


def test_guard__signs_nothing_when_all_are_of_its_own_slot(path):
    guard = SqliteSigningGuard(path, max_entries=1)
    guard.admit(SUBJECT, ONE)
    other = replace(SUBJECT, proof_type=ProofType(2))
    assert failed(guard, other, ONE)[0] is Cause.OUT_OF_RESOURCES


def test_guard__signs_nothing_when_the_file_cannot_be_written(path):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE signed")
    cause, detail = failed(guard, SUBJECT, TWO)
    assert cause is Cause.BACKEND_UNAVAILABLE
    assert detail == f"{path}: no such table: signed"


def test_guard__signs_nothing_when_a_row_is_damaged(path):
    guard = SqliteSigningGuard(path)
    guard.admit(SUBJECT, ONE)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE signed SET signing_root = x'00'")
    cause, detail = failed(guard, SUBJECT, TWO)
    assert cause is Cause.BACKEND_UNAVAILABLE
    assert detail == f"{path}: Root: 1 bytes, expected 32"


def test_guard__signs_nothing_while_another_holds_the_file(path, monkeypatch):
    monkeypatch.setattr("zkattest.store.signing_guard._BUSY_S", 0.05)
    guard = SqliteSigningGuard(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert failed(guard, SUBJECT, ONE) == (
        Cause.BACKEND_UNAVAILABLE,
        f"{path}: database is locked",
    )
    other.execute("ROLLBACK")
    guard.admit(SUBJECT, ONE)


def test_guard__refused_when_it_is_no_guard(path, tmp_path):
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(SigningGuardError, match=r"guard\.sqlite: file is not a database$"):
        SqliteSigningGuard(path)
    other = tmp_path / "store.sqlite"
    SqliteStore(other, "devnet").close()
    with pytest.raises(SigningGuardError, match=r"store\.sqlite: not a signing guard$"):
        SqliteSigningGuard(other)
    with pytest.raises(SigningGuardError, match="unable to open"):
        SqliteSigningGuard(tmp_path / "missing" / "guard.sqlite")


def test_guard__refused_of_another_version(path):
    SqliteSigningGuard(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=9")
    with pytest.raises(SigningGuardError, match="version 9, expected 1"):
        SqliteSigningGuard(path)


def test_guard__refuses_a_bound_below_one(path):
    with pytest.raises(ValueError, match="max_entries: 0, expected at least 1"):
        SqliteSigningGuard(path, max_entries=0)


def test_check__refuses_what_admit_would_and_enters_nothing(path):
    guard = SqliteSigningGuard(path)
    guard.check(SUBJECT, ONE)
    assert guard.entries() == []
    guard.admit(SUBJECT, ONE)
    guard.check(SUBJECT, ONE)
    with pytest.raises(SigningRefused) as refusal:
        guard.check(SUBJECT, TWO)
    assert refusal.value.reason is Reason.SIGNED_ANOTHER_PROOF
    assert guard.entries() == [SignedProof(SUBJECT, ONE)]


def test_check__refuses_forgotten_slots_where_the_slot_is_known(path):
    guard = SqliteSigningGuard(path)
    guard.forget(Slot(6))
    with pytest.raises(SigningRefused) as refusal:
        guard.check(SUBJECT, ONE)
    assert (refusal.value.reason, refusal.value.operands) == (
        Reason.SLOT_TOO_OLD,
        {"slot": 5, "forgotten_before": 6},
    )
    guard.check(replace(SUBJECT, slot=None), ONE)
    guard.check(replace(SUBJECT, slot=Slot(6)), ONE)
