"""
Keep trie nodes and codes of accounts that proven blocks have read: a partial local state.

One SQLite file of preimages under their Keccak hashes, bounded in bytes; what was used longest ago
leaves first. It is a cache: what is lost can be had again, so commits are ordered but not flushed
one by one. A killed process loses nothing that was committed; a lost power line may lose the last
commits and breaks nothing.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from zkattest.crypto.hashing import keccak256
from zkattest.spec.state_reader import Found, StateQuery
from zkattest.spec.trie_walk import Preimages, walk
from zkattest.store.sqlite import StoreError
from zkattest.types.errors import SourceExhausted, SourceUnavailable
from zkattest.types.execution import MAX_CODE_BYTES

DEFAULT_MAX_BYTES: Final = 1 << 28
_APPLICATION_ID: Final = 0x7A6B5354
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE preimages (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL, last_used INTEGER NOT NULL);
CREATE INDEX by_use ON preimages (last_used);
CREATE TABLE totals (uses INTEGER NOT NULL, size_bytes INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0);
"""
# One search reads at most this many rows: a second or so, however many senders a block has.
_MAX_LOOKUPS: Final = 200_000
# Hashes whose use is written with the next commit.
_MAX_TOUCHED: Final = 100_000


class StateStoreError(StoreError):
    """Say why a state store's file cannot be used."""


@dataclass(frozen=True, slots=True)
class StateStatus:
    """Say what a state store holds: preimages, their bytes, and commits so far."""

    preimages: int
    size_bytes: int
    commits: int


class TrieNodeStore:
    """Keep preimages in one file, behind `NodeSource`."""

    def __init__(
        self,
        path: Path,
        max_bytes: int = DEFAULT_MAX_BYTES,
        *,
        create: bool = True,
        max_lookups: int = _MAX_LOOKUPS,
    ) -> None:
        """
        Open the file, or make it.

        `max_bytes` bounds the preimages; the file takes up to about 1.4 times as much. Raises
        `StateStoreError` when the file is no state store, or is missing and not to be made.
        """
        if not create and not path.is_file():
            raise StateStoreError(f"{path}: no such file")
        self.path = path
        self.max_bytes = max_bytes
        self._max_lookups = max_lookups
        self._lock = threading.Lock()
        self._touched: dict[bytes, None] = {}
        with self._named_errors():
            # Threads take turns under the lock; SQLite's own check knows only the first one.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._prepare()

    def find(self, query: StateQuery) -> Found:
        """Bring what is held of the ways to some accounts; a damaged row counts as missing."""
        search = _Search(self._db, query, self._max_lookups)
        with self._lock:
            try:
                search.run()
            except sqlite3.Error as error:
                return search.found(SourceUnavailable(f"state store: {error}"))
            self._touch(search.hashes())
        if search.lookups_left < 0:
            return search.found(SourceExhausted(f"state store: {self._max_lookups} look-ups"))
        return search.found(None)

    def save(self, preimages: Preimages) -> None:
        """
        Take preimages in, and let go what was used longest ago, in one transaction.

        Raises `StateStoreError` when the file cannot be written; then nothing has changed.
        """
        with self._lock, self._named_errors(), self._transaction():
            uses, size_bytes = self._db.execute("SELECT uses, size_bytes FROM totals").fetchone()
            uses += 1
            self._write_uses(uses)
            for key, data in chain(preimages.nodes.items(), preimages.codes.items()):
                size_bytes += self._put(key, data, uses)
            size_bytes = self._evict(size_bytes)
            self._db.execute("UPDATE totals SET uses = ?, size_bytes = ?", (uses, size_bytes))
        self._touched.clear()

    def held(self, preimages: Preimages) -> Preimages:
        """Give those that the store holds; raises `StateStoreError` when it cannot be read."""
        query = "SELECT 1 FROM preimages WHERE hash = ?"
        with self._lock, self._named_errors():
            here = {
                key
                for key in chain(preimages.nodes, preimages.codes)
                if self._db.execute(query, (key,)).fetchone()
            }
        return Preimages(
            {key: node for key, node in preimages.nodes.items() if key in here},
            {key: code for key, code in preimages.codes.items() if key in here},
        )

    def status(self) -> StateStatus:
        """Say what is held; raises `StateStoreError` when the file cannot be read."""
        with self._lock, self._named_errors():
            (count,) = self._db.execute("SELECT count(*) FROM preimages").fetchone()
            uses, size_bytes = self._db.execute("SELECT uses, size_bytes FROM totals").fetchone()
        return StateStatus(preimages=count, size_bytes=size_bytes, commits=uses)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # --- Opening ------------------------------------------------------------------------------

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if (version, application, tables) == (0, 0, 0):
            # The kind of the file is written with its tables, or not at all.
            self._db.executescript(
                f"PRAGMA journal_mode=WAL; BEGIN IMMEDIATE; {_SCHEMA}"
                f"PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={_VERSION}; COMMIT;"
            )
        elif application != _APPLICATION_ID:
            raise StateStoreError(f"{self.path}: not a state store")
        elif version != _VERSION:
            raise StateStoreError(f"{self.path}: version {version}, expected {_VERSION}")
        self._db.execute("PRAGMA synchronous=NORMAL")

    # --- Writing ------------------------------------------------------------------------------

    def _put(self, key: bytes, data: bytes, uses: int) -> int:
        """Write one preimage, over a damaged one too; return by how many bytes the store grew."""
        row = self._db.execute(
            "SELECT length(bytes) FROM preimages WHERE hash = ?", (key,)
        ).fetchone()
        self._db.execute(
            "INSERT INTO preimages VALUES (?, ?, ?) ON CONFLICT (hash)"
            " DO UPDATE SET bytes = excluded.bytes, last_used = excluded.last_used",
            (key, data, uses),
        )
        return len(data) - (row[0] if row else 0)

    def _evict(self, size_bytes: int) -> int:
        """Delete what was used longest ago until the rest fits; return what is left, in bytes."""
        if size_bytes <= self.max_bytes:
            return size_bytes
        oldest = self._db.execute(
            "SELECT hash, length(bytes) FROM preimages ORDER BY last_used, rowid"
        )
        leaving = []
        for key, length in oldest:
            leaving.append((key,))
            size_bytes -= length
            if size_bytes <= self.max_bytes:
                break
        oldest.close()
        self._db.executemany("DELETE FROM preimages WHERE hash = ?", leaving)
        return size_bytes

    def _write_uses(self, uses: int) -> None:
        touched = ((uses, key) for key in self._touched)
        self._db.executemany("UPDATE preimages SET last_used = ? WHERE hash = ?", touched)

    def _touch(self, hashes: Iterable[bytes]) -> None:
        for key in hashes:
            if len(self._touched) < _MAX_TOUCHED:
                self._touched[key] = None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StateStoreError(f"{self.path}: {error}") from error


class _Search:
    """Follow the ways to some accounts over what is known and what the file holds."""

    def __init__(self, db: sqlite3.Connection, query: StateQuery, lookups: int) -> None:
        self.lookups_left = lookups
        self._db = db
        self._query = query
        self._read: dict[bytes, bytes | None] = {}
        self._brought = Preimages()

    def run(self) -> None:
        for address in self._query.addresses:
            path = walk(self._query.state_root, address, self._node_of)
            if path.code_hash is not None and path.code_hash not in self._query.known.codes:
                code = self._look_up(path.code_hash)
                if code is not None:
                    self._brought.codes[path.code_hash] = code

    def hashes(self) -> Iterator[bytes]:
        return chain(self._brought.nodes, self._brought.codes)

    def found(self, failure: SourceUnavailable | SourceExhausted | None) -> Found:
        brought = self._brought
        return Found(tuple(brought.nodes.values()), tuple(brought.codes.values()), failure)

    def _node_of(self, key: bytes) -> bytes | None:
        known = self._query.known.nodes.get(key)
        if known is not None:
            return known
        node = self._look_up(key)
        if node is not None:
            self._brought.nodes[key] = node
        return node

    def _look_up(self, key: bytes) -> bytes | None:
        if key in self._read:
            return self._read[key]
        self.lookups_left -= 1
        if self.lookups_left < 0:
            return None
        row = self._db.execute(
            "SELECT bytes FROM preimages WHERE hash = ? AND length(bytes) <= ?",
            (key, MAX_CODE_BYTES),
        ).fetchone()
        # Disks forget: what does not have its hash any more is not there.
        data = row[0] if row and isinstance(row[0], bytes) and keccak256(row[0]) == key else None
        self._read[key] = data
        return data
