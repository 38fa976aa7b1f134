"""Verify proofs of every built-in system: one class over the extension's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from zkattest import _core
from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.types.ids import ProgramVk
from zkattest.verify.answers import core_answers
from zkattest.verify.proof import ProofSystem, VerifiedProof

_NS_PER_MS: Final = 1_000_000

# Proofs of these are decoded and named, and never verified: no verifier can be had.
NAMED_ONLY: Final = frozenset({ProofSystem.OPENVM})
# A verifier key is the circuit itself, or adds one to those that are known.
TAKES_VERIFIER_KEY: Final = frozenset(
    {ProofSystem.SP1_GROTH16, ProofSystem.SP1_PLONK, ProofSystem.GROTH16_BN254}
)


# The library behind these verifies in threads of its own, one pool for a process.
_THREADED: Final = frozenset({ProofSystem.SP1})


@dataclass(slots=True)
class ThreadsOfAProcess:
    """
    Tell a process whether the threads of its verifiers are its own.

    A process that is forked has none of its parent's threads: it would wait for them for ever.
    """

    owner_pid: int | None = None

    def require(self, pid: int) -> None:
        """Note who verifies first; raise `CannotVerify` in a process that was forked from it."""
        if self.owner_pid is None:
            self.owner_pid = pid
        if self.owner_pid != pid:
            raise CannotVerify(Cause.BACKEND_UNAVAILABLE, _FORKED)


_FORKED: Final = (
    "this process was forked from one that had verified, and lacks its threads; "
    "start it anew (multiprocessing: spawn)"
)
_THREADS: Final = ThreadsOfAProcess()


class BuiltInVerifier:
    """Verify proofs of one program; from any thread, the GIL released."""

    def __init__(
        self, system: ProofSystem, program_vk: ProgramVk, verifier_key: bytes | None = None
    ) -> None:
        """
        Bind to a program, and prepare its keys.

        The program of a generic Groth16 circuit is the SHA-256 of its `verifier_key`. Raises
        `InvalidProof` for a key that is none, `CannotVerify` where one is missing.
        """
        self.system = system
        self.program_vk = program_vk
        with core_answers():
            self._core = _core.ProofVerifier(system, program_vk, verifier_key)

    @property
    def max_proof_bytes(self) -> int:
        """Return how long a proof may be; nothing longer is decoded."""
        return self._core.max_proof_bytes

    @property
    def circuit_version(self) -> str:
        """Return the versions of the circuit that proofs are checked against."""
        return self._core.circuit_version

    def verify(self, proof: bytes, public_values: bytes | None = None) -> VerifiedProof:
        """
        Return what the proof proves.

        With `public_values`, the proof must commit to them; without, to those it carries.
        Raises `InvalidProof` or `CannotVerify`.
        """
        if self.system in _THREADED:
            _THREADS.require(os.getpid())
        with core_answers():
            proven, decode_ns, verify_ns, version = self._core.verify(proof, public_values)
        return VerifiedProof(
            system=self.system,
            program_vk=self.program_vk,
            circuit_version=version,
            public_values=proven,
            decode_ms=decode_ns / _NS_PER_MS,
            verify_ms=verify_ns / _NS_PER_MS,
        )
