"""SP1 compressed proofs: one golden proof, and everything that can be wrong with one."""

import hashlib
import random
import tracemalloc

import pytest

from tests.helpers.proofs import (
    GROTH16_PROOF,
    SP1_PROGRAM_VK,
    SP1_PROOF,
    SP1_PUBLIC_VALUES,
    flip_bit,
)
from zkattest.spec.reasons import InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.builtin import BuiltInVerifier
from zkattest.verify.proof import ProofSystem

SIZE = len(SP1_PROOF)
# The bundle ends with the public values and the version, each after its length of eight bytes.
VERSION = b"v6.1.0"
VERSION_LENGTH_AT = SIZE - len(VERSION) - 8
VALUES_AT = VERSION_LENGTH_AT - len(SP1_PUBLIC_VALUES)
VALUES_LENGTH_AT = VALUES_AT - 8
ELEMENTS_LENGTH_AT = 0x6C


@pytest.fixture(scope="module")
def verifier() -> BuiltInVerifier:
    return BuiltInVerifier(ProofSystem.SP1, SP1_PROGRAM_VK)


def refusal(
    verifier: BuiltInVerifier, proof: bytes, public_values: bytes | None = None
) -> tuple[Reason, dict[str, object]]:
    """Return why the proof is refused."""
    with pytest.raises(InvalidProof) as refused:
        verifier.verify(proof, public_values)
    return refused.value.reason, refused.value.operands


@pytest.mark.parametrize("public_values", [None, SP1_PUBLIC_VALUES])
def test_proof__valid(verifier: BuiltInVerifier, public_values: bytes | None) -> None:
    verified = verifier.verify(SP1_PROOF, public_values)
    assert verified.system is ProofSystem.SP1
    assert verified.program_vk == SP1_PROGRAM_VK
    assert verified.public_values == SP1_PUBLIC_VALUES
    assert verified.circuit_version == VERSION.decode()
    assert verified.decode_ms > 0
    assert verified.verify_ms > verified.decode_ms


def test_proof__undecodable_when_empty(verifier: BuiltInVerifier) -> None:
    expected = (Reason.PROOF_UNDECODABLE, {"detail": "it is empty"})
    assert refusal(verifier, b"") == expected


@pytest.mark.parametrize(
    "kept", [1, 3, 4, 11, 107, 115, 1_000, 10_000, 400_000, SIZE - 75, SIZE - 14, SIZE - 1]
)
def test_proof__undecodable_when_truncated(verifier: BuiltInVerifier, kept: int) -> None:
    detail = f"it ends inside a field, after {kept} bytes"
    expected = (Reason.PROOF_UNDECODABLE, {"detail": detail})
    assert refusal(verifier, SP1_PROOF[:kept]) == expected


@pytest.mark.parametrize("extra", [b"\0", b"\xff" * 31, SP1_PROOF])
def test_proof__trailing_bytes_when_extended(verifier: BuiltInVerifier, extra: bytes) -> None:
    operands = {"expected": SIZE, "got": SIZE + len(extra)}
    assert refusal(verifier, SP1_PROOF + extra) == (Reason.PROOF_TRAILING_BYTES, operands)


def test_proof__too_large_before_decoding(verifier: BuiltInVerifier) -> None:
    limit = verifier.max_proof_bytes
    proof = SP1_PROOF.ljust(limit + 1, b"\0")
    operands = {"got": limit + 1, "limit": limit}
    assert refusal(verifier, proof) == (Reason.PROOF_TOO_LARGE, operands)


@pytest.mark.parametrize("seed", range(8))
def test_proof__undecodable_when_random(verifier: BuiltInVerifier, seed: int) -> None:
    noise = random.Random(seed).randbytes(50_000)
    assert refusal(verifier, noise)[0] is Reason.PROOF_UNDECODABLE


@pytest.mark.parametrize("position", [ELEMENTS_LENGTH_AT, VALUES_LENGTH_AT, VERSION_LENGTH_AT])
@pytest.mark.parametrize("length", [1 << 24, 1 << 32, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_proof__undecodable_when_a_length_is_huge(
    verifier: BuiltInVerifier, position: int, length: int
) -> None:
    proof = bytearray(SP1_PROOF)
    proof[position : position + 8] = length.to_bytes(8, "little")
    assert refusal(verifier, bytes(proof))[0] is Reason.PROOF_UNDECODABLE


@pytest.mark.parametrize("element", [0, 2, 10, 24])
def test_proof__undecodable_when_an_element_is_not_canonical(
    verifier: BuiltInVerifier, element: int
) -> None:
    """Write an element of the recursion key as the same number modulo the field, once higher."""
    modulus, position = 0x7F000001, 4 + 4 * element
    value = int.from_bytes(SP1_PROOF[position : position + 4], "little")
    assert value < modulus
    proof = bytearray(SP1_PROOF)
    proof[position : position + 4] = (value + modulus).to_bytes(4, "little")
    detail = f"not canonical at byte {position}"
    assert refusal(verifier, bytes(proof)) == (Reason.PROOF_UNDECODABLE, {"detail": detail})


def test_proof__undecodable_when_of_an_older_format(verifier: BuiltInVerifier) -> None:
    assert refusal(verifier, GROTH16_PROOF)[0] is Reason.PROOF_UNDECODABLE


def test_proof__version_mismatch_when_the_bundle_names_another(verifier: BuiltInVerifier) -> None:
    operands = {"expected": "v6.1.0", "got": "v6.1.1"}
    proof = flip_bit(SP1_PROOF, SIZE - 1)
    assert refusal(verifier, proof) == (Reason.PROOF_VERSION_MISMATCH, operands)


def test_proof__invalid_when_a_bit_of_it_flips(verifier: BuiltInVerifier) -> None:
    """Flip forty bits, spread over the proof; no answer but a refusal by name."""
    reasons = set()
    for index in range(40):
        position = 4 + index * (VALUES_LENGTH_AT - 4) // 40
        reasons.add(refusal(verifier, flip_bit(SP1_PROOF, position, index % 7))[0])
    assert reasons <= {
        Reason.PROOF_INVALID,
        Reason.PROOF_UNDECODABLE,
        Reason.PROGRAM_KEY_MISMATCH,
        Reason.PUBLIC_VALUES_MISMATCH,
    }
    assert Reason.PROOF_INVALID in reasons


def test_proof__program_key_mismatch_names_both_keys() -> None:
    other = ProgramVk(flip_bit(SP1_PROGRAM_VK, 31))
    operands = {"expected": bytes(other), "got": bytes(SP1_PROGRAM_VK)}
    assert refusal(BuiltInVerifier(ProofSystem.SP1, other), SP1_PROOF) == (
        Reason.PROGRAM_KEY_MISMATCH,
        operands,
    )


@pytest.mark.parametrize("values", [b"", SP1_PUBLIC_VALUES[:-1], SP1_PUBLIC_VALUES + b"\0"])
def test_proof__public_values_mismatch_when_the_caller_has_others(
    verifier: BuiltInVerifier, values: bytes
) -> None:
    reason, operands = refusal(verifier, SP1_PROOF, values)
    assert reason is Reason.PUBLIC_VALUES_MISMATCH
    assert operands == {
        "expected": hashlib.sha256(values).digest(),
        "got": hashlib.sha256(SP1_PUBLIC_VALUES).digest(),
    }


@pytest.mark.parametrize("caller_knows", [False, True])
def test_proof__public_values_mismatch_when_the_bundle_has_others(
    verifier: BuiltInVerifier, caller_knows: bool
) -> None:
    proof = flip_bit(SP1_PROOF, VALUES_AT)
    values = SP1_PUBLIC_VALUES if caller_knows else None
    assert refusal(verifier, proof, values)[0] is Reason.PUBLIC_VALUES_MISMATCH


@pytest.mark.parametrize(
    ("key", "limb"),
    [(b"\x01" + bytes(31), 0), (b"\0" + b"\xff" * 31, 0), (bytes(28) + b"\x7f\xff\xff\xff", 7)],
)
def test_key__not_canonical_when_a_limb_is_too_large(key: bytes, limb: int) -> None:
    with pytest.raises(InvalidProof) as refused:
        BuiltInVerifier(ProofSystem.SP1, ProgramVk(key))
    assert refused.value.reason is Reason.PROGRAM_KEY_NOT_CANONICAL
    assert refused.value.operands["limb"] == limb
    assert refused.value.operands["modulus"] == 0x7F000001


def test_verify__leaves_python_memory_as_it_was(verifier: BuiltInVerifier) -> None:
    tracemalloc.start()
    verifier.verify(SP1_PROOF)
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(3):
        verifier.verify(SP1_PROOF)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 10_000
