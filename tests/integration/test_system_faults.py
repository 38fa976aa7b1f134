"""Every system and every fault that a proof of it can have: one answer each, to the operand."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from py_ecc.optimized_bn128.optimized_curve import field_modulus

from tests.helpers.proofs import GOLDEN_PROOFS, PLONK_V5_KEY, GoldenProof, flip_bit
from tests.helpers.system_faults import (
    BUNDLE_ENCODED,
    BUNDLE_RAW,
    NOT_APPLICABLE,
    Answer,
    Case,
    Fault,
    cases,
    patched,
    sp1_digest,
)
from zkattest.spec.reasons import CannotVerify, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.builtin import BuiltInVerifier

CASES = list(cases())
NAMES = tuple(dict.fromkeys(case.golden for case in CASES))


def answer(golden: GoldenProof) -> Answer | None:
    """Verify, and return why not; None for a valid proof."""
    verifier = BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key)
    try:
        verifier.verify(golden.proof, golden.public_values)
    except InvalidProof as refusal:
        return refusal.reason, refusal.operands
    except CannotVerify as failure:
        return failure.cause, failure.detail
    return None


def faulty(case: Case) -> GoldenProof:
    """Give the golden proof of a case with what the case changes."""
    golden = GOLDEN_PROOFS[case.golden]
    return replace(
        golden,
        proof=golden.proof if case.proof is None else case.proof,
        program_vk=case.program_vk or golden.program_vk,
        public_values=(golden.public_values if case.public_values is None else case.public_values),
    )


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("name", NAMES)
def test_proof__one_answer_for_each_fault(name: str, fault: Fault) -> None:
    mine = [case for case in CASES if (case.golden, case.fault) == (name, fault)]
    if (name, fault) in NOT_APPLICABLE:
        assert not mine
        return
    assert mine
    for case in mine:
        got = answer(faulty(case))
        assert got is not None, case
        word, operands = case.expected
        assert got[0] is word, (str(case), got)
        assert operands is None or got[1] == operands, str(case)


def test_cases__bits_flip_at_many_offsets_of_every_system() -> None:
    flips = Counter(case.golden for case in CASES if case.fault is Fault.FLIPPED)
    assert min(flips.values()) >= 9
    assert set(flips) == set(NAMES)


def test_cases__only_words_of_a_library_are_left_open() -> None:
    opened = {(case.golden, case.expected[0]) for case in CASES if case.expected[1] is None}
    assert opened == {
        ("sp1", Reason.PROOF_INVALID),
        ("sp1-plonk", Reason.PROOF_INVALID),
    }


def false_bundle(golden: GoldenProof) -> bytes:
    """Make a bundle false, and leave everything in order that no cryptography is needed for."""
    words = golden.proof[BUNDLE_ENCODED : BUNDLE_ENCODED + 512]
    body = bytes.fromhex(words.decode())
    negated = (field_modulus - int.from_bytes(body[224:], "big")).to_bytes(32, "big").hex()
    proof = patched(golden.proof, BUNDLE_ENCODED + 448, negated.encode())
    return patched(proof, BUNDLE_RAW + 448, negated.encode())


def plonk_bundle(golden: GoldenProof) -> GoldenProof:
    """Wrap a bare PLONK proof of SP1 5 as the SDK does."""
    inputs = (bytes(golden.program_vk), sp1_digest(golden.public_values))
    fields = [
        *(str(int.from_bytes(each, "big")).encode() for each in inputs),
        golden.proof[4:].hex().encode(),
        b"",
    ]
    behind = [golden.public_values, golden.version.encode()]
    written = [
        b"".join(len(f).to_bytes(8, "little") + f for f in part) for part in (fields, behind)
    ]
    bundle = (2).to_bytes(4, "little") + written[0] + sha256(PLONK_V5_KEY).digest() + written[1]
    return replace(golden, proof=bundle, carries_values=True)


WHOLE = {
    "sp1": GOLDEN_PROOFS["sp1"],
    "sp1-groth16-bundle": GOLDEN_PROOFS["sp1-groth16-bundle"],
    "sp1-plonk-bundle": plonk_bundle(GOLDEN_PROOFS["sp1-plonk"]),
    "zisk": GOLDEN_PROOFS["zisk"],
}
# False proofs: cryptography alone finds out what is wrong with them.
FALSE = {
    "sp1": flip_bit(WHOLE["sp1"].proof, len(WHOLE["sp1"].proof) // 2),
    "sp1-groth16-bundle": false_bundle(WHOLE["sp1-groth16-bundle"]),
    # The last digit of a value of a polynomial.
    "sp1-plonk-bundle": flip_bit(
        WHOLE["sp1-plonk-bundle"].proof,
        WHOLE["sp1-plonk-bundle"].proof.index(GOLDEN_PROOFS["sp1-plonk"].proof[4:].hex().encode())
        + 2 * (384 + 32)
        - 1,
    ),
    "zisk": flip_bit(WHOLE["zisk"].proof, 8),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_proof__other_program_and_values_are_seen_before_any_cryptography(
    name: str,
) -> None:
    golden = replace(WHOLE[name], proof=FALSE[name])
    other_program = replace(golden, program_vk=ProgramVk(flip_bit(golden.program_vk, 31)))
    other_values = replace(golden, public_values=flip_bit(golden.public_values, 0))
    reasons = [
        found[0] for each in (golden, other_program, other_values) if (found := answer(each))
    ]
    assert reasons == [
        Reason.PROOF_INVALID,
        Reason.PROGRAM_KEY_MISMATCH,
        Reason.PUBLIC_VALUES_MISMATCH,
    ]


@pytest.mark.parametrize("name", WHOLE)
def test_mismatch__costs_a_fraction_of_a_verification(name: str) -> None:
    """Processor time, the least of three: a busy machine makes neither dearer."""
    golden = WHOLE[name]
    verifier = BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key)
    others = flip_bit(golden.public_values, 0)

    def refuse() -> None:
        with pytest.raises(InvalidProof):
            verifier.verify(golden.proof, others)

    verified_s = processor_s(lambda: verifier.verify(golden.proof, golden.public_values))
    assert processor_s(refuse) < verified_s / 2


def processor_s(work: Callable[[], object]) -> float:
    """Return the least processor time of three calls, in seconds."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)
