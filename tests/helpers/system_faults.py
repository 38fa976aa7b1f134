"""
What can be wrong with a proof, for each system, and the one answer that each fault has.

Data for `tests/integration/test_system_faults.py`: golden proofs, changed in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from py_ecc.optimized_bn128.optimized_curve import curve_order, field_modulus

from tests.helpers.proofs import GOLDEN_PROOFS, GoldenProof, flip_bit
from zkattest.spec.reasons import Cause, Reason
from zkattest.types.ids import ProgramVk


class Fault(StrEnum):
    """What is wrong."""

    TRUNCATED = "truncated"
    EXTENDED = "extended"
    FLIPPED = "flipped"
    FOREIGN_KEY = "foreign_key"
    FOREIGN_TYPE = "foreign_type"
    OTHER_VALUES = "other_values"
    NOT_CANONICAL = "not_canonical"
    ABOVE_MODULUS = "above_modulus"
    OFF_CURVE = "off_curve"
    OFF_SUBGROUP = "off_subgroup"


Answer = tuple[Reason | Cause, Mapping[str, object] | str | None]
"""Reason and operands, or cause and detail; None for words of a library below."""


@dataclass(frozen=True)
class Case:
    """A golden proof with one fault, and what it is answered."""

    golden: str
    fault: Fault
    label: str
    expected: Answer
    proof: bytes | None = None
    program_vk: ProgramVk | None = None
    public_values: bytes | None = None

    def __str__(self) -> str:
        """Name the case."""
        return f"{self.golden}-{self.fault}-{self.label}"


PAIRING: Final = "the equation of the pairings does not hold"
ZISK_INVALID: Final = "the vadcop proof does not verify under the aggregation key"
NO_CURVE: Final = "its proofs are hashes: there are no points"
# Which faults a system cannot have, and why; every other one has a case.
NOT_APPLICABLE: Final = {
    ("sp1", Fault.OFF_CURVE): NO_CURVE,
    ("sp1", Fault.OFF_SUBGROUP): NO_CURVE,
    ("zisk", Fault.OFF_CURVE): NO_CURVE,
    ("zisk", Fault.OFF_SUBGROUP): NO_CURVE,
    ("sp1-plonk", Fault.OFF_SUBGROUP): "its points are in G1, which is the whole curve",
    ("groth16-bn254-gnark", Fault.FOREIGN_KEY): "a key that is not the program's is never opened",
}
# Where the 256 bytes of Groth16 begin in a bare proof.
BODIES: Final = {"sp1-groth16": 100, "risc0-groth16": 4, "groth16-bn254-gnark": 0}
# A coordinate each 32 bytes, and the point that it is of.
COORDINATES: Final = "AABBBBCC"
# On the twist with x = 1, and not in the group of prime order: found with py_ecc.
OUTSIDE: Final = bytes.fromhex(
    f"{0:064x}{1:064x}"
    "0d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a4"
    "2869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb"
)
# What stands in a PLONK body: points take 64 bytes, values of polynomials 32.
PLONK_ELEMENTS: Final = (
    *("L", "R", "O", "H0", "H1", "H2", "l(ζ)", "r(ζ)", "o(ζ)", "s1(ζ)", "s2(ζ)", "Z"),
    *("z(ωζ)", "W", "W'", "b(ζ)", "B"),
)
KOALA_BEAR: Final = 0x7F000001
GOLDILOCKS: Final = 0xFFFFFFFF00000001
# The exit code among the public elements of SP1's recursion, four bytes each from 0x74 on.
SP1_EXIT_CODE: Final = 0x74 + 4 * 170
# Names in the first map of tables of SP1's bundle; its length and theirs stand in front.
SP1_FIRST_TABLE: Final = 36_704
SP1_LAST_TABLE: Final = 42_188
# Layout of ZisK's bundle: words of proof after their number, 68 public ones after theirs.
ZISK_WORDS: Final = 31_754
ZISK_PUBLICS: Final = 8 + 8 * ZISK_WORDS + 8
ZISK_OUTPUT: Final = ZISK_PUBLICS + 8 * 4
# Fields of the bundle of SP1 5, each after its length of eight bytes.
BUNDLE_PROGRAM: Final = 0x0C
BUNDLE_DIGEST: Final = 0x5F
BUNDLE_ENCODED: Final = 0xB4
BUNDLE_RAW: Final = 0x2BC
BUNDLE_KEY_DIGEST: Final = 0x544
BUNDLE_VALUES: Final = 0x56C
BUNDLE_VERSION: Final = 0x580


def patched(data: bytes, at: int, written: bytes) -> bytes:
    """Return the bytes with others written over some of them."""
    return data[:at] + written + data[at + len(written) :]


def undecodable(detail: str) -> Answer:
    """Expect bytes that are no proof."""
    return Reason.PROOF_UNDECODABLE, {"detail": detail}


def invalid(detail: str) -> Answer:
    """Expect a proof that is false."""
    return Reason.PROOF_INVALID, {"detail": detail}


def not_canonical(what: str) -> Answer:
    """Expect a number that is not below its modulus."""
    return Reason.FIELD_ELEMENT_NOT_CANONICAL, {"what": what}


def off_curve(what: str) -> Answer:
    """Expect coordinates of no point."""
    return Reason.POINT_NOT_ON_CURVE, {"what": what}


def mismatch(reason: Reason, expected: bytes, got: bytes) -> Answer:
    """Expect two digests or keys that differ."""
    return reason, {"expected": expected, "got": got}


def trailing(expected: int, got: int) -> Answer:
    """Expect bytes behind a proof."""
    return Reason.PROOF_TRAILING_BYTES, {"expected": expected, "got": got}


def too_large(got: int, limit: int) -> Answer:
    """Expect more bytes than a proof of the system has."""
    return Reason.PROOF_TOO_LARGE, {"got": got, "limit": limit}


def unknown_selector(wrapping: str, proof: bytes) -> Answer:
    """Expect a selector that no key of SP1 has."""
    return Cause.UNKNOWN_VERIFIER_PARAMETERS, (
        f"no verifier key for SP1 {wrapping} proofs of selector 0x{proof[:4].hex()}; "
        "known are v5.0.0, v6.1.0"
    )


def unsupported(kind: str) -> Answer:
    """Expect a proof of a kind that is not verified."""
    return Cause.UNSUPPORTED_PROOF_KIND, f"unsupported: {kind}"


def cases() -> Iterator[Case]:
    """Give every case of every system."""
    yield from bare_groth16_cases()
    yield from wrapped_cases()
    yield from bundle_cases()
    yield from plonk_cases()
    yield from sp1_cases()
    yield from zisk_cases()
    yield from foreign_cases()


def number_at(proof: bytes, at: int) -> int:
    """Read a coordinate or a scalar."""
    return int.from_bytes(proof[at : at + 32], "big")


def flipped_element(proof: bytes, at: int, modulus: int, what: str) -> Answer:
    """Say what a coordinate is after a bit of it has changed: no field's, or no point's."""
    return not_canonical(what) if number_at(proof, at) >= modulus else off_curve(what)


def bare_groth16_cases() -> Iterator[Case]:
    """Change the points of the three systems that end in Groth16."""
    for name, body in BODIES.items():
        golden = GOLDEN_PROOFS[name]
        proof, length = golden.proof, len(golden.proof)
        for kept in (1, 3, body + 1, body + 64, length - 32, length - 1):
            expected = undecodable(f"it has {kept} bytes, expected {length}")
            if name == "sp1-groth16" and kept < 4:
                expected = undecodable(f"it has {kept} bytes, no selector")
            yield Case(name, Fault.TRUNCATED, str(kept), expected, proof[:kept])
        yield Case(name, Fault.TRUNCATED, "empty", undecodable("it is empty"), b"")
        for extra in (1, 32, 5000):
            expected = too_large(length + extra, length)
            if name == "sp1-groth16":
                expected = trailing(length, length + extra)
            yield Case(name, Fault.EXTENDED, str(extra), expected, proof + bytes(extra))
        for index, point in enumerate(COORDINATES):
            at, what = body + 32 * index, f"proof: {point}"
            yield from coordinate_cases(name, proof, at, what, str(index))
        for point, start, count in (("A", 0, 64), ("B", 64, 128), ("C", 192, 64)):
            infinity = patched(proof, body + start, bytes(count))
            label = f"infinity-{point}"
            yield Case(name, Fault.OFF_CURVE, label, off_curve(f"proof: {point}"), infinity)
        outside = (Reason.POINT_NOT_IN_SUBGROUP, {"what": "proof: B"})
        written = patched(proof, body + 64, OUTSIDE)
        yield Case(name, Fault.OFF_SUBGROUP, "B", outside, written)
        negated = patched(
            proof, body + 224, (field_modulus - number_at(proof, body + 224)).to_bytes(32, "big")
        )
        yield Case(name, Fault.FLIPPED, "negated", invalid(PAIRING), negated)
        yield from other_values_cases(name, golden)
        if name != "groth16-bn254-gnark":
            other = ProgramVk(flip_bit(golden.program_vk, 31))
            expected = invalid(PAIRING)
            yield Case(name, Fault.FOREIGN_KEY, "bit", expected, program_vk=other)


def coordinate_cases(
    name: str, proof: bytes, at: int, what: str, label: str, modulus: int = field_modulus
) -> Iterator[Case]:
    """Change one coordinate: every byte of it, and to encodings that no coordinate has."""
    for byte in range(32):
        changed = flip_bit(proof, at + byte, (at + byte) % 8)
        expected = flipped_element(changed, at, modulus, what)
        yield Case(name, Fault.FLIPPED, f"{at + byte}", expected, changed)
    expected = not_canonical(what)
    again = (number_at(proof, at) + modulus).to_bytes(32, "big")
    yield Case(name, Fault.NOT_CANONICAL, label, expected, patched(proof, at, again))
    for value in (modulus, (1 << 256) - 1):
        written = patched(proof, at, value.to_bytes(32, "big"))
        yield Case(name, Fault.ABOVE_MODULUS, f"{label}-{value % 7}", expected, written)
    moved = flip_bit(proof, at + 31)
    yield Case(name, Fault.OFF_CURVE, label, off_curve(what), moved)


def other_values_cases(name: str, golden: GoldenProof) -> Iterator[Case]:
    """Ask for other public values than a bare proof commits to."""
    values = golden.public_values
    flipped = flip_bit(values, len(values) - 1)
    yield Case(name, Fault.OTHER_VALUES, "bit", invalid(PAIRING), public_values=flipped)
    for label, other in (("empty", b""), ("longer", values + b"\0"), ("cut", values[:-1])):
        expected = invalid(PAIRING)
        if name == "groth16-bn254-gnark":
            lengths = {"expected": 64, "got": len(other)}
            expected = (Reason.PUBLIC_VALUES_LENGTH_MISMATCH, lengths)
        yield Case(name, Fault.OTHER_VALUES, label, expected, public_values=other)
    if name == "groth16-bn254-gnark":
        for index in (0, 1):
            above = patched(values, 32 * index, int(curve_order).to_bytes(32, "big"))
            expected = not_canonical(f"public input {index}")
            yield Case(name, Fault.ABOVE_MODULUS, f"input-{index}", expected, public_values=above)


def wrapped_cases() -> Iterator[Case]:
    """Change what stands in front of SP1's Groth16: selector, exit code, root, nonce."""
    name = "sp1-groth16"
    proof = GOLDEN_PROOFS[name].proof
    for at in range(4):
        changed = flip_bit(proof, at)
        expected = unknown_selector("groth16", changed)
        yield Case(name, Fault.FLIPPED, str(at), expected, changed)
    for at in (4, 20, 35):
        changed = flip_bit(proof, at)
        failed = invalid(f"the program failed, exit code 0x{changed[4:36].hex()}")
        yield Case(name, Fault.FLIPPED, str(at), failed, changed)
    root = proof[36:68].hex()
    for at in (36, 50, 67):
        changed = flip_bit(proof, at)
        got = changed[36:68].hex()
        expected = invalid(f"the root of the recursion keys is 0x{got}, expected 0x{root}")
        yield Case(name, Fault.FLIPPED, str(at), expected, changed)
    for at in (69, 99):
        yield Case(name, Fault.FLIPPED, str(at), invalid(PAIRING), flip_bit(proof, at))
    above = patched(proof, 68, int(curve_order).to_bytes(32, "big"))
    yield Case(name, Fault.ABOVE_MODULUS, "nonce", not_canonical("proof: nonce"), above)


def bundle_cases() -> Iterator[Case]:
    """Change the bundle of the SDK around a Groth16 proof of SP1 5."""
    name = "sp1-groth16-bundle"
    golden = GOLDEN_PROOFS[name]
    proof, length = golden.proof, len(golden.proof)
    yield Case(name, Fault.TRUNCATED, "empty", undecodable("it is empty"), b"")
    for kept in (4, 12, 100, 700, BUNDLE_KEY_DIGEST + 5, BUNDLE_VERSION + 5):
        expected = undecodable(f"it ends inside a field, after {kept} bytes")
        yield Case(name, Fault.TRUNCATED, str(kept), expected, proof[:kept])
    for extra in (1, 40):
        expected = trailing(length, length + extra)
        yield Case(name, Fault.EXTENDED, str(extra), expected, proof + bytes(extra))
    other = ProgramVk(flip_bit(golden.program_vk, 31))
    expected = mismatch(Reason.PROGRAM_KEY_MISMATCH, bytes(other), bytes(golden.program_vk))
    yield Case(name, Fault.FOREIGN_KEY, "bit", expected, program_vk=other)
    committed = sp1_digest(golden.public_values)
    for label, values in (("empty", b""), ("bit", flip_bit(golden.public_values, 0))):
        reason = Reason.PUBLIC_VALUES_MISMATCH
        expected = mismatch(reason, sp1_digest(values), committed)
        yield Case(name, Fault.OTHER_VALUES, label, expected, public_values=values)
    for at, answer in bundle_flips(golden).items():
        yield Case(name, Fault.FLIPPED, str(at), answer, flip_bit(proof, at))
    yield from bundle_encodings(name, proof)


def bundle_flips(golden: GoldenProof) -> dict[int, Answer]:
    """Flip the lowest bit of a byte of each field."""
    proof = golden.proof
    values = flip_bit(golden.public_values, 0)
    program = bytearray(golden.program_vk)
    digit = proof[BUNDLE_PROGRAM + 74]
    number = int.from_bytes(program, "big") + (1 if digit % 2 == 0 else -1)
    cut = undecodable(f"it ends inside a field, after {len(proof)} bytes")
    return {
        0: unsupported("SP1 plonk proofs, only groth16 proofs are verified"),
        BUNDLE_PROGRAM - 1: cut,
        BUNDLE_PROGRAM + 74: mismatch(
            Reason.PROGRAM_KEY_MISMATCH, bytes(program), number.to_bytes(32, "big")
        ),
        BUNDLE_ENCODED - 1: cut,
        BUNDLE_KEY_DIGEST: unknown_selector(
            "groth16", flip_bit(proof, BUNDLE_KEY_DIGEST)[BUNDLE_KEY_DIGEST:]
        ),
        BUNDLE_KEY_DIGEST + 31: undecodable("its key digest is of no key, but for the selector"),
        BUNDLE_VALUES: mismatch(
            Reason.PUBLIC_VALUES_MISMATCH,
            sp1_digest(golden.public_values),
            sp1_digest(values),
        ),
        BUNDLE_VERSION + 5: (
            Reason.PROOF_VERSION_MISMATCH,
            {"expected": "v5.0.0", "got": "v5.0.1"},
        ),
        len(proof) - 1: unsupported("SP1 proofs with the signature of a TEE"),
    }


def bundle_encodings(name: str, proof: bytes) -> Iterator[Case]:
    """Write parts of a bundle otherwise, or as points that are none."""
    for first in (b"0", b"+"):
        written = patched(proof, BUNDLE_PROGRAM, first)
        expected = not_canonical("public input 0")
        yield Case(name, Fault.NOT_CANONICAL, f"digit-{first.hex()}", expected, written)
    above = patched(proof, BUNDLE_DIGEST, str(curve_order).encode())
    yield Case(name, Fault.ABOVE_MODULUS, "input", not_canonical("public input 1"), above)
    encoded = proof[BUNDLE_ENCODED : BUNDLE_ENCODED + 512]
    upper = patched(proof, BUNDLE_ENCODED, encoded.upper())
    expected = undecodable("encoded_proof is not in lower case")
    yield Case(name, Fault.NOT_CANONICAL, "upper-case", expected, upper)
    zeros = patched(proof, BUNDLE_RAW, b"0" * 2)
    expected = undecodable("raw_proof is not that of encoded_proof")
    yield Case(name, Fault.NOT_CANONICAL, "two-proofs", expected, zeros)
    body = bytes.fromhex(encoded.decode())
    modulus = int(field_modulus).to_bytes(32, "big")
    for fault, at, data, answer in (
        (Fault.NOT_CANONICAL, 0, again(body, 0), not_canonical("proof: A")),
        (Fault.ABOVE_MODULUS, 224, modulus, not_canonical("proof: C")),
        (Fault.OFF_CURVE, 0, bytes(64), off_curve("proof: A")),
        (Fault.OFF_SUBGROUP, 64, OUTSIDE, (Reason.POINT_NOT_IN_SUBGROUP, {"what": "proof: B"})),
    ):
        changed = patched(body, at, data).hex().encode()
        yield Case(name, fault, f"body-{at}", answer, patched(proof, BUNDLE_ENCODED, changed))


def again(proof: bytes, at: int) -> bytes:
    """Write a coordinate as the same number modulo the field, once higher."""
    return int(number_at(proof, at) + field_modulus).to_bytes(32, "big")


def sp1_digest(values: bytes) -> bytes:
    """Hash public values as wrapped proofs commit to them: without the upper three bits."""
    digest = sha256(values).digest()
    return bytes([digest[0] & 0x1F]) + digest[1:]


def plonk_cases() -> Iterator[Case]:
    """Change each element of a PLONK proof; only two of them get as far as the equation."""
    name = "sp1-plonk"
    golden = GOLDEN_PROOFS[name]
    proof, length = golden.proof, len(golden.proof)
    yield Case(name, Fault.TRUNCATED, "empty", undecodable("it is empty"), b"")
    for kept in (4, 68, length - 1):
        expected = undecodable(f"it has {kept} bytes, expected {length}")
        yield Case(name, Fault.TRUNCATED, str(kept), expected, proof[:kept])
    for extra in (1, 1000):
        expected = trailing(length, length + extra)
        yield Case(name, Fault.EXTENDED, str(extra), expected, proof + bytes(extra))
    at = 4
    for element in PLONK_ELEMENTS:
        what = f"proof: {element}"
        if element[0].isupper():
            yield from coordinate_cases(name, proof, at, what, f"{element}.x")
            yield from coordinate_cases(name, proof, at + 32, what, f"{element}.y")
            infinity = patched(proof, at, bytes(64))
            yield Case(name, Fault.OFF_CURVE, f"infinity-{element}", off_curve(what), infinity)
            at += 64
            continue
        number = number_at(proof, at)
        for value in (number + curve_order, curve_order, (1 << 256) - 1):
            written = patched(proof, at, int(value).to_bytes(32, "big"))
            fault = Fault.NOT_CANONICAL if value % curve_order == number else Fault.ABOVE_MODULUS
            yield Case(name, fault, f"{element}-{value % 7}", not_canonical(what), written)
        at += 32
    assert at == length
    # The words for a false proof are the library's.
    false: Answer = (Reason.PROOF_INVALID, None)
    yield Case(name, Fault.FLIPPED, "value", false, flip_bit(proof, 4 + 384 + 31))
    other = ProgramVk(flip_bit(golden.program_vk, 31))
    yield Case(name, Fault.FOREIGN_KEY, "bit", false, program_vk=other)
    flipped = flip_bit(golden.public_values, 0)
    yield Case(name, Fault.OTHER_VALUES, "bit", false, public_values=flipped)


def sp1_cases() -> Iterator[Case]:
    """Change a compressed proof; what no check of ours sees has the library's words."""
    name = "sp1"
    golden = GOLDEN_PROOFS[name]
    proof, length = golden.proof, len(golden.proof)
    yield Case(name, Fault.TRUNCATED, "empty", undecodable("it is empty"), b"")
    for kept in (1, 4, 1000, length // 2, length - 1):
        expected = undecodable(f"it ends inside a field, after {kept} bytes")
        yield Case(name, Fault.TRUNCATED, str(kept), expected, proof[:kept])
    for extra in (1, 5000):
        expected = trailing(length, length + extra)
        yield Case(name, Fault.EXTENDED, str(extra), expected, proof + bytes(extra))
    for at in range(length // 20, length, length // 10):
        flipped = flip_bit(proof, at - at % 4)
        yield Case(name, Fault.FLIPPED, str(at), (Reason.PROOF_INVALID, None), flipped)
    failed = invalid("the program failed, exit code 1")
    yield Case(name, Fault.FLIPPED, "exit-code", failed, flip_bit(proof, SP1_EXIT_CODE))
    other = ProgramVk(flip_bit(golden.program_vk, 31))
    expected = mismatch(Reason.PROGRAM_KEY_MISMATCH, bytes(other), bytes(golden.program_vk))
    yield Case(name, Fault.FOREIGN_KEY, "bit", expected, program_vk=other)
    committed = sha256(golden.public_values).digest()
    for label, values in (("empty", b""), ("bit", flip_bit(golden.public_values, 0))):
        asked = sha256(values).digest()
        expected = mismatch(Reason.PUBLIC_VALUES_MISMATCH, asked, committed)
        yield Case(name, Fault.OTHER_VALUES, label, expected, public_values=values)
    # Of the recursion key, of the public elements, of an opening deep inside.
    for at in (4, 4 + 4 * 24, 0x74, 0x74 + 4 * 100, 599_998):
        expected = undecodable(f"not canonical at byte {at}")
        number = int.from_bytes(proof[at : at + 4], "little")
        higher = patched(proof, at, (number + KOALA_BEAR).to_bytes(4, "little"))
        yield Case(name, Fault.NOT_CANONICAL, str(at), expected, higher)
        above = patched(proof, at, b"\xff" * 4)
        yield Case(name, Fault.ABOVE_MODULUS, str(at), expected, above)
    # A map of tables by name: out of order, and with one name twice.
    unsorted = patched(proof, SP1_FIRST_TABLE, b"Z")
    expected = undecodable(f"not canonical at byte {SP1_FIRST_TABLE - 8}")
    yield Case(name, Fault.NOT_CANONICAL, "order", expected, unsorted)
    assert proof[SP1_LAST_TABLE : SP1_LAST_TABLE + 6] == b"Select"
    twice = patched(proof, SP1_LAST_TABLE, b"ExtAlu")
    expected = undecodable(f"not canonical at byte {SP1_FIRST_TABLE - 16}")
    yield Case(name, Fault.NOT_CANONICAL, "twice", expected, twice)


def zisk_cases() -> Iterator[Case]:
    """Change words of a ZisK proof."""
    name = "zisk"
    golden = GOLDEN_PROOFS[name]
    proof, length = golden.proof, len(golden.proof)
    yield Case(name, Fault.TRUNCATED, "empty", undecodable("it is empty"), b"")
    for kept in (1, 8, 1000, ZISK_PUBLICS, length - 1):
        expected = undecodable(f"it ends inside a field, after {kept} bytes")
        yield Case(name, Fault.TRUNCATED, str(kept), expected, proof[:kept])
    for extra in (1, 5000):
        expected = trailing(length, length + extra)
        yield Case(name, Fault.EXTENDED, str(extra), expected, proof + bytes(extra))
    # The lowest byte of a word, so that the word stays below the modulus.
    for at in range(8, ZISK_PUBLICS - 8, 8 * (ZISK_WORDS // 12)):
        yield Case(name, Fault.FLIPPED, str(at), invalid(ZISK_INVALID), flip_bit(proof, at))
    other = ProgramVk(flip_bit(golden.program_vk, 0))
    expected = mismatch(Reason.PROGRAM_KEY_MISMATCH, bytes(golden.program_vk), bytes(other))
    named = flip_bit(proof, ZISK_PUBLICS)
    yield Case(name, Fault.FLIPPED, "program", expected, named)
    expected = mismatch(Reason.PROGRAM_KEY_MISMATCH, bytes(other), bytes(golden.program_vk))
    yield Case(name, Fault.FOREIGN_KEY, "bit", expected, program_vk=other)
    whole = sha256(golden.public_values).digest()
    values = golden.public_values
    for label, given in (("empty", b""), ("bit", flip_bit(values, 255)), ("cut", values[:46])):
        expected = mismatch(Reason.PUBLIC_VALUES_MISMATCH, sha256(given).digest(), whole)
        yield Case(name, Fault.OTHER_VALUES, label, expected, public_values=given)
    # A statement of 43 bytes means the one with zeros behind it; this output says more.
    dirty: Answer = (Reason.PUBLIC_VALUES_PADDING_NOT_ZERO, {"at": 43})
    yield Case(name, Fault.OTHER_VALUES, "dirty-tail", dirty, public_values=values[:43])
    for place in (0, 12_345, ZISK_WORDS - 1):
        at, what = 8 + 8 * place, f"proof word {place}"
        above = patched(proof, at, GOLDILOCKS.to_bytes(8, "little"))
        yield Case(name, Fault.ABOVE_MODULUS, what, not_canonical(what), above)
    public = patched(proof, ZISK_PUBLICS, b"\xff" * 8)
    yield Case(name, Fault.ABOVE_MODULUS, "key", not_canonical("public word 0"), public)
    small, at = next(
        (number, at)
        for at in range(8, ZISK_PUBLICS - 8, 8)
        if (number := int.from_bytes(proof[at : at + 8], "little")) < 1 << 32
    )
    higher = patched(proof, at, (small + GOLDILOCKS).to_bytes(8, "little"))
    what = f"proof word {at // 8 - 1}"
    yield Case(name, Fault.NOT_CANONICAL, what, not_canonical(what), higher)
    wide = patched(proof, ZISK_OUTPUT + 4, b"\1")
    expected = undecodable("output word 0 has more than 32 bits")
    yield Case(name, Fault.NOT_CANONICAL, "wide", expected, wide)


def foreign_cases() -> Iterator[Case]:
    """Give each system the golden proofs of all others."""
    names = ("sp1", "sp1-groth16-bundle", "sp1-groth16", "sp1-plonk", *BODIES, "zisk")
    for name in dict.fromkeys(names):
        for other in dict.fromkeys(names):
            if GOLDEN_PROOFS[other].system is not GOLDEN_PROOFS[name].system:
                proof = GOLDEN_PROOFS[other].proof
                expected = foreign_answer(name, other, proof)
                yield Case(name, Fault.FOREIGN_TYPE, other, expected, proof)


def foreign_answer(name: str, other: str, proof: bytes) -> Answer:
    """Say what a system answers to a proof of another one."""
    limits = {"risc0-groth16": 260, "groth16-bn254-gnark": 256, "zisk": 1 << 20}
    limit = limits.get(name, 4 << 20)
    if len(proof) > limit:
        return too_large(len(proof), limit)
    match name, other:
        case "zisk", _:
            return undecodable(f"it ends inside a field, after {len(proof)} bytes")
        case "risc0-groth16", _:
            return undecodable(f"it has {len(proof)} bytes, expected 260")
        case "sp1", "sp1-groth16-bundle":
            return undecodable(f"it ends inside a field, after {len(proof)} bytes")
        case "sp1", _:
            number = int.from_bytes(proof[:4], "little")
            detail = f"invalid value: integer `{number}`, expected variant index 0 <= i < 4"
            return undecodable(detail)
        case (("sp1-groth16" | "sp1-groth16-bundle"), "sp1"):
            return unsupported("SP1 compressed proofs, only groth16 proofs are verified")
        case "sp1-plonk", "sp1":
            return unsupported("SP1 compressed proofs, only plonk proofs are verified")
        case "sp1-plonk", "sp1-groth16-bundle":
            return unsupported("SP1 groth16 proofs, only plonk proofs are verified")
    return unknown_selector(GOLDEN_PROOFS[name].system.removeprefix("sp1-"), proof)
