"""Name the proof systems and say what a verifier is and answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from zkattest.types.ids import ProgramVk


class ProofSystem(StrEnum):
    """Name a zkVM together with the kind of proof that is verified."""

    SP1 = "sp1"


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """Say what was proven: this program committed to these public values."""

    system: ProofSystem
    program_vk: ProgramVk
    circuit_version: str
    public_values: bytes
    decode_ms: float
    verify_ms: float


class ProofVerifier(Protocol):
    """Verify proofs of one program."""

    @property
    def max_proof_bytes(self) -> int:
        """Return how long a proof may be; nothing longer is decoded."""
        ...

    def verify(self, proof: bytes, public_values: bytes | None = None) -> VerifiedProof:
        """
        Return what the proof proves.

        With `public_values`, the proof must commit to them; without, to those it carries.
        Raises `InvalidProof` or `CannotVerify`.
        """
        ...
