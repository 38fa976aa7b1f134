"""The systems over BN254 against py_ecc: both say the same of every proof."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from py_ecc.optimized_bn128.optimized_curve import curve_order, field_modulus

from tests.helpers import groth16_oracle as oracle
from tests.helpers import plonk_oracle
from tests.helpers.proofs import (
    FIXTURES,
    GOLDEN_PROOFS,
    GROTH16_PROOF,
    PLONK_V5_KEY,
    GoldenProof,
    flip_bit,
)
from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof
from zkattest.types.ids import ProgramVk
from zkattest.verify.builtin import BuiltInVerifier

SP1_V5_KEY = (FIXTURES / "sp1-5-groth16" / "groth16_vk.bin").read_bytes()
GENERIC = GOLDEN_PROOFS["groth16-bn254-gnark"]
# The body of the bundle of SP1 5, which holds it in hexadecimal.
SP1_V5_BODY = bytes.fromhex(GROTH16_PROOF[0xB4:0x2B4].decode())
SP1_V5 = GOLDEN_PROOFS["sp1-groth16-bundle"]
SP1_V6 = GOLDEN_PROOFS["sp1-groth16"]
SP1_V6_KEY = (FIXTURES / "sp1-6.1-groth16" / "groth16_vk.bin").read_bytes()
PLONK = GOLDEN_PROOFS["sp1-plonk"]
# What a circuit from v6 puts between selector and body: exit code, root, nonce.
HEADER_BYTES = 96


def negate(body: bytes, at: int) -> bytes:
    """Negate the point of G1 whose y stands at a place."""
    y = field_modulus - int.from_bytes(body[at : at + 32], "big")
    return body[:at] + y.to_bytes(32, "big") + body[at + 32 :]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "golden": lambda body: body,
    "negated": lambda body: negate(body, 224),
    "swapped": lambda body: body[192:] + body[64:192] + body[:64],
    "off the curve": lambda body: flip_bit(body, 31),
    "off the twist": lambda body: flip_bit(body, 127),
    "not canonical": lambda body: b"\xff" * 32 + body[32:],
    "infinity": lambda body: bytes(64) + body[64:],
    "cut": lambda body: body[:-32],
}


def oracle_accepts(key: oracle.Key, body: bytes, inputs: list[int]) -> bool:
    try:
        return oracle.verify(key, body, inputs)
    except ValueError:
        return False


def ours_accepts(golden: GoldenProof, proof: bytes, values: bytes) -> bool:
    verifier = BuiltInVerifier(golden.system, golden.program_vk, golden.verifier_key)
    try:
        verifier.verify(proof, values)
    except InvalidProof:
        return False
    return True


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def committed(values: bytes) -> int:
    """Hash public values as SP1 does, into a field of 254 bits."""
    return int.from_bytes(sha256(values).digest(), "big") & ((1 << 253) - 1)


@pytest.fixture(scope="module")
def gnark() -> oracle.Key:
    return oracle.Key.from_gnark(SP1_V5_KEY)


def test_keys__both_encodings_are_one_key(gnark: oracle.Key) -> None:
    text = (FIXTURES / "groth16-bn254" / "verification_key.json").read_text()
    assert oracle.Key.from_snarkjs(text) == gnark


@pytest.mark.parametrize("change", CHANGES)
def test_generic__agrees_with_py_ecc(gnark: oracle.Key, change: str) -> None:
    body = CHANGES[change](GENERIC.proof)
    theirs = oracle_accepts(gnark, body, words(GENERIC.public_values))
    assert ours_accepts(GENERIC, body, GENERIC.public_values) is theirs
    assert theirs is (change == "golden")


def test_generic__agrees_with_py_ecc_on_other_inputs(gnark: oracle.Key) -> None:
    values = flip_bit(GENERIC.public_values, 63)
    assert not oracle_accepts(gnark, GENERIC.proof, words(values))
    assert not ours_accepts(GENERIC, GENERIC.proof, values)


@pytest.mark.parametrize("change", ["golden", "negated", "off the twist"])
def test_sp1_v5__agrees_with_py_ecc(gnark: oracle.Key, change: str) -> None:
    body = CHANGES[change](SP1_V5_BODY)
    inputs = [*words(SP1_V5.program_vk), committed(SP1_V5.public_values)]
    theirs = oracle_accepts(gnark, body, inputs)
    proof = sha256(SP1_V5_KEY).digest()[:4] + body
    assert ours_accepts(SP1_V5, proof, SP1_V5.public_values) is theirs
    assert theirs is (change == "golden")


def sp1_v6_inputs(golden: GoldenProof) -> list[int]:
    """Give the five public inputs of circuits from v6, three of which stand in the proof."""
    header = golden.proof[4 : 4 + HEADER_BYTES]
    return [*words(golden.program_vk), committed(golden.public_values), *words(header)]


@pytest.mark.parametrize("change", ["golden", "negated", "off the twist"])
def test_sp1_v6__agrees_with_py_ecc(change: str) -> None:
    key = oracle.Key.from_gnark(SP1_V6_KEY)
    start = 4 + HEADER_BYTES
    body = CHANGES[change](SP1_V6.proof[start:])
    theirs = oracle_accepts(key, body, sp1_v6_inputs(SP1_V6))
    assert ours_accepts(SP1_V6, SP1_V6.proof[:start] + body, SP1_V6.public_values) is theirs
    assert theirs is (change == "golden")


def test_sp1_v6__nonce_is_bound_in_both() -> None:
    key = oracle.Key.from_gnark(SP1_V6_KEY)
    inputs = sp1_v6_inputs(SP1_V6)
    inputs[4] += 1
    assert not oracle_accepts(key, SP1_V6.proof[4 + HEADER_BYTES :], inputs)
    nonce = inputs[4].to_bytes(32, "big")
    proof = SP1_V6.proof[:68] + nonce + SP1_V6.proof[100:]
    assert not ours_accepts(SP1_V6, proof, SP1_V6.public_values)


def risc0_key() -> oracle.Key:
    """Read the key beside the receipt; its imaginary parts come first."""
    found = json.loads((FIXTURES / "risc0-groth16" / "receipt.json").read_text())
    key = found["groth16_vk"]

    def g2(name: str) -> oracle.Point:
        return oracle.g2([(key[f"{name}{axis}2"], key[f"{name}{axis}1"]) for axis in "xy"])

    return oracle.Key(
        oracle.g1(int(key["alphax"]), int(key["alphay"])),
        g2("beta"),
        g2("gamma"),
        g2("delta"),
        tuple(oracle.g1(int(key[f"IC{index}x"]), int(key[f"IC{index}y"])) for index in range(6)),
    )


def risc0_inputs(golden: GoldenProof, release: str = "V5_0") -> list[int]:
    """Build the claim of a receipt by RISC Zero's definition, and split it into public inputs."""
    found = json.loads((FIXTURES / "risc0-groth16" / "receipt.json").read_text())
    row = found["parameters"][release]
    root = bytes.fromhex(row["control_root"])
    control_id = bytes.fromhex(row["bn254_control_id"])

    def tagged(tag: str, *down: bytes, data: tuple[int, ...] = ()) -> bytes:
        words = b"".join(number.to_bytes(4, "little") for number in data)
        count = len(down).to_bytes(2, "little")
        return sha256(sha256(tag.encode()).digest() + b"".join(down) + words + count).digest()

    zero = bytes(32)
    output = tagged("risc0.Output", sha256(golden.public_values).digest(), zero)
    halted = tagged("risc0.SystemState", zero, data=(0,))
    claim = tagged(
        "risc0.ReceiptClaim", zero, bytes(golden.program_vk), halted, output, data=(0, 0)
    )
    halves = [
        int.from_bytes(half[::-1], "big")
        for digest in (root, claim)
        for half in (digest[:16], digest[16:])
    ]
    return [*halves, int.from_bytes(control_id, "big")]


@pytest.mark.parametrize("change", ["golden", "negated", "off the twist"])
def test_risc0__agrees_with_py_ecc(change: str) -> None:
    golden = GOLDEN_PROOFS["risc0-groth16"]
    body = CHANGES[change](golden.proof[4:])
    theirs = oracle_accepts(risc0_key(), body, risc0_inputs(golden))
    assert ours_accepts(golden, golden.proof[:4] + body, golden.public_values) is theirs
    assert theirs is (change == "golden")


@pytest.mark.parametrize("release", ["V1_1", "V1_2", "V2_2", "V3_0"])
def test_risc0__agrees_with_py_ecc_on_older_releases(release: str) -> None:
    found = json.loads((FIXTURES / "risc0-groth16" / "receipt.json").read_text())
    receipt = found["receipts"][release]
    golden = replace(
        GOLDEN_PROOFS["risc0-groth16"],
        program_vk=ProgramVk.from_hex("0x" + receipt["image_id"]),
        proof=bytes.fromhex(receipt["seal"]),
        public_values=bytes.fromhex(receipt["journal"]),
    )
    assert oracle_accepts(risc0_key(), golden.proof[4:], risc0_inputs(golden, release))
    assert ours_accepts(golden, golden.proof, golden.public_values)


def rewritten(body: bytes, at: int, change: Callable[[int], int]) -> bytes:
    """Change the number of 32 bytes that stands at a place."""
    number = change(int.from_bytes(body[at : at + 32], "big"))
    return body[:at] + number.to_bytes(32, "big") + body[at + 32 :]


# Z's y stands at 576; l(zeta) at 384, z at the shifted point at 608; L, R and O in front.
PLONK_CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "golden": lambda body: body,
    "another value": lambda body: rewritten(body, 384, lambda value: value ^ 1),
    "negated": lambda body: rewritten(body, 576, lambda y: field_modulus - y),
    "swapped": lambda body: body[64:128] + body[:64] + body[128:],
    "not reduced": lambda body: rewritten(body, 608, lambda value: value + curve_order),
    "off the curve": lambda body: flip_bit(body, 31),
    "infinity": lambda body: bytes(64) + body[64:],
    "cut": lambda body: body[:-32],
}


def plonk_oracle_accepts(key: plonk_oracle.Key, body: bytes, inputs: list[int]) -> bool:
    try:
        return plonk_oracle.verify(key, body, inputs)
    except ValueError:
        return False


@pytest.fixture(scope="module")
def plonk() -> plonk_oracle.Key:
    return plonk_oracle.Key.from_gnark(PLONK_V5_KEY)


@pytest.mark.slow
@pytest.mark.parametrize("change", PLONK_CHANGES)
def test_plonk__agrees_with_py_ecc(plonk: plonk_oracle.Key, change: str) -> None:
    body = PLONK_CHANGES[change](PLONK.proof[4:])
    inputs = [*words(PLONK.program_vk), committed(PLONK.public_values)]
    theirs = plonk_oracle_accepts(plonk, body, inputs)
    assert ours_accepts(PLONK, PLONK.proof[:4] + body, PLONK.public_values) is theirs
    assert theirs is (change == "golden")


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_plonk__agrees_with_py_ecc_on_other_inputs(plonk: plonk_oracle.Key, index: int) -> None:
    inputs = [*words(PLONK.program_vk), committed(PLONK.public_values)]
    inputs[index] ^= 1
    assert not plonk_oracle_accepts(plonk, PLONK.proof[4:], inputs)
    other = (
        replace(PLONK, program_vk=ProgramVk(flip_bit(PLONK.program_vk, 31))),
        replace(PLONK, public_values=flip_bit(PLONK.public_values, 0)),
    )[index]
    assert not ours_accepts(other, PLONK.proof, other.public_values)


def test_plonk__withdrawn_proof_is_not_checked_though_its_equation_holds() -> None:
    at = FIXTURES / "sp1-6.0-plonk"
    proof, key = (at / "proof.bin").read_bytes(), (at / "plonk_vk.bin").read_bytes()
    golden = replace(
        PLONK,
        program_vk=ProgramVk((at / "program_vk.bin").read_bytes()),
        proof=proof,
        public_values=(at / "public_values.bin").read_bytes(),
    )
    theirs = plonk_oracle.Key.from_gnark(key)
    assert plonk_oracle_accepts(theirs, proof[4 + HEADER_BYTES :], sp1_v6_inputs(golden))
    with pytest.raises(CannotVerify) as failure:
        BuiltInVerifier(golden.system, golden.program_vk).verify(proof, golden.public_values)
    assert failure.value.cause is Cause.UNSUPPORTED_PROOF_KIND
    assert "GHSA-63x8-x938-vx33" in failure.value.detail
