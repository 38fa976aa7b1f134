"""Write verdicts down, keep the proofs they are about, and give both back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from zkattest.spec.evidence import EvidenceRecord, Link, Outcome
from zkattest.store.evidence import EvidenceLog, FlushPolicy, log_files, read_file
from zkattest.store.kept_proofs import KeptProofs
from zkattest.store.sqlite import StoreError
from zkattest.telemetry import Observer
from zkattest.types.ids import ProofType, Root
from zkattest.types.programs import Sha256
from zkattest.types.verification import EvidenceId

if TYPE_CHECKING:
    # It brings all that a network needs, which who only reads a log does without.
    from zkattest.node.engine_settings import EvidenceSettings

PROOFS: Final = "proofs"
# Files of the log that are read at the start, for the verdicts that still matter.
_RECENT_FILES: Final = 2


@dataclass(slots=True)
class EvidenceDesk:
    """Hold the log and the kept proofs, where an operator wants them."""

    observer: Observer
    log: EvidenceLog | None = None
    kept: KeptProofs | None = None
    failure: str = ""
    """Why the last record could not be written; empty after one that could."""

    @classmethod
    def open(
        cls, settings: EvidenceSettings | None, observer: Observer, stack: ExitStack
    ) -> EvidenceDesk:
        """Open the log until the stack is left; raise `StoreError`. Blocks."""
        if settings is None:
            return cls(observer)
        log = EvidenceLog(settings.folder, settings.flush, settings.limits)
        stack.callback(log.close)
        if log.dropped_bytes:
            observer.event("evidence_torn", dropped_bytes=log.dropped_bytes)
        kept = None
        if settings.proof_bytes:
            is_durable = settings.flush is FlushPolicy.EACH
            folder, most_bytes = settings.folder / PROOFS, settings.proof_bytes
            kept = KeptProofs(folder, most_bytes, is_durable=is_durable)
        return cls(observer, log, kept)

    def recent(self) -> Iterator[tuple[EvidenceRecord, Link]]:
        """Yield the newest records, oldest first; raise `StoreError`. Blocks."""
        if self.log is not None:
            for path in log_files(self.log.folder)[-_RECENT_FILES:]:
                yield from read_file(path)

    async def write(self, record: EvidenceRecord, proof: bytes) -> EvidenceId | None:
        """Write a record and keep its proof; None where no log is kept, or writing fails."""
        log = self.log
        if log is None:
            return None
        try:
            evidence_id = await trio.to_thread.run_sync(self._write, log, record, proof)
        except StoreError as failure:
            # A verdict is worth telling all the same; an operator is told that it is not kept.
            self.failure = str(failure)
            self.observer.event("evidence_not_kept", detail=self.failure)
            return None
        self.failure = ""
        return evidence_id

    async def keep_flushing(self, flush_ms: int) -> None:
        """Force the log to disk now and then, until cancelled."""
        log = self.log
        while log is not None:
            await trio.sleep(flush_ms / 1000)
            try:
                await trio.to_thread.run_sync(log.flush)
            except StoreError as failure:
                self.failure = str(failure)
                self.observer.event("evidence_not_kept", detail=self.failure)

    def _write(self, log: EvidenceLog, record: EvidenceRecord, proof: bytes) -> EvidenceId:
        if self.kept is not None:
            # First the proof: a record without one says that it was not kept.
            self.kept.put(proof, record.proof, is_refused=record.outcome is not Outcome.VALID)
        return log.append(record)


@dataclass(slots=True)
class RecentProofs:
    """Hold valid proofs by what they prove: the newest in memory, others where they are kept."""

    max_bytes: int
    kept: KeptProofs | None = None
    digests: int = 4_096
    _proofs: OrderedDict[tuple[Root, ProofType], bytes] = field(default_factory=OrderedDict)
    _digests: OrderedDict[tuple[Root, ProofType], Sha256] = field(default_factory=OrderedDict)
    _size_bytes: int = 0

    def add(self, root: Root, proof_type: ProofType, proof: bytes, digest: Sha256) -> None:
        """Hold a proof; those held longest go."""
        self.note(root, proof_type, digest)
        key = (root, proof_type)
        self._size_bytes += len(proof) - len(self._proofs.pop(key, b""))
        self._proofs[key] = proof
        while self._size_bytes > self.max_bytes:
            _, dropped = self._proofs.popitem(last=False)
            self._size_bytes -= len(dropped)

    def note(self, root: Root, proof_type: ProofType, digest: Sha256) -> None:
        """Remember under which hash a proof may be kept."""
        self._digests[root, proof_type] = digest
        self._digests.move_to_end((root, proof_type))
        if len(self._digests) > self.digests:
            self._digests.popitem(last=False)

    def drop(self, root: Root, proof_type: ProofType) -> None:
        """Hand a proof out no longer."""
        self._digests.pop((root, proof_type), None)
        self._size_bytes -= len(self._proofs.pop((root, proof_type), b""))

    def drop_type(self, proof_type: ProofType) -> None:
        """Hand out no proof of a type any longer."""
        for root, kind in [*self._digests, *self._proofs]:
            if kind == proof_type:
                self.drop(root, kind)

    async def get(self, root: Root, proof_type: ProofType) -> bytes | None:
        """Return a proof, None where it is held nowhere."""
        held = self._proofs.get((root, proof_type))
        digest = self._digests.get((root, proof_type))
        if held is not None or self.kept is None or digest is None:
            return held
        return await trio.to_thread.run_sync(self.kept.get, digest)

    @property
    def size_bytes(self) -> int:
        """Say how many bytes of proofs are in memory."""
        return self._size_bytes


def proofs_folder(folder: Path) -> Path:
    """Name the folder of kept proofs beside a log."""
    return folder / PROOFS
