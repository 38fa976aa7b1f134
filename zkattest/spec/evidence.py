"""
Chain the records of verdicts by their hashes, and check such a chain.

A record is one line of JSON, written in exactly one way, which holds the hash of the record
before it. Whoever changes, drops or inserts a record has to change all that follow; whoever cuts
the end off is found out by the head, a note of the last record that is kept beside the log.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from zkattest.crypto.hashing import sha256
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import ProgramVk, ProofType, Root, Slot
from zkattest.types.json_text import parse_json
from zkattest.types.programs import EntryId, ProofSystem, Sha256
from zkattest.types.verification import EvidenceId

# Operands are bounded where refusals are made; public values are those of one program.
MAX_RECORD_BYTES: Final = 1 << 18
START: Final = EvidenceId(bytes(32))
_DOMAIN: Final = b"zkattest evidence v1\n"
_E = TypeVar("_E", bound=StrEnum)


class Outcome(StrEnum):
    """Name the three answers."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_CHECKED = "not_checked"


class Occasion(StrEnum):
    """Say who asked."""

    STATEMENT = "statement"
    PROGRAM = "program"
    ENVELOPE = "envelope"


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """
    Hold one verdict with all that is needed to reach it again, the proof itself aside.

    `public_values` are what a valid proof proves; `expected` what was asked for, None where that
    was whatever the proof carries. `envelope` is the hash of the signed message, `subject` what
    the proof is about. `software` is whose verifiers said it and in which version, which fixes all
    that they are made of; `verifier_version` the circuit that a valid proof was made for.
    """

    time_ms: int
    occasion: Occasion
    proof: Sha256
    proof_bytes: int
    system: ProofSystem | None
    program_vk: ProgramVk | None
    outcome: Outcome
    entry: EntryId | None = None
    proof_type: ProofType | None = None
    subject: Root | None = None
    slot: Slot | None = None
    envelope: Sha256 | None = None
    expected: bytes | None = None
    public_values: bytes | None = None
    verifier_version: str = ""
    software: str = ""
    reason: Reason | None = None
    cause: Cause | None = None
    detail: str = ""
    operands: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    elapsed_ms: float = 0.0


class ChainFault(StrEnum):
    """Say how a chain of records is broken."""

    MALFORMED_RECORD = "malformed_record"
    HASH_MISMATCH = "hash_mismatch"
    PREVIOUS_MISMATCH = "previous_mismatch"
    SEQUENCE_GAP = "sequence_gap"
    TORN_END = "torn_end"
    CUT_END = "cut_end"
    CUT_START = "cut_start"
    HEAD_MISMATCH = "head_mismatch"


class ChainBroken(Exception):
    """Say where a chain is broken, and how."""

    def __init__(self, fault: ChainFault, sequence: int, detail: str = "") -> None:
        """Keep the number of the record at which it shows."""
        super().__init__(f"{fault} at record {sequence}" + (f": {detail}" if detail else ""))
        self.fault = fault
        self.sequence = sequence
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Link:
    """Hold a record's place: its number, its hash, and the hash before."""

    sequence: int
    id: EvidenceId
    previous: EvidenceId


@dataclass(frozen=True, slots=True)
class ChainHead:
    """
    Note the last record that is known to be on disk, and the first that is still kept.

    Kept apart from the log; a copy at another place makes it a witness.
    """

    first: int
    last: Link | None

    def encode(self) -> bytes:
        """Write one line of JSON."""
        last = self.last
        link = [last.sequence, last.id.hex(), last.previous.hex()] if last else None
        return _dump({"first": self.first, "last": link}) + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> ChainHead:
        """Read what `encode` wrote; raises ValueError."""
        try:
            values = parse_json(data)
            link = values["last"]
            last = (
                None if link is None else Link(int(link[0]), _id(str(link[1])), _id(str(link[2])))
            )
            return cls(int(values["first"]), last)
        except (TypeError, KeyError, IndexError) as error:
            raise ValueError("not the head of a chain") from error


@dataclass(slots=True)
class EvidenceChain:
    """Follow a chain: write the next record, or check the next line."""

    last: Link | None = None
    first: int | None = None

    def append(self, record: EvidenceRecord) -> tuple[bytes, EvidenceId]:
        """Return the line of the next record, and its name."""
        sequence = self.last.sequence + 1 if self.last else 0
        previous = self.last.id if self.last else START
        body = {"sequence": sequence, "previous": previous.hex(), **_plain(record)}
        evidence_id = _hash(body)
        line = _dump({**body, "hash": evidence_id.hex()}) + b"\n"
        self._advance(Link(sequence, evidence_id, previous))
        return line, evidence_id

    def follow(self, line: bytes) -> tuple[EvidenceRecord, Link]:
        """
        Check the next line and return what it holds; raises `ChainBroken`.

        The first line may be any record: older ones may have been rotated away.
        """
        at = self.last.sequence + 1 if self.last else 0
        if not line.endswith(b"\n"):
            raise ChainBroken(ChainFault.TORN_END, at, f"{len(line)} bytes without an end")
        body, link = _open_line(line, at)
        if self.last is not None and link.sequence != at:
            raise ChainBroken(ChainFault.SEQUENCE_GAP, at, f"found {link.sequence}")
        expected = self.last.id if self.last else link.previous
        if link.previous != expected or (link.sequence == 0 and link.previous != START):
            raise ChainBroken(ChainFault.PREVIOUS_MISMATCH, link.sequence)
        record = _read(body, link.sequence)
        self._advance(link)
        return record, link

    def end(self, head: ChainHead | None) -> None:
        """Compare the end with a head; raises `ChainBroken` where records are missing."""
        if head is None:
            return
        if self.first is not None and self.first > head.first:
            raise ChainBroken(ChainFault.CUT_START, self.first, f"expected {head.first}")
        if head.last is None:
            return
        if self.last is None or self.last.sequence < head.last.sequence:
            at = self.last.sequence + 1 if self.last else 0
            detail = f"{head.last.sequence - at + 1} records are missing"
            raise ChainBroken(ChainFault.CUT_END, at, detail)

    def _advance(self, link: Link) -> None:
        self.last = link
        if self.first is None:
            self.first = link.sequence


def require_head(head: ChainHead | None, link: Link) -> None:
    """Compare a record with the head, where it is the one; raises `ChainBroken`."""
    if head and head.last and head.last.sequence == link.sequence and head.last != link:
        raise ChainBroken(ChainFault.HEAD_MISMATCH, link.sequence)


def _open_line(line: bytes, at: int) -> tuple[dict[str, Any], Link]:
    """Take a line apart; every byte of it is covered by its hash."""
    if len(line) > MAX_RECORD_BYTES:
        raise ChainBroken(ChainFault.MALFORMED_RECORD, at, "too long")
    try:
        body = parse_json(line)
        if not isinstance(body, dict) or _dump(body) + b"\n" != line:
            raise ChainBroken(ChainFault.MALFORMED_RECORD, at, "not as it is written")
        claimed = _id(body.pop("hash"))
        link = Link(int(body["sequence"]), claimed, _id(body["previous"]))
    except (ValueError, TypeError, KeyError) as error:
        raise ChainBroken(ChainFault.MALFORMED_RECORD, at, "not a record") from error
    if _hash(body) != claimed:
        raise ChainBroken(ChainFault.HASH_MISMATCH, link.sequence)
    return body, link


def _read(body: Mapping[str, Any], sequence: int) -> EvidenceRecord:
    try:
        return EvidenceRecord(
            time_ms=int(body["time_ms"]),
            occasion=Occasion(body["occasion"]),
            proof=Sha256.from_hex(body["proof"]),
            proof_bytes=int(body["proof_bytes"]),
            system=_member(ProofSystem, body["system"]),
            program_vk=_made(ProgramVk.from_hex, body["program_vk"]),
            outcome=Outcome(body["outcome"]),
            entry=_made(EntryId, body["entry"]),
            proof_type=_made(ProofType, body["proof_type"]),
            subject=_made(Root.from_hex, body["subject"]),
            slot=_made(Slot, body["slot"]),
            envelope=_made(Sha256.from_hex, body["envelope"]),
            expected=_made(_bytes, body["expected"]),
            public_values=_made(_bytes, body["public_values"]),
            verifier_version=str(body["verifier_version"]),
            software=str(body.get("software", "")),
            reason=_member(Reason, body["reason"]),
            cause=_member(Cause, body["cause"]),
            detail=str(body["detail"]),
            operands=dict(body["operands"]),
            elapsed_ms=float(body["elapsed_ms"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # Its hash is right: another version wrote it, or somebody who knows how.
        raise ChainBroken(ChainFault.MALFORMED_RECORD, sequence, str(error)) from error


def _plain(record: EvidenceRecord) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in record.__slots__:
        value = getattr(record, name)
        if isinstance(value, bytes):
            value = "0x" + value.hex()
        elif isinstance(value, Mapping):
            value = dict(value)
        elif isinstance(value, float):
            value = round(value, 3) if math.isfinite(value) else 0.0
        values[name] = value
    return values


def _made(make: Any, value: Any) -> Any:
    return None if value is None else make(value)


def _member(kind: type[_E], value: str | None) -> _E | None:
    return None if value is None else kind(value)


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError("expected 0x")
    return bytes.fromhex(text[2:])


def _id(text: str) -> EvidenceId:
    return EvidenceId(bytes.fromhex(text))


def _hash(body: Mapping[str, Any]) -> EvidenceId:
    return EvidenceId(sha256(_DOMAIN + _dump(body)))


def _dump(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
