"""Name the proof systems and say what a verifier is and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from zkattest.types.ids import ProgramVk
from zkattest.types.programs import ProofSystem

__all__ = ["ProofSystem", "ProofVerifier", "VerifiedProof"]


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
