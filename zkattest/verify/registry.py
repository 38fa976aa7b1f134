"""Keep the verifiers that this process trusts, by proof system and program key."""

from __future__ import annotations

from collections.abc import Iterable

from zkattest.spec.reasons import CannotVerify, Cause
from zkattest.types.ids import ProgramVk
from zkattest.verify.builtin import NAMED_ONLY, BuiltInVerifier
from zkattest.verify.proof import ProofSystem, ProofVerifier, VerifiedProof


def _open(
    system: ProofSystem, program_vk: ProgramVk, verifier_key: bytes | None
) -> BuiltInVerifier:
    if system in NAMED_ONLY:
        raise CannotVerify(Cause.UNSUPPORTED_PROOF_SYSTEM, f"{system}: no verifier can be had")
    return BuiltInVerifier(system, program_vk, verifier_key)


class Registry:
    """Find the verifier of a program; a program that was not added is never verified."""

    def __init__(self, programs: Iterable[tuple[ProofSystem, ProgramVk]] = ()) -> None:
        """Build a verifier for each program; a key that is none raises `InvalidProof`."""
        self._verifiers: dict[tuple[ProofSystem, ProgramVk], BuiltInVerifier] = {}
        self._verifier_keys: dict[tuple[ProofSystem, ProgramVk], bytes | None] = {}
        for system, program_vk in programs:
            self.add(system, program_vk)

    def add(
        self, system: ProofSystem, program_vk: ProgramVk, verifier_key: bytes | None = None
    ) -> BuiltInVerifier:
        """
        Trust a program, and return its verifier; raise `InvalidProof` or `CannotVerify`.

        A program that is there with another verifier key is verified with the new one from now on.
        """
        key = (system, program_vk)
        if key not in self._verifiers or self._verifier_keys.get(key) != verifier_key:
            self._verifiers[key] = _open(system, program_vk, verifier_key)
            self._verifier_keys[key] = verifier_key
        return self._verifiers[key]

    def verifier_key(self, system: ProofSystem, program_vk: ProgramVk) -> bytes | None:
        """Return the verifier key that a program was added with."""
        return self._verifier_keys.get((system, program_vk))

    def verifier(self, system: ProofSystem, program_vk: ProgramVk) -> ProofVerifier:
        """Return the verifier of a program, or raise `CannotVerify`."""
        found = self._verifiers.get((system, program_vk))
        if found is None:
            raise CannotVerify(Cause.UNKNOWN_PROGRAM_VK, f"{system} program {program_vk}")
        return found

    def verify(
        self,
        system: ProofSystem,
        program_vk: ProgramVk,
        proof: bytes,
        public_values: bytes | None = None,
    ) -> VerifiedProof:
        """Return what the proof proves; raise `InvalidProof` or `CannotVerify`."""
        return self.verifier(system, program_vk).verify(proof, public_values)

    @property
    def programs(self) -> tuple[tuple[ProofSystem, ProgramVk], ...]:
        """Return the programs that are trusted, in the order they were added."""
        return tuple(self._verifiers)
