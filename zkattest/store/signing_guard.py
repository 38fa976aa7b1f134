"""
Remember which proofs were signed, so that no key signs two of one type for one block unasked.

One SQLite file that several processes may share. An entry is on disk before its signature can
leave: rollback journal and `synchronous=EXTRA`, so that a lost power line loses nothing and
the file can be copied by itself. The file is bounded; what is forgotten, the oldest slots first, is
never signed for again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.signing import CannotSign, ProofSubject, SigningRefused
from zkattest.store.sqlite import StoreError
from zkattest.types.ids import ProofType, Root, Slot

DEFAULT_MAX_ENTRIES: Final = 100_000
_BUSY_S: Final = 5.0
_APPLICATION_ID: Final = 0x7A6B5347
_VERSION: Final = 1
# Slots have 64 bits and SQLite's integers 63: eight bytes, most significant first, sort alike.
_SCHEMA: Final = """
CREATE TABLE signed (
    pubkey BLOB NOT NULL, block_root BLOB NOT NULL, proof_type INTEGER NOT NULL,
    signing_root BLOB NOT NULL, slot BLOB,
    PRIMARY KEY (pubkey, block_root, proof_type, signing_root)
) WITHOUT ROWID;
CREATE INDEX signed_by_slot ON signed (slot);
CREATE TABLE forgotten (before_slot BLOB NOT NULL);
INSERT INTO forgotten VALUES (zeroblob(8));
"""


class SigningGuardError(StoreError):
    """Say why a guard's file cannot be used."""


@dataclass(frozen=True, slots=True)
class SignedProof:
    """Hold one entry: what was signed, for which block and type."""

    subject: ProofSubject
    signing_root: Root


class SqliteSigningGuard:
    """Keep what was signed in one file, behind `SigningGuard`; threads may share it."""

    def __init__(self, path: Path, max_entries: int = DEFAULT_MAX_ENTRIES) -> None:
        """
        Open or make the file.

        Raises `SigningGuardError` when it cannot be used or is no guard's, `ValueError` for a
        bound below one.
        """
        if max_entries < 1:
            raise ValueError(f"max_entries: {max_entries}, expected at least 1")
        self.path = path
        self._max_entries = max_entries
        self._lock = threading.Lock()
        try:
            # Threads take turns under the lock; SQLite's own check knows only the first one.
            self._db = sqlite3.connect(
                path, timeout=_BUSY_S, check_same_thread=False, isolation_level=None
            )
            self._prepare()
            _sync_folder(path)
        except (sqlite3.Error, OSError) as error:
            raise SigningGuardError(f"{path}: {error}") from error

    def admit(
        self, subject: ProofSubject, signing_root: Root, *, allow_second: bool = False
    ) -> None:
        """
        Enter a signature that is about to be made; on return the entry is on disk.

        The same signing root passes again. Raises `SigningRefused` for another one, and for a slot
        (or none) of which entries were forgotten; `CannotSign` where the file fails.
        """
        with self._lock, self._transaction():
            if self._is_entered(subject, signing_root, allow_second=allow_second):
                return
            self._require_remembered(subject.slot)
            self._make_room(subject.slot)
            self._insert(subject, signing_root)

    def check(self, subject: ProofSubject, signing_root: Root) -> None:
        """
        Return when this might be signed now; nothing is entered, and nothing promised.

        Raises what `admit` raises, but a slot that is not known yet is not held against a proof.
        """
        with self._lock, self._transaction():
            is_entered = self._is_entered(subject, signing_root, allow_second=False)
            if not is_entered and subject.slot is not None:
                self._require_remembered(subject.slot)

    def forget(self, before_slot: Slot) -> int:
        """
        Forget entries before a slot, and never sign for those slots again; return how many left.

        Entries without a slot stay. Raises `CannotSign` where the file fails.
        """
        with self._lock, self._transaction():
            return self._forget(before_slot)

    def entries(self) -> list[SignedProof]:
        """List what is remembered, oldest slot first; raises `CannotSign` where the file fails."""
        query = "SELECT * FROM signed ORDER BY slot, pubkey, block_root, proof_type, signing_root"
        with self._lock, self._transaction():
            return [_read_entry(row) for row in self._db.execute(query)]

    def forgotten_before(self) -> Slot:
        """Return the slot below which nothing is signed; 0 while nothing was forgotten."""
        with self._lock, self._transaction():
            return self._forgotten_before()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # --- Inside a transaction -----------------------------------------------------------------

    def _is_entered(self, subject: ProofSubject, signing_root: Root, *, allow_second: bool) -> bool:
        roots = self._roots_of(subject)
        if signing_root in roots:
            return True
        if roots and not allow_second:
            raise SigningRefused(
                Reason.SIGNED_ANOTHER_PROOF,
                block_root=subject.beacon_block_root,
                proof_type=int(subject.proof_type),
                signed=roots[0],
                asked=signing_root,
            )
        return False

    def _roots_of(self, subject: ProofSubject) -> list[Root]:
        rows = self._db.execute(
            "SELECT signing_root FROM signed WHERE pubkey=? AND block_root=? AND proof_type=?",
            (subject.pubkey, subject.beacon_block_root, subject.proof_type),
        )
        return [Root(row[0]) for row in rows]

    def _require_remembered(self, slot: Slot | None) -> None:
        before = self._forgotten_before()
        # Without a slot we cannot tell whether an entry of this block was forgotten.
        if before > 0 and (slot is None or slot < before):
            shown = None if slot is None else int(slot)
            raise SigningRefused(Reason.SLOT_TOO_OLD, slot=shown, forgotten_before=int(before))

    def _make_room(self, slot: Slot | None) -> None:
        (count,) = self._db.execute("SELECT count(*) FROM signed").fetchone()
        if count < self._max_entries:
            return
        row = self._db.execute("SELECT min(slot) FROM signed WHERE slot IS NOT NULL").fetchone()
        oldest = None if row[0] is None else _read_slot(row[0])
        if oldest is None or slot is None or slot <= oldest:
            raise CannotSign(
                Cause.OUT_OF_RESOURCES,
                f"{self.path}: {count} entries, and none with an earlier slot to forget",
            )
        self._forget(Slot(oldest + 1))

    def _forget(self, before_slot: Slot) -> int:
        limit = _write_slot(before_slot)
        self._db.execute(
            "UPDATE forgotten SET before_slot = ? WHERE before_slot < ?", (limit, limit)
        )
        return self._db.execute("DELETE FROM signed WHERE slot < ?", (limit,)).rowcount

    def _forgotten_before(self) -> Slot:
        (before,) = self._db.execute("SELECT before_slot FROM forgotten").fetchone()
        return _read_slot(before)

    def _insert(self, subject: ProofSubject, signing_root: Root) -> None:
        slot = None if subject.slot is None else _write_slot(subject.slot)
        self._db.execute(
            "INSERT INTO signed VALUES (?,?,?,?,?)",
            (subject.pubkey, subject.beacon_block_root, subject.proof_type, signing_root, slot),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._locked():
                yield
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise CannotSign(Cause.BACKEND_UNAVAILABLE, f"{self.path}: {error}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The lock of a writer is taken before anything is read: of two processes that ask at
        # once the second one sees the first one's entry.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    # --- Opening ------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._db.execute("PRAGMA synchronous=EXTRA")
        with self._locked():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            (application,) = self._db.execute("PRAGMA application_id").fetchone()
            (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if (version, application, tables) == (0, 0, 0):
                self._make_tables()
            else:
                self._require_kind(application, version)

    def _make_tables(self) -> None:
        for statement in _SCHEMA.split(";"):
            self._db.execute(statement)
        # The kind of the file is written with its tables, or not at all.
        self._db.execute(f"PRAGMA application_id={_APPLICATION_ID}")
        self._db.execute(f"PRAGMA user_version={_VERSION}")

    def _require_kind(self, application: int, version: int) -> None:
        if application != _APPLICATION_ID:
            raise SigningGuardError(f"{self.path}: not a signing guard")
        if version != _VERSION:
            raise SigningGuardError(f"{self.path}: version {version}, expected {_VERSION}")


def _write_slot(slot: Slot) -> bytes:
    return int(slot).to_bytes(8, "big")


def _read_slot(data: bytes) -> Slot:
    return Slot(int.from_bytes(data, "big"))


def _read_entry(row: tuple[bytes, bytes, int, bytes, bytes | None]) -> SignedProof:
    pubkey, block_root, proof_type, signing_root, slot = row
    subject = ProofSubject(
        pubkey=pubkey,
        beacon_block_root=Root(block_root),
        proof_type=ProofType(proof_type),
        slot=None if slot is None else _read_slot(slot),
    )
    return SignedProof(subject, Root(signing_root))


def _sync_folder(path: Path) -> None:
    """Have a new file's name survive a lost power line, too."""
    folder = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
