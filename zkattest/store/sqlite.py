"""
Keep an attester's state in one SQLite file.

Write-ahead logging with full synchronisation: a decision that was saved survives a killed process
and a lost power line, so that no slot is attested to twice. One row a block, a valid proof (without
its bytes), a claim and a decision; nothing in it is large.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, get_type_hints

from zkattest.machines.events import (
    BlockStatus,
    DropBlock,
    DropClaim,
    Forget,
    ParentVerdict,
    ProvenRoot,
    SaveBlock,
    SaveClaim,
    SavedBlock,
    SaveDecision,
    SavedState,
    SaveEffect,
    SaveRoot,
)
from zkattest.spec.reasons import Reason
from zkattest.types.errors import DecodeError
from zkattest.types.execution import ExecutionClaim, Header
from zkattest.types.ids import BlockHash, PeerName, ProofType, Root, Slot

_VERSION: Final = 2
# What version 2 has and version 1 had not.
_TABLES_OF_2: Final = """
CREATE TABLE proofs (
    root BLOB NOT NULL, proof_type INTEGER NOT NULL, slot INTEGER NOT NULL,
    arrived_at_ms INTEGER NOT NULL, from_peer TEXT NOT NULL, verify_ms REAL NOT NULL,
    digest BLOB NOT NULL, PRIMARY KEY (root, proof_type)
);
CREATE TABLE programs (proof_type INTEGER PRIMARY KEY, program TEXT NOT NULL);
"""
_SCHEMA: Final = """
CREATE TABLE network (id TEXT NOT NULL);
CREATE TABLE blocks (
    content_id BLOB PRIMARY KEY, slot INTEGER NOT NULL, block_hash BLOB NOT NULL,
    transactions_root BLOB NOT NULL, header TEXT NOT NULL,
    status TEXT NOT NULL, parent TEXT NOT NULL, reason TEXT,
    was_valid INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE claims (claim BLOB PRIMARY KEY, block_hash BLOB NOT NULL, slot INTEGER NOT NULL);
CREATE TABLE decisions (slot INTEGER PRIMARY KEY, decision TEXT NOT NULL, block_hash BLOB);
"""
# Version 1 kept one proof of each root, that which proved it.
_FROM_1: Final = """
ALTER TABLE blocks ADD COLUMN was_valid INTEGER NOT NULL DEFAULT 0;
INSERT INTO proofs
    SELECT root, proof_type, slot, arrived_at_ms, from_peer, verify_ms, x'' FROM roots;
DROP TABLE roots;
"""


class StoreError(Exception):
    """Say why a store's file cannot be used."""


class SqliteStore:
    """Keep one attester's state in one file."""

    def __init__(
        self, path: Path, network_id: str, programs: Mapping[ProofType, str] | None = None
    ) -> None:
        """
        Open or make the file; `programs` names the program that each proof type stands for.

        Raises `StoreError` when it is another network's, of another version, or no store at all,
        and when a type stood for another program: what is kept of it was proven by that one.
        """
        self._lock = threading.Lock()
        try:
            # Threads take turns under the lock; SQLite's own check knows only the first one.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._prepare(network_id)
            self._note_programs(programs or {})
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error

    def load(self) -> SavedState:
        """Return what was saved last; a row that does not decode is a `StoreError`."""
        with self._lock:
            try:
                return SavedState(
                    blocks=tuple(map(_read_block, self._db.execute("SELECT * FROM blocks"))),
                    roots=tuple(map(_read_root, self._db.execute("SELECT * FROM proofs"))),
                    claims=tuple(
                        ExecutionClaim.decode(row[0])
                        for row in self._db.execute("SELECT claim FROM claims")
                    ),
                    decided=frozenset(
                        Slot(row[0]) for row in self._db.execute("SELECT slot FROM decisions")
                    ),
                )
            except (sqlite3.Error, ValueError, KeyError, TypeError, DecodeError) as error:
                raise StoreError(f"unreadable row: {error}") from error

    def save(self, effects: Sequence[SaveEffect]) -> None:
        """Write all of these in one transaction."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for effect in effects:
                    self._write(effect)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def check(self) -> None:
        """Read from the file; raise `StoreError` when it cannot be read, or is closed."""
        with self._lock:
            try:
                self._db.execute("SELECT id FROM network").fetchone()
            except sqlite3.Error as error:
                raise StoreError(str(error)) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _prepare(self, network_id: str) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(_script(_SCHEMA))
            self._db.execute("INSERT INTO network VALUES (?)", (network_id,))
        elif version not in (1, _VERSION):
            raise StoreError(f"version {version}, expected {_VERSION}")
        (known,) = self._db.execute("SELECT id FROM network").fetchone()
        if known != network_id:
            raise StoreError(f"made for network {known}, expected {network_id}")
        if version == 1:
            self._db.executescript(_script(_FROM_1))

    def _note_programs(self, programs: Mapping[ProofType, str]) -> None:
        known = dict(self._db.execute("SELECT proof_type, program FROM programs"))
        for kind, program in programs.items():
            if known.get(kind, program) != program:
                detail = f"proof type {kind} was {known[kind]}, is {program}"
                raise StoreError(f"{detail}: give that another number, or begin a new store")
            self._db.execute("INSERT OR IGNORE INTO programs VALUES (?,?)", (kind, program))

    def _write(self, effect: SaveEffect) -> None:
        match effect:
            case SaveBlock(block=b):
                row = (b.content_id, b.slot, b.block_hash, b.transactions_root)
                words = (_write_header(b.header), b.status, b.parent, b.reason, int(b.was_valid))
                self._db.execute(
                    "INSERT OR REPLACE INTO blocks VALUES (?,?,?,?,?,?,?,?,?)", row + words
                )
            case DropBlock(content_id=content_id):
                self._db.execute("DELETE FROM blocks WHERE content_id = ?", (content_id,))
            case SaveRoot(root=r):
                proof = (r.root, r.proof_type, r.slot, r.arrived_at_ms, r.from_peer, r.verify_ms)
                self._db.execute(
                    "INSERT OR REPLACE INTO proofs VALUES (?,?,?,?,?,?,?)", (*proof, r.digest)
                )
            case DropClaim(claim=claim):
                self._db.execute("DELETE FROM claims WHERE claim = ?", (claim.encode(),))
            case SaveClaim(claim=claim, slot=slot):
                self._db.execute(
                    "INSERT OR REPLACE INTO claims VALUES (?,?,?)",
                    (claim.encode(), claim.block_hash, slot),
                )
            case SaveDecision(slot=slot, decision=decision, block_hash=block_hash):
                self._db.execute(
                    "INSERT OR IGNORE INTO decisions VALUES (?,?,?)", (slot, decision, block_hash)
                )
            case Forget(before_slot=slot):
                self._forget(slot)

    def _forget(self, before_slot: Slot) -> None:
        for table in ("blocks", "proofs", "decisions"):
            self._db.execute(f"DELETE FROM {table} WHERE slot < ?", (before_slot,))  # noqa: S608
        # A claim is worth keeping as long as its block is, or as long as its block may still come.
        self._db.execute(
            "DELETE FROM claims WHERE slot < ?"
            " AND block_hash NOT IN (SELECT block_hash FROM blocks)",
            (before_slot,),
        )


def _write_header(header: Header) -> str:
    values = {field.name: getattr(header, field.name) for field in fields(Header)}
    return json.dumps({k: v.hex() if isinstance(v, bytes) else v for k, v in values.items()})


def _script(first: str) -> str:
    """Make what is there the present version, in one transaction."""
    return f"BEGIN; {_TABLES_OF_2} {first} PRAGMA user_version={_VERSION}; COMMIT;"


def _read_header(text: str) -> Header:
    stored, kinds = json.loads(text), get_type_hints(Header)
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = stored[name]
        values[name] = kind(bytes.fromhex(value)) if issubclass(kind, bytes) else kind(value)
    return Header(**values)


def _read_block(row: tuple[Any, ...]) -> SavedBlock:
    content_id, slot, block_hash, transactions_root, header, status, parent, reason, valid = row
    return SavedBlock(
        content_id=Root(content_id),
        slot=Slot(slot),
        block_hash=BlockHash(block_hash),
        transactions_root=Root(transactions_root),
        header=_read_header(header),
        status=BlockStatus(status),
        parent=ParentVerdict(parent),
        reason=Reason(reason) if reason else None,
        was_valid=bool(valid),
    )


def _read_root(row: tuple[Any, ...]) -> ProvenRoot:
    root, proof_type, slot, arrived_at_ms, from_peer, verify_ms, digest = row
    return ProvenRoot(
        root=Root(root),
        proof_type=ProofType(proof_type),
        slot=Slot(slot),
        arrived_at_ms=arrived_at_ms,
        from_peer=PeerName(from_peer),
        verify_ms=verify_ms,
        digest=digest,
    )
