"""Records of verdicts that nobody reached."""

from __future__ import annotations

from typing import Any

from zkattest.crypto.hashing import sha256
from zkattest.spec.evidence import EvidenceRecord, Occasion, Outcome
from zkattest.types.ids import ProgramVk, ProofType, Root, Slot
from zkattest.types.programs import EntryId, ProofSystem, Sha256


def make_record(number: int, **fields: Any) -> EvidenceRecord:
    proof = b"proof %d" % number
    values: dict[str, Any] = {
        "time_ms": number,
        "occasion": Occasion.STATEMENT,
        "proof": Sha256(sha256(proof)),
        "proof_bytes": len(proof),
        "system": ProofSystem.SP1,
        "program_vk": ProgramVk(bytes(32)),
        "outcome": Outcome.VALID,
        "entry": EntryId("ours"),
        "proof_type": ProofType(1),
        "subject": Root(number.to_bytes(32, "big")),
        "slot": Slot(number),
        "public_values": b"values",
        "elapsed_ms": 1.25,
    }
    return EvidenceRecord(**{**values, **fields})
