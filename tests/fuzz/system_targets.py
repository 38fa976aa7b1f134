"""Proofs of every built-in system, and keys of circuits: three answers, and no panic below."""

from collections.abc import Callable
from typing import Final

from tests.helpers.proofs import GOLDEN_PROOFS
from zkattest.crypto.hashing import sha256
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.types.ids import ProgramVk
from zkattest.verify.builtin import BuiltInVerifier
from zkattest.verify.proof import ProofSystem

VERIFIERS: Final = [
    (golden, BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key))
    for golden in GOLDEN_PROOFS.values()
]
KEYED: Final = (ProofSystem.GROTH16_BN254, ProofSystem.SP1_GROTH16, ProofSystem.SP1_PLONK)


def fuzz_system_proof(data: bytes) -> None:
    """Verify bytes as a proof of the system that the first byte chooses."""
    if data:
        golden, verifier = VERIFIERS[data[0] % len(VERIFIERS)]

        def verify() -> None:
            verified = verifier.verify(data[1:], golden.public_values)
            assert verified.public_values == golden.public_values

        answered(verify)


def fuzz_verifier_key(data: bytes) -> None:
    """Open a verifier with bytes as its key, for the system that the first byte chooses."""
    if data:
        system, key = KEYED[data[0] % len(KEYED)], data[1:]
        program = ProgramVk(sha256(key) if system is KEYED[0] else bytes(32))

        def open_one() -> None:
            assert BuiltInVerifier(system, program, key).circuit_version

        answered(open_one)


def answered(work: Callable[[], None]) -> None:
    """Take any of the three answers; a panic that was contained is none."""
    try:
        work()
    except InvalidProof as refusal:
        assert str(refusal)
    except CannotVerify as failure:
        assert failure.cause is not Cause.BACKEND_PANIC
