"""Systems are tried for real: the proofs of the package are those of the fixtures, and verify."""

import pytest

from tests.helpers.proofs import GOLDEN_PROOFS
from zkattest.node.doctor_systems import GoldenProof, examine_systems, golden_proofs, try_proof
from zkattest.node.findings import State
from zkattest.spec.reasons import InvalidProof
from zkattest.types.programs import ProofSystem
from zkattest.verify.builtin import BuiltInVerifier
from zkattest.verify.proof import VerifiedProof

SOURCES = ("sp1-groth16", "sp1-plonk", "risc0-groth16", "groth16-bn254-gnark")


class AnswersAlways:
    """A stand-in for a verifier that is broken: it calls everything valid."""

    max_proof_bytes = 1 << 20

    def verify(self, proof: bytes, public_values: bytes | None = None) -> VerifiedProof:
        golden = golden_proofs()[ProofSystem.SP1_GROTH16]
        return VerifiedProof(golden.system, golden.program_vk, "v0", public_values or b"", 1.0, 1.0)


def test_golden_proofs__are_those_of_the_fixtures() -> None:
    sources = [GOLDEN_PROOFS[name] for name in SOURCES]
    assert dict(golden_proofs()) == {
        source.system: GoldenProof(
            source.system,
            source.program_vk,
            source.proof,
            source.public_values,
            source.verifier_key,
        )
        for source in sources
    }


def test_systems__each_is_tried_and_openvm_is_told_apart() -> None:
    findings = {each.name: each for each in examine_systems()}
    assert list(findings) == [*ProofSystem, "child processes"]
    states = {name for name, each in findings.items() if each.state is not State.OK}
    assert states == {ProofSystem.OPENVM}
    for name in (*golden_proofs(), "child processes"):
        assert "verified a proof in" in findings[name].detail
    assert findings[ProofSystem.ZISK].detail.startswith("circuit 1.1.0-alpha; opened")


def test_try_proof__refused_by_a_verifier_that_calls_everything_valid() -> None:
    with pytest.raises(ValueError, match=r"^a changed proof verifies$"):
        try_proof(AnswersAlways(), golden_proofs()[ProofSystem.SP1_GROTH16])


def test_try_proof__invalid_under_another_program() -> None:
    golden = golden_proofs()[ProofSystem.SP1_GROTH16]
    other = golden_proofs()[ProofSystem.SP1_PLONK].program_vk
    with pytest.raises(InvalidProof):
        try_proof(BuiltInVerifier(golden.system, other), golden)
