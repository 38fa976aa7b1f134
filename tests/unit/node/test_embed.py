"""The two calls of an embedder give the three answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.proofs import GOLDEN_PROOFS, SP1_PROGRAM_VK, SP1_PROOF
from zkattest import (
    BlockPackage,
    CannotVerify,
    Cause,
    InvalidBlock,
    InvalidProof,
    Reason,
    check_block,
    verify_proof,
)
from zkattest.types.execution import ExecutionWitness

CHAIN = Path(__file__).parents[3] / "vectors" / "eip7886" / "chain"
PACKAGES = [BlockPackage.decode(p.read_bytes()) for p in sorted(CHAIN.glob("*/block.ssz"))]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: str(len(p.block)))
def test_block__valid_when_recorded(package):
    assert check_block(package).number > 0


def test_block__invalid_by_reason():
    with pytest.raises(InvalidBlock) as refusal:
        check_block(replace(PACKAGES[0], block=PACKAGES[0].block + b"\0"))
    assert refusal.value.reason is Reason.MALFORMED_BLOCK


@pytest.mark.parametrize(
    ("witness", "cause"),
    [
        (ExecutionWitness((), (), ()), Cause.MISSING_PARENT),
        (replace(PACKAGES[0].witness, state=()), Cause.MISSING_NODE),
        (replace(PACKAGES[0].witness, headers=(b"\xc0",)), Cause.UNREADABLE_INPUT),
    ],
)
def test_block__not_checked_without_what_is_needed(witness, cause):
    with pytest.raises(CannotVerify) as failure:
        check_block(replace(PACKAGES[0], witness=witness))
    assert failure.value.cause is cause


def test_block__not_checked_against_another_block_s_claim():
    with pytest.raises(CannotVerify, match="another block"):
        check_block(replace(PACKAGES[0], parent_claim=PACKAGES[1].parent_claim))


def test_proof__valid_invalid_by_reason():
    assert verify_proof(SP1_PROOF, SP1_PROGRAM_VK).verify_ms > 0
    with pytest.raises(InvalidProof) as refusal:
        verify_proof(SP1_PROOF, SP1_PROGRAM_VK, public_values=bytes(43))
    assert refusal.value.reason is Reason.PUBLIC_VALUES_MISMATCH


@pytest.mark.parametrize("name", GOLDEN_PROOFS)
def test_proof__valid_for_every_system(name):
    golden = GOLDEN_PROOFS[name]
    verified = verify_proof(
        golden.proof,
        golden.program_vk,
        system=golden.system,
        public_values=golden.public_values,
        verifier_key=golden.verifier_key,
    )
    assert (verified.public_values, verified.circuit_version) == (
        golden.public_values,
        golden.version,
    )


def test_proof__not_checked_without_the_key_of_a_circuit():
    golden = GOLDEN_PROOFS["groth16-bn254-gnark"]
    with pytest.raises(CannotVerify) as failure:
        verify_proof(golden.proof, golden.program_vk, system=golden.system)
    assert failure.value.cause is Cause.VERIFIER_KEY_MISSING
