"""Every built-in system: its golden proofs, and what each answers to what is wrong with one."""

from hashlib import sha256

import pytest

from tests.helpers.proofs import (
    FIXTURES,
    GOLDEN_PROOFS,
    PLONK_V5_KEY,
    WITHDRAWN,
    GoldenProof,
    flip_bit,
)
from tests.helpers.scripts import run_script
from zkattest import _core
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.builtin import (
    NAMED_ONLY,
    TAKES_VERIFIER_KEY,
    BuiltInVerifier,
    ThreadsOfAProcess,
)
from zkattest.verify.proof import ProofSystem

NAMES = list(GOLDEN_PROOFS)
BARE = [name for name, golden in GOLDEN_PROOFS.items() if not golden.carries_values]
# What a changed byte of a proof can be; a crash, a panic or "valid" is none of it.
REFUSALS = {
    Reason.FIELD_ELEMENT_NOT_CANONICAL,
    Reason.POINT_NOT_ON_CURVE,
    Reason.PROGRAM_KEY_MISMATCH,
    Reason.PROOF_INVALID,
    Reason.PROOF_TRAILING_BYTES,
    Reason.PROOF_UNDECODABLE,
    Reason.PROOF_VERSION_MISMATCH,
    Reason.PUBLIC_VALUES_MISMATCH,
}
OTHER_KINDS = {Cause.UNKNOWN_VERIFIER_PARAMETERS, Cause.UNSUPPORTED_PROOF_KIND}


def opened(golden: GoldenProof) -> BuiltInVerifier:
    return BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key)


def reason_of(golden: GoldenProof, proof: bytes, values: bytes | None = None) -> Reason:
    with pytest.raises(InvalidProof) as refused:
        opened(golden).verify(proof, golden.public_values if values is None else values)
    return refused.value.reason


def answer_of(verifier: BuiltInVerifier, proof: bytes, values: bytes) -> Reason | Cause | None:
    """Return why a proof is not valid, or nothing when it is."""
    try:
        verifier.verify(proof, values)
    except InvalidProof as refusal:
        return refusal.reason
    except CannotVerify as failure:
        return failure.cause
    return None


def test_systems__are_those_of_the_core() -> None:
    assert tuple(ProofSystem) == _core.PROOF_SYSTEMS


def test_system__undecodable_name_is_not_checked() -> None:
    with pytest.raises(_core.CannotCheck) as failure:
        _core.ProofVerifier("sp2", bytes(32))
    assert failure.value.args[0] == Cause.UNSUPPORTED_PROOF_KIND


@pytest.mark.parametrize("name", NAMES)
def test_proof__valid_with_its_values(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    verified = opened(golden).verify(golden.proof, golden.public_values)
    assert (verified.system, verified.program_vk) == (golden.system, golden.program_vk)
    assert verified.public_values == golden.public_values
    assert verified.circuit_version == golden.version
    assert verified.verify_ms > 0


@pytest.mark.parametrize("name", NAMES)
def test_proof__values_are_its_own_or_must_be_given(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    if golden.carries_values:
        assert opened(golden).verify(golden.proof).public_values == golden.public_values
        return
    with pytest.raises(CannotVerify) as failure:
        opened(golden).verify(golden.proof)
    assert failure.value.cause is Cause.PUBLIC_VALUES_MISSING


@pytest.mark.parametrize("name", NAMES)
def test_proof__undecodable_when_empty_or_cut(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    for kept in (0, 1, 3, len(golden.proof) // 2, len(golden.proof) - 2):
        assert reason_of(golden, golden.proof[:kept]) is Reason.PROOF_UNDECODABLE


@pytest.mark.parametrize("name", NAMES)
def test_proof__refused_when_extended(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    reason = reason_of(golden, golden.proof + b"\7")
    assert reason in {Reason.PROOF_TRAILING_BYTES, Reason.PROOF_TOO_LARGE}


@pytest.mark.parametrize("name", NAMES)
def test_proof__too_large_before_decoding(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    limit = opened(golden).max_proof_bytes
    assert reason_of(golden, golden.proof.ljust(limit + 1, b"\0")) is Reason.PROOF_TOO_LARGE


@pytest.mark.parametrize("name", NAMES)
def test_proof__refused_by_name_when_a_bit_flips(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    verifier = opened(golden)
    for index in range(9):
        position = index * len(golden.proof) // 9
        answer = answer_of(verifier, flip_bit(golden.proof, position), golden.public_values)
        assert answer in REFUSALS | OTHER_KINDS


@pytest.mark.parametrize("name", NAMES)
def test_proof__refused_for_other_values(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    values = flip_bit(golden.public_values, len(golden.public_values) - 1)
    reason = reason_of(golden, golden.proof, values)
    assert reason in {Reason.PUBLIC_VALUES_MISMATCH, Reason.PROOF_INVALID}


@pytest.mark.parametrize("name", [name for name in NAMES if "bn254" not in name])
def test_proof__refused_for_another_program(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    other = ProgramVk(flip_bit(golden.program_vk, 31))
    verifier = BuiltInVerifier(golden.system, other, golden.verifier_key)
    with pytest.raises(InvalidProof) as refused:
        verifier.verify(golden.proof, golden.public_values)
    assert refused.value.reason in {Reason.PROGRAM_KEY_MISMATCH, Reason.PROOF_INVALID}


@pytest.mark.parametrize("name", BARE)
def test_proof__refused_or_unknown_for_proofs_of_other_systems(name: str) -> None:
    golden = GOLDEN_PROOFS[name]
    others = [other for other in GOLDEN_PROOFS.values() if other.system is not golden.system]
    for other in others:
        answer = answer_of(opened(golden), other.proof, golden.public_values)
        assert answer in REFUSALS | OTHER_KINDS | {Reason.PROOF_TOO_LARGE}, other.system


def test_generic__program_is_the_hash_of_its_key() -> None:
    golden = GOLDEN_PROOFS["groth16-bn254-gnark"]
    other = ProgramVk(flip_bit(golden.program_vk, 0))
    with pytest.raises(InvalidProof) as refused:
        BuiltInVerifier(golden.system, other, golden.verifier_key)
    assert refused.value.reason is Reason.PROGRAM_KEY_MISMATCH
    assert refused.value.operands == {"expected": bytes(other), "got": bytes(golden.program_vk)}


def test_generic__values_have_the_length_of_the_inputs() -> None:
    golden = GOLDEN_PROOFS["groth16-bn254-gnark"]
    with pytest.raises(InvalidProof) as refused:
        opened(golden).verify(golden.proof, bytes(96))
    assert refused.value.reason is Reason.PUBLIC_VALUES_LENGTH_MISMATCH
    assert refused.value.operands == {"expected": 64, "got": 96}


@pytest.mark.parametrize("system", sorted(set(ProofSystem) - TAKES_VERIFIER_KEY))
def test_verifier_key__refused_where_it_would_be_ignored(system: ProofSystem) -> None:
    with pytest.raises(InvalidProof) as refused:
        BuiltInVerifier(system, ProgramVk(bytes(32)), b"key")
    assert refused.value.reason is Reason.VERIFIER_KEY_MALFORMED
    assert refused.value.operands == {"detail": "this proof system takes none"}


@pytest.mark.parametrize("system", sorted(TAKES_VERIFIER_KEY))
def test_verifier_key__malformed_by_name(system: ProofSystem) -> None:
    program = GOLDEN_PROOFS["sp1"].program_vk
    with pytest.raises(InvalidProof) as refused:
        BuiltInVerifier(system, program, b"key")
    generic = system is ProofSystem.GROTH16_BN254
    expected = Reason.PROGRAM_KEY_MISMATCH if generic else Reason.VERIFIER_KEY_MALFORMED
    assert refused.value.reason is expected


def test_verifier_key__of_plonk_beside_the_known_ones() -> None:
    golden = GOLDEN_PROOFS["sp1-plonk"]
    # A byte of the lines behind the points, which no verifier reads: another digest.
    key = flip_bit(PLONK_V5_KEY, len(PLONK_V5_KEY) - 13)
    selector = sha256(key).digest()[:4]
    verifier = BuiltInVerifier(golden.system, golden.program_vk, key)
    verified = verifier.verify(selector + golden.proof[4:], golden.public_values)
    assert verified.circuit_version == f"selector 0x{selector.hex()}"
    assert verifier.circuit_version == f"v5.0.0, v6.1.0, selector 0x{selector.hex()}"


def test_withdrawn__not_checked_with_and_without_the_key() -> None:
    program = ProgramVk((WITHDRAWN / "program_vk.bin").read_bytes())
    values = (WITHDRAWN / "public_values.bin").read_bytes()
    key = (WITHDRAWN / "plonk_vk.bin").read_bytes()
    verifier = BuiltInVerifier(ProofSystem.SP1_PLONK, program)
    with pytest.raises(CannotVerify) as without:
        verifier.verify((WITHDRAWN / "proof.bin").read_bytes(), values)
    with pytest.raises(CannotVerify) as with_key:
        BuiltInVerifier(ProofSystem.SP1_PLONK, program, key)
    for failure in (without.value, with_key.value):
        assert failure.cause is Cause.UNSUPPORTED_PROOF_KIND
        assert failure.detail == (
            "unsupported: SP1 v6.0.0 proofs: false ones can be made (GHSA-63x8-x938-vx33)"
        )


def test_openvm__named_and_not_checked() -> None:
    folder = FIXTURES / "openvm-2.1-stark"
    verifier = BuiltInVerifier(ProofSystem.OPENVM, ProgramVk(bytes(32)))
    with pytest.raises(CannotVerify) as failure:
        verifier.verify((folder / "proof.bin").read_bytes())
    assert failure.value.cause is Cause.UNSUPPORTED_PROOF_KIND
    assert "OpenVM" in failure.value.detail
    assert ProofSystem.OPENVM in NAMED_ONLY


def test_threads__are_those_of_the_process_that_verified_first() -> None:
    threads = ThreadsOfAProcess()
    threads.require(7)
    threads.require(7)
    with pytest.raises(CannotVerify) as caught:
        threads.require(8)
    assert caught.value.cause is Cause.BACKEND_UNAVAILABLE
    assert "forked" in caught.value.detail


FORK = """
import os, signal, sys
from tests.helpers.proofs import GOLDEN_PROOFS
from zkattest.spec.reasons import CannotVerify
from zkattest.verify.builtin import BuiltInVerifier

golden = GOLDEN_PROOFS["sp1"]
verifier = BuiltInVerifier(golden.system, golden.program_vk)
if sys.argv[1] == "after":
    verifier.verify(golden.proof)
child = os.fork()
if child == 0:
    # One that waits for threads that are not there is ended, and not by its own will.
    signal.alarm(60)
    try:
        verifier.verify(golden.proof)
        os._exit(0)
    except CannotVerify as failure:
        os._exit(2 if failure.cause == "backend_unavailable" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(("when", "code"), [("before", 0), ("after", 2)])
def test_fork__never_waits_for_threads_of_the_parent(when: str, code: int) -> None:
    done = run_script(FORK, when)
    assert (done.stdout, done.stderr) == (f"{code}\n", "")
