"""
Keep proofs as files under their SHA-256, so that verdicts can be reached again.

Bounded in bytes; what was kept longest ago goes first, and what was refused has half of the room
at most: anybody can send what is refused. A proof that is lost costs a replay.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Final

from zkattest.crypto.hashing import sha256
from zkattest.store.regular_file import open_regular
from zkattest.store.sqlite import StoreError
from zkattest.types.programs import Sha256

DEFAULT_MAX_BYTES: Final = 1 << 30
# More than any system takes: what is longer has another hash in any case.
_MAX_PROOF_BYTES: Final = 64 << 20
_UNFINISHED: Final = ".new"
_NAME: Final = re.compile("[0-9a-f]{64}")


class KeptProofs:
    """Keep proofs in a folder; every method blocks and may be called from any thread."""

    def __init__(
        self, folder: Path, max_bytes: int = DEFAULT_MAX_BYTES, *, is_durable: bool = False
    ) -> None:
        """
        Open the folder, or make it; raise `StoreError` where it cannot be used.

        Where it `is_durable`, a proof is on disk before `put` returns; otherwise a lost power line
        may leave less of the newest ones.
        """
        self.folder, self._max_bytes, self._is_durable = folder, max_bytes, is_durable
        self._mutex = threading.Lock()
        self._sizes: OrderedDict[Sha256, int] = OrderedDict()
        # Those of the last run count among the others: they are its oldest.
        self._refused: OrderedDict[Sha256, int] = OrderedDict()
        self._refused_bytes = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            found = sorted(self._scan(), key=lambda each: each[2])
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror or error}") from error
        for digest, size_bytes, _ in found:
            self._sizes[digest] = size_bytes
        self._total_bytes = sum(self._sizes.values())

    def put(self, proof: bytes, digest: Sha256, *, is_refused: bool = False) -> None:
        """Keep a proof, whose hash the caller knows; raise `StoreError`."""
        with self._mutex:
            if digest in self._sizes or len(proof) > self._max_bytes:
                return
            path = self.folder / digest.hex()
            written = path.with_suffix(_UNFINISHED)
            try:
                with written.open("wb") as file:
                    file.write(proof)
                    if self._is_durable:
                        file.flush()
                        os.fsync(file.fileno())
                written.replace(path)
                self._sizes[digest] = len(proof)
                if is_refused:
                    self._refused[digest] = len(proof)
                    self._refused_bytes += len(proof)
                self._total_bytes += len(proof)
                self._make_room()
            except OSError as error:
                # Half a proof would take the room that others need, and nobody would count it.
                with suppress(OSError):
                    written.unlink(missing_ok=True)
                raise StoreError(f"{path}: {error.strerror or error}") from error

    def get(self, digest: Sha256) -> bytes | None:
        """Return a proof, None where it is not kept, or is not what its name says any more."""
        proof = read_kept(self.folder, digest)
        return proof if proof is not None and sha256(proof) == bytes(digest) else None

    @property
    def size_bytes(self) -> int:
        """Say how many bytes of proofs are kept."""
        return self._total_bytes

    def _make_room(self) -> None:
        while self._total_bytes > self._max_bytes:
            has_half = self._refused_bytes > self._max_bytes // 2
            digest = next(iter(self._refused if has_half else self._sizes))
            self._refused_bytes -= self._refused.pop(digest, 0)
            self._total_bytes -= self._sizes.pop(digest)
            (self.folder / digest.hex()).unlink(missing_ok=True)

    def _scan(self) -> list[tuple[Sha256, int, int]]:
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(_UNFINISHED):
                    # What a crash left of a proof is counted by nobody.
                    Path(entry.path).unlink(missing_ok=True)
                elif _NAME.fullmatch(entry.name) and entry.is_file():
                    status = entry.stat()
                    digest = Sha256.from_hex("0x" + entry.name)
                    found.append((digest, status.st_size, status.st_mtime_ns))
        return found


def read_kept(folder: Path, digest: Sha256) -> bytes | None:
    """Return the file of a digest as it is, None where there is none."""
    try:
        with open_regular(folder / digest.hex()) as file:
            return file.read(_MAX_PROOF_BYTES + 1)
    except OSError:
        return None
