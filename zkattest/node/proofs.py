"""Perform `VerifyProof`: find the program of a proof type, and ask the verifiers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from zkattest.machines.events import VerifyProof
from zkattest.spec.answers import Fault, ProofOutcome, ProofValid, Refused
from zkattest.spec.reasons import CannotVerify, InvalidProof
from zkattest.telemetry import Measure, NullObserver, Observer
from zkattest.types.ids import ProgramVk, ProofType
from zkattest.verify.pool import VerifierPool
from zkattest.verify.proof import ProofSystem, VerifiedProof
from zkattest.verify.registry import Registry


class TrustsPrograms(Protocol):
    """What names the programs of its proof types: a network's profile, or a section."""

    @property
    def proof_types(self) -> Mapping[ProofType, tuple[ProofSystem, ProgramVk]]:
        """Return the program of each type."""


class ProofVerifiers:
    """Answer `VerifyProof` with the real verifiers of a network's proof types."""

    def __init__(
        self,
        profile: TrustsPrograms,
        *,
        threads: int | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Trust exactly the programs that the profile names."""
        self._programs = dict(profile.proof_types)
        self._observer = observer or NullObserver()
        self.pool = VerifierPool(Registry(self._programs.values()), threads=threads)

    async def verify_proof(self, work: VerifyProof) -> tuple[ProofOutcome, float]:
        """Verify a proof against the public values that it carries; say how many ms it took."""
        system, program_vk = self._programs[work.proof_type]
        started = time.perf_counter()
        answer = await self.pool.answer(system, program_vk, work.proof)
        elapsed_ms = (time.perf_counter() - started) * 1000
        if isinstance(answer, VerifiedProof):
            # What the verifier measured: waiting for a thread is not work.
            elapsed_ms = answer.decode_ms + answer.verify_ms
        self._observer.observe_ms(Measure.PROOF_VERIFY_MS, elapsed_ms, system.value)
        match answer:
            case InvalidProof():
                return Refused(answer.reason, str(answer)), elapsed_ms
            case CannotVerify():
                return Fault(answer.cause, answer.detail), elapsed_ms
            case VerifiedProof():
                return ProofValid(answer.public_values), elapsed_ms
