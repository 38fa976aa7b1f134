"""Verify compressed proofs of SP1."""

from __future__ import annotations

from typing import Final

from zkattest import _core
from zkattest.types.ids import ProgramVk
from zkattest.verify.answers import core_answers
from zkattest.verify.proof import ProofSystem, VerifiedProof

_NS_PER_MS: Final = 1_000_000


class Sp1Verifier:
    """Verify SP1 compressed proofs (`ProofFromNetwork` in bincode) of one program."""

    max_proof_bytes: Final = _core.SP1_MAX_PROOF_BYTES

    def __init__(self, program_vk: ProgramVk) -> None:
        """Bind to a program; a key that no program can have is `InvalidProof`."""
        self.program_vk = program_vk
        with core_answers():
            self._core = _core.Sp1Verifier(program_vk)

    def verify(self, proof: bytes, public_values: bytes | None = None) -> VerifiedProof:
        """Return what the proof proves; about 35 ms of one core, the GIL released."""
        with core_answers():
            proven, decode_ns, verify_ns = self._core.verify(proof, public_values)
        return VerifiedProof(
            system=ProofSystem.SP1,
            program_vk=self.program_vk,
            circuit_version=_core.SP1_CIRCUIT_VERSION,
            public_values=proven,
            decode_ms=decode_ns / _NS_PER_MS,
            verify_ms=verify_ns / _NS_PER_MS,
        )
