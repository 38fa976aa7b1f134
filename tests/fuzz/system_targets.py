"""Proofs of every built-in system, and keys of circuits: three answers, and no panic below."""

import struct
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
# An input that changes a long proof begins with a place, and whether what follows it there stays.
CHANGE_HEAD: Final = struct.Struct("<IB")
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


# What the inputs of the Rust targets mean here: the golden proof that each is held against.
WRAPPED: Final = ("sp1-groth16-bundle", "sp1-groth16", "sp1-plonk")


def replay_sp1_proof(data: bytes) -> None:
    """Verify SP1's golden proof after it was changed."""
    replay_changed("sp1", data)


def replay_zisk_proof(data: bytes) -> None:
    """Verify ZisK's golden proof after it was changed."""
    replay_changed("zisk", data)


def replay_changed(name: str, data: bytes) -> None:
    """Verify a golden proof after something was written into it, or behind a part of it."""
    if len(data) >= CHANGE_HEAD.size:
        place, follows = CHANGE_HEAD.unpack_from(data)
        proof, written = GOLDEN_PROOFS[name].proof, data[CHANGE_HEAD.size :]
        place %= len(proof) + 1
        tail = proof[place + len(written) :] if follows % 2 else b""
        verify_golden(name, proof[:place] + written + tail)


def replay_risc0_seal(data: bytes) -> None:
    """Verify bytes as the seal of the golden receipt."""
    verify_golden("risc0-groth16", data)


def replay_sp1_wrapped(data: bytes) -> None:
    """Verify bytes as one of the golden wrapped proofs, which the first byte chooses."""
    if data:
        verify_golden(WRAPPED[data[0] % len(WRAPPED)], data[1:])


def replay_openvm_proof(data: bytes) -> None:
    """Name bytes as an OpenVM proof; none of them is ever valid."""
    verifier = BuiltInVerifier(ProofSystem.OPENVM, ProgramVk(bytes(32)))

    def verify() -> None:
        verifier.verify(data)
        raise AssertionError("an OpenVM proof was verified")

    answered(verify)


def verify_golden(name: str, proof: bytes) -> None:
    """Verify bytes in the place of a golden proof; what is valid proves the golden values."""
    golden = GOLDEN_PROOFS[name]
    verifier = BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key)

    def verify() -> None:
        verified = verifier.verify(proof, golden.public_values)
        assert verified.public_values == golden.public_values

    answered(verify)


def answered(work: Callable[[], None]) -> None:
    """Take any of the three answers; a panic that was contained is none."""
    try:
        work()
    except InvalidProof as refusal:
        assert str(refusal)
    except CannotVerify as failure:
        assert failure.cause is not Cause.BACKEND_PANIC
