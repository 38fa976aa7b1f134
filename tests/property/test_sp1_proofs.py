"""Properties of proof verification: no bytes crash it, none but the proof itself is valid."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.proofs import SP1_PROGRAM_VK, SP1_PROOF
from zkattest.spec.reasons import CannotVerify, InvalidProof
from zkattest.verify.builtin import BuiltInVerifier
from zkattest.verify.proof import ProofSystem

VERIFIER = BuiltInVerifier(ProofSystem.SP1, SP1_PROGRAM_VK)

patch = st.tuples(st.integers(0, len(SP1_PROOF) - 1), st.binary(min_size=1, max_size=16))


def judged(proof: bytes) -> bool:
    """Return whether the proof is valid; anything but the three answers fails the test."""
    try:
        VERIFIER.verify(proof)
    except (InvalidProof, CannotVerify):
        return False
    return True


@given(st.binary(max_size=4096))
def test_noise__never_valid(data: bytes) -> None:
    assert not judged(data)


@given(st.integers(0, len(SP1_PROOF) - 1), st.binary(max_size=64))
@settings(max_examples=40, deadline=None)
def test_truncated_and_extended__never_valid(kept: int, extra: bytes) -> None:
    proof = SP1_PROOF[:kept] + extra
    assert judged(proof) is (proof == SP1_PROOF)


@given(st.lists(patch, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_patched__valid_only_when_nothing_changed(patches: list[tuple[int, bytes]]) -> None:
    proof = bytearray(SP1_PROOF)
    for position, data in patches:
        proof[position : position + len(data)] = data[: len(proof) - position]
    assert judged(bytes(proof)) is (bytes(proof) == SP1_PROOF)
