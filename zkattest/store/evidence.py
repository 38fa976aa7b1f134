"""
Keep the evidence log: lines of JSON in files that are only appended to.

A folder holds `log-00000000.jsonl` and so on, numbered by the first record in each; `head.json`,
which says up to where the log is known to be on disk; and a lock, for there is one writer. A
record that a crash has cut short is dropped when the log is opened; a complete one that does not
fit is tampering, and nothing is appended behind it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from io import FileIO
from pathlib import Path
from typing import Final

from zkattest.spec.evidence import (
    MAX_RECORD_BYTES,
    ChainBroken,
    ChainFault,
    ChainHead,
    EvidenceChain,
    EvidenceRecord,
    Link,
    require_head,
)
from zkattest.store.regular_file import open_regular
from zkattest.store.sqlite import StoreError
from zkattest.types.verification import EvidenceId

_HEAD: Final = "head.json"
_LOCK: Final = "lock"
_MAX_HEAD_BYTES: Final = 1 << 10
_FILES: Final = "log-*.jsonl"


class FlushPolicy(StrEnum):
    """Say when records are forced to disk; a killed process loses nothing under any of them."""

    # Before the verdict is told: a lost power line loses nothing that was answered.
    EACH = "each"
    # When `flush` is called, every second or so.
    INTERVAL = "interval"
    # When files are changed, and at the end.
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """Bound the log; beyond `max_files` the oldest file goes, and the head says so."""

    max_file_bytes: int = 64 << 20
    max_files: int = 64


class EvidenceError(StoreError):
    """Say why an evidence log cannot be used."""


class EvidenceLog:
    """Append records; every method blocks and may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        flush_policy: FlushPolicy = FlushPolicy.INTERVAL,
        limits: EvidenceLimits | None = None,
    ) -> None:
        """
        Open the log, or begin one; the newest file and the head are checked.

        `dropped_bytes` says how much of a torn last record was dropped. Raises `EvidenceError`
        where another process writes, the chain is broken, or the folder cannot be used.
        """
        self.folder, self._policy = folder, flush_policy
        self._limits = limits or EvidenceLimits()
        self._mutex = threading.Lock()
        self._chain = EvidenceChain()
        self.dropped_bytes = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / _LOCK).open("wb")
            try:
                self._take_lock()
                self._open()
            except BaseException:
                self._lock.close()
                raise
        except OSError as error:
            raise EvidenceError(f"{folder}: {error.strerror or error}") from error
        except ChainBroken as error:
            raise EvidenceError(f"{folder}: {error}; move it away to begin anew") from error

    @property
    def last(self) -> Link | None:
        """Return the place of the last record."""
        return self._chain.last

    @property
    def records(self) -> int:
        """Count the records since the beginning, those rotated away included."""
        return self._chain.last.sequence + 1 if self._chain.last else 0

    def append(self, record: EvidenceRecord) -> EvidenceId:
        """Write a record and return its name; raise `EvidenceError`."""
        with self._mutex:
            if self._file.closed:
                raise EvidenceError(f"{self.folder}: closed")
            try:
                if self._size_bytes >= self._limits.max_file_bytes:
                    self._rotate()
            except OSError as error:
                # Nothing was written of the record, so nothing is cut back.
                raise self._failure(error) from error
            chain = EvidenceChain(self._chain.last, self._chain.first)
            size_bytes = self._size_bytes
            try:
                line, evidence_id = self._chain.append(record)
                self._write(line)
            except OSError as error:
                # What was written of the line is dropped, or would tear the chain.
                self._chain = chain
                self._cut_back(size_bytes)
                raise self._failure(error) from error
            return evidence_id

    def flush(self) -> None:
        """Force what was written to disk, and move the head on; raise `EvidenceError`."""
        with self._mutex:
            try:
                if self._is_dirty and not self._file.closed:
                    self._flush()
            except OSError as error:
                raise self._failure(error) from error

    def close(self) -> None:
        """Flush, and let another process write."""
        try:
            self.flush()
        finally:
            self._file.close()
            self._lock.close()

    # --- Opening ------------------------------------------------------------------------------

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EvidenceError(f"{self.folder}: another process writes to it") from error

    def _open(self) -> None:
        files, head = log_files(self.folder), read_head(self.folder)
        self._is_dirty = False
        if not files:
            if head is not None and head.last is not None:
                raise ChainBroken(ChainFault.CUT_END, head.first, "no file is left")
            self._file = self._new_file(0)
            self._size_bytes = 0
            return
        self._first_kept = _first_of(files[0])
        newest = files[-1]
        self._drop_torn_end(newest)
        for _, link in follow_file(newest, self._chain):
            require_head(head, link)
        if self._chain.last is None and len(files) > 1:
            # A crash came between a new file and its first record.
            for _, link in follow_file(files[-2], self._chain):
                require_head(head, link)
        if self._chain.last is not None and self._first_kept > self._chain.last.sequence:
            raise ChainBroken(ChainFault.MALFORMED_RECORD, self._first_kept, "misnamed file")
        self._chain.first = self._first_kept
        self._chain.end(head)
        self._file = newest.open("ab", buffering=0)
        self._size_bytes = newest.stat().st_size

    def _drop_torn_end(self, path: Path) -> None:
        """Cut off what stands behind the last complete line: nobody was told of it."""
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - MAX_RECORD_BYTES)
            file.seek(start)
            tail = file.read()
            keep = start + tail.rfind(b"\n") + 1
            if keep < size and (start == 0 or b"\n" in tail):
                self.dropped_bytes = size - keep
                file.truncate(keep)

    # --- Writing ------------------------------------------------------------------------------

    def _failure(self, error: OSError) -> EvidenceError:
        return EvidenceError(f"{self.folder}: {error.strerror or error}")

    def _write(self, line: bytes) -> None:
        if len(line) > MAX_RECORD_BYTES:
            raise OSError(f"a record of {len(line)} bytes, expected {MAX_RECORD_BYTES}")
        left = memoryview(line)
        while left:
            left = left[self._file.write(left) :]
        self._size_bytes += len(line)
        self._is_dirty = True
        if self._policy is FlushPolicy.EACH:
            self._flush()

    def _cut_back(self, size_bytes: int) -> None:
        try:
            self._file.truncate(size_bytes)
            self._size_bytes = size_bytes
        except (OSError, ValueError):
            # The torn end is dropped when the log is opened again; until then it is closed.
            with suppress(OSError):
                self._file.close()

    def _flush(self) -> None:
        os.fsync(self._file.fileno())
        self._write_head()
        self._is_dirty = False

    def _write_head(self) -> None:
        head = ChainHead(self._first_kept, self._chain.last)
        written = self.folder / f"{_HEAD}.new"
        with written.open("wb") as file:
            file.write(head.encode())
            file.flush()
            os.fsync(file.fileno())
        written.replace(self.folder / _HEAD)

    def _rotate(self) -> None:
        """Begin a new file, and drop the oldest beyond the limit."""
        self._flush()
        # The old file stays in use where no new one can be made.
        file = self._new_file(self.records)
        self._file.close()
        self._file, self._size_bytes = file, 0
        files = log_files(self.folder)
        surplus = files[: max(0, len(files) - self._limits.max_files)]
        if surplus:
            # The head says first what is kept: a crash in between leaves a file too many.
            self._first_kept = _first_of(files[len(surplus)])
            self._write_head()
        for path in surplus:
            path.unlink()

    def _new_file(self, first: int) -> FileIO:
        if first == 0:
            self._first_kept = 0
        # Unbuffered: what a full disk did not take must not be written later.
        file = (self.folder / f"log-{first:08}.jsonl").open("ab", buffering=0)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return file


def log_files(folder: Path) -> list[Path]:
    """List the files of a log, oldest first; raise `EvidenceError` for a name that is none."""
    return sorted(folder.glob(_FILES), key=_first_of)


def read_head(folder: Path) -> ChainHead | None:
    """Read the head, None where there is none; raise `EvidenceError` for one that is damaged."""
    path = folder / _HEAD
    try:
        with open_regular(path) as file:
            return ChainHead.decode(file.read(_MAX_HEAD_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path}: {error}") from error


def follow_file(path: Path, chain: EvidenceChain) -> Iterator[tuple[EvidenceRecord, Link]]:
    """Yield the records of a file and check them; raises `ChainBroken`."""
    with open_regular(path) as file:
        while line := file.readline(MAX_RECORD_BYTES + 1):
            yield chain.follow(line)


def read_file(path: Path) -> Iterator[tuple[EvidenceRecord, Link]]:
    """Yield the records of one file by itself; raise `EvidenceError`."""
    try:
        yield from follow_file(path, EvidenceChain())
    except (OSError, ChainBroken) as error:
        raise EvidenceError(f"{path}: {error}") from error


def read_log(folder: Path) -> Iterator[tuple[EvidenceRecord, Link]]:
    """
    Yield all records of a log, oldest first, and check the whole chain against the head.

    Raises `ChainBroken`, and `EvidenceError` for a folder that cannot be read. Nothing is changed,
    so a log that is being written to may be read.
    """
    head, chain = read_head(folder), EvidenceChain()
    files = log_files(folder)
    if not files:
        raise EvidenceError(f"{folder}: no log is there")
    for path in files:
        try:
            for record, link in follow_file(path, chain):
                require_head(head, link)
                yield record, link
        except OSError as error:
            raise EvidenceError(f"{path}: {error.strerror or error}") from error
    chain.end(head)


def _first_of(path: Path) -> int:
    digits = path.name.removeprefix("log-").removesuffix(".jsonl")
    if not digits.isascii() or not digits.isdecimal():
        raise EvidenceError(f"{path}: not a file of a log")
    return int(digits)
