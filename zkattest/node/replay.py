"""Check an evidence log from end to end, and reach its verdicts again with the proofs kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from zkattest.crypto.hashing import sha256
from zkattest.node.engine_evidence import proofs_folder
from zkattest.node.engine_question import refused
from zkattest.spec.evidence import EvidenceRecord, Link, Outcome
from zkattest.spec.presets import SCHEMA_DELAYED_EXECUTION, SCHEMA_OPTIONAL_PROOFS_AMSTERDAM
from zkattest.spec.reasons import CannotVerify, InvalidProof, Reason
from zkattest.spec.statement_check import require_statement
from zkattest.store.evidence import read_log
from zkattest.store.kept_proofs import read_kept
from zkattest.types.errors import DecodeError
from zkattest.types.ids import ProgramVk
from zkattest.types.programs import ProofSystem
from zkattest.types.verification import Check
from zkattest.types.wire import PUBLIC_VALUES_BYTES, PublicValues
from zkattest.verify.proof import ProofVerifier

# Gives the verifier of a program; raises `CannotVerify` or `InvalidProof`.
FindVerifier = Callable[[ProofSystem, ProgramVk], ProofVerifier]
_SCHEMAS = (SCHEMA_DELAYED_EXECUTION, SCHEMA_OPTIONAL_PROOFS_AMSTERDAM)
# Refused from the question alone, without a look into the proof.
_BEFORE_THE_PROOF = (
    Reason.EMPTY_PROOF_DATA,
    Reason.PROOF_TOO_LARGE,
    Reason.SCHEMA_MISMATCH,
    Reason.CHAIN_ID_MISMATCH,
)


class ReplayOutcome(StrEnum):
    """Say what became of one record."""

    SAME = "same"
    DIFFERENT = "different"
    # The record says that nothing was found out: there is nothing to reach again.
    NO_VERDICT = "no_verdict"
    PROOF_NOT_KEPT = "proof_not_kept"
    PROOF_CHANGED = "proof_changed"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Replayed:
    """Hold a record, its place, and what a second look gave."""

    record: EvidenceRecord
    link: Link
    outcome: ReplayOutcome
    detail: str = ""

    @property
    def is_wrong(self) -> bool:
        """Tell whether the record and the second look cannot both hold."""
        return self.outcome in (ReplayOutcome.DIFFERENT, ReplayOutcome.PROOF_CHANGED)


def replay_log(folder: Path, find: FindVerifier | None) -> Iterator[Replayed]:
    """
    Yield every record of a log, verified again; without `find` only the chain is checked.

    Raises `ChainBroken` where the chain is broken, and `EvidenceError` where it cannot be read.
    """
    for record, link in read_log(folder):
        if find is None:
            yield Replayed(record, link, ReplayOutcome.NOT_CHECKED)
        else:
            outcome, detail = replay(record, proofs_folder(folder), find)
            yield Replayed(record, link, outcome, detail)


def replay(record: EvidenceRecord, proofs: Path, find: FindVerifier) -> tuple[ReplayOutcome, str]:
    """Verify the proof of one record again, and compare."""
    if record.outcome is Outcome.NOT_CHECKED:
        return ReplayOutcome.NO_VERDICT, ""
    if record.reason in _BEFORE_THE_PROOF:
        return ReplayOutcome.NO_VERDICT, "refused without a look into the proof"
    if record.system is None or record.program_vk is None:
        return ReplayOutcome.NO_VERDICT, "names no program"
    proof = read_kept(proofs, record.proof)
    if proof is None:
        return ReplayOutcome.PROOF_NOT_KEPT, ""
    if len(proof) < record.proof_bytes:
        # A lost power line leaves less of a proof; whoever wants to hide one removes it.
        return ReplayOutcome.PROOF_NOT_KEPT, f"{len(proof)} bytes are left of it"
    if sha256(proof) != bytes(record.proof):
        return ReplayOutcome.PROOF_CHANGED, "the kept file is not the proof"
    try:
        found = _verdict(find(record.system, record.program_vk), proof, record.expected)
    except CannotVerify as failure:
        return ReplayOutcome.NOT_CHECKED, str(failure)
    return _compare(record, found)


def _verdict(verifier: ProofVerifier, proof: bytes, expected: bytes | None) -> bytes | InvalidProof:
    """Return what a proof proves, or why it is refused; raises `CannotVerify`."""
    try:
        values = verifier.verify(proof, expected).public_values
        statement = _statement(expected)
        if statement is not None:
            require_statement(values, statement)
    except InvalidProof as refusal:
        return refusal
    return values


def _compare(record: EvidenceRecord, found: bytes | InvalidProof) -> tuple[ReplayOutcome, str]:
    if isinstance(found, InvalidProof):
        shown = refused(Check(), found)
        is_same = record.outcome is Outcome.INVALID and record.reason is found.reason
        return _same(is_same=is_same), "" if is_same else shown.detail
    is_same = record.outcome is Outcome.VALID and record.public_values in (None, found)
    return _same(is_same=is_same), "" if is_same else f"valid, and proves 0x{found.hex()}"


def _same(*, is_same: bool) -> ReplayOutcome:
    return ReplayOutcome.SAME if is_same else ReplayOutcome.DIFFERENT


def _statement(expected: bytes | None) -> PublicValues | None:
    """Read a statement about a block; other programs have other values."""
    if expected is None or len(expected) != PUBLIC_VALUES_BYTES:
        return None
    try:
        statement = PublicValues.decode(expected)
    except DecodeError:
        return None
    return statement if statement.schema_id in _SCHEMAS else None
