"""The registry: programs that were added, and programs that were not."""

import pytest

from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF, SP1_PUBLIC_VALUES, flip_bit
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.proof import ProofSystem
from zkattest.verify.registry import CATALOGUE, Registry


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


def test_catalogue__has_every_proof_system() -> None:
    assert set(CATALOGUE) == set(ProofSystem)
