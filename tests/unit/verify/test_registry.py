"""The registry: programs that were added, and programs that were not."""

import pytest

from tests.helpers.proofs import (
    GOLDEN_PROOFS,
    SP1_PROGRAM_VK,
    SP1_PROOF,
    SP1_PUBLIC_VALUES,
    flip_bit,
)
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.proof import ProofSystem
from zkattest.verify.registry import Registry


def test_verify__valid_for_a_known_program() -> None:
    registry = Registry([(ProofSystem.SP1, SP1_PROGRAM_VK)])
    verified = registry.verify(ProofSystem.SP1, SP1_PROGRAM_VK, SP1_PROOF)
    assert verified.public_values == SP1_PUBLIC_VALUES


def test_verify__not_checked_for_an_unknown_program() -> None:
    other = ProgramVk(flip_bit(SP1_PROGRAM_VK, 31))
    registry = Registry([(ProofSystem.SP1, SP1_PROGRAM_VK)])
    with pytest.raises(CannotVerify) as failure:
        registry.verify(ProofSystem.SP1, other, SP1_PROOF)
    assert failure.value.cause is Cause.UNKNOWN_PROGRAM_VK
    assert str(other) in failure.value.detail


def test_add__returns_the_same_verifier_for_the_same_program() -> None:
    registry = Registry()
    first = registry.add(ProofSystem.SP1, SP1_PROGRAM_VK)
    assert registry.add(ProofSystem.SP1, SP1_PROGRAM_VK) is first
    assert registry.programs == ((ProofSystem.SP1, SP1_PROGRAM_VK),)


def test_add__refuses_a_key_that_is_none() -> None:
    with pytest.raises(InvalidProof) as refused:
        Registry().add(ProofSystem.SP1, ProgramVk(b"\xff" * 32))
    assert refused.value.reason is Reason.PROGRAM_KEY_NOT_CANONICAL


def test_add__keeps_the_verifier_key_of_a_program() -> None:
    golden = GOLDEN_PROOFS["groth16-bn254-gnark"]
    program = (golden.system, golden.program_vk)
    registry = Registry()
    registry.add(*program, golden.verifier_key)
    assert registry.verifier_key(*program) == golden.verifier_key
    verified = registry.verify(*program, golden.proof, golden.public_values)
    assert verified.public_values == golden.public_values


def test_add__takes_another_verifier_key_of_a_program() -> None:
    golden = GOLDEN_PROOFS["sp1-groth16-given-key"]
    program = (golden.system, golden.program_vk)
    registry = Registry([program])
    with pytest.raises((InvalidProof, CannotVerify)):
        registry.verify(*program, golden.proof, golden.public_values)
    registry.add(*program, golden.verifier_key)
    verified = registry.verify(*program, golden.proof, golden.public_values)
    assert verified.circuit_version == golden.version


def test_add__not_checked_without_the_key_of_a_circuit() -> None:
    with pytest.raises(CannotVerify) as failure:
        Registry().add(ProofSystem.GROTH16_BN254, ProgramVk(bytes(32)))
    assert failure.value.cause is Cause.VERIFIER_KEY_MISSING


def test_add__not_checked_for_a_system_that_is_only_named() -> None:
    with pytest.raises(CannotVerify) as failure:
        Registry().add(ProofSystem.OPENVM, ProgramVk(bytes(32)))
    assert failure.value.cause is Cause.UNSUPPORTED_PROOF_SYSTEM
