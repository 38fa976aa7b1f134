"""The golden proofs, as bytes."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from zkattest.types.ids import ProgramVk
from zkattest.types.programs import ProofSystem

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
SP1_FOLDER = FIXTURES / "sp1-6.4-compressed"
SP1_PROOF_FILE = SP1_FOLDER / "proof.bin"
SP1_PUBLIC_VALUES_FILE = SP1_FOLDER / "public_values.bin"

SP1_PROOF = SP1_PROOF_FILE.read_bytes()
SP1_PROGRAM_VK = ProgramVk((SP1_FOLDER / "program_vk.bin").read_bytes())
SP1_PUBLIC_VALUES = SP1_PUBLIC_VALUES_FILE.read_bytes()
# A circuit that is withdrawn: nothing of it is verified.
WITHDRAWN = FIXTURES / "sp1-6.0-plonk"
PLONK_V5_KEY = (
    FIXTURES.parents[1] / "rust/verifiers/sp1-snark/src/keys/plonk-v5.0.0.bin"
).read_bytes()
GROTH16_PROOF = (FIXTURES / "sp1-5-groth16" / "proof.bin").read_bytes()


def flip_bit(data: bytes, position: int, bit: int = 0) -> bytes:
    """Return the bytes with one bit changed."""
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


@dataclass(frozen=True)
class GoldenProof:
    """A proof of a system, with all that its verifier wants."""

    system: ProofSystem
    program_vk: ProgramVk
    proof: bytes
    public_values: bytes
    version: str
    verifier_key: bytes | None = None
    carries_values: bool = False


def _golden(system: ProofSystem, folder: str, version: str, **more: bool) -> GoldenProof:
    at = FIXTURES / folder
    return GoldenProof(
        system,
        ProgramVk((at / "program_vk.bin").read_bytes()),
        (at / "proof.bin").read_bytes(),
        (at / "public_values.bin").read_bytes(),
        version,
        **more,
    )


def _generic(key: Path) -> GoldenProof:
    at = FIXTURES / "groth16-bn254"
    return GoldenProof(
        ProofSystem.GROTH16_BN254,
        ProgramVk(sha256(key.read_bytes()).digest()),
        (at / "proof.bin").read_bytes(),
        (at / "public_values.bin").read_bytes(),
        "bn254",
        key.read_bytes(),
    )


def _risc0() -> GoldenProof:
    found = json.loads((FIXTURES / "risc0-groth16" / "receipt.json").read_text())
    receipt = found["receipts"]["V5_0"]
    return GoldenProof(
        ProofSystem.RISC0_GROTH16,
        ProgramVk.from_hex("0x" + receipt["image_id"]),
        bytes.fromhex(receipt["seal"]),
        bytes.fromhex(receipt["journal"]),
        "5.0",
    )


def _given_key() -> GoldenProof:
    """
    Put SP1's Groth16 proof under a key that no table has, with the root that such a key brings.

    The sign of a point that no verifier reads is another: another digest, the same equation.
    """
    golden = _golden(ProofSystem.SP1_GROTH16, "sp1-6.1-groth16", "v6.1.0")
    known = (FIXTURES / "sp1-6.1-groth16" / "groth16_vk.bin").read_bytes()
    key = flip_bit(known, 32, 6)
    selector, root = sha256(key).digest()[:4], golden.proof[36:68]
    return replace(
        golden,
        proof=selector + golden.proof[4:],
        version=f"selector 0x{selector.hex()}",
        verifier_key=key + root,
    )


SP1_BUNDLE_KEY = ProgramVk.from_hex(
    "0x00bb9e57314d7ee4f65a4b9fb46fbeae0495f2015c5a8a737333680ce6bb424e"
)
SP1_BUNDLE_VALUES = b"".join(number.to_bytes(4, "little") for number in (20, 6765, 3027))

GOLDEN_PROOFS = {
    "sp1": _golden(ProofSystem.SP1, "sp1-6.4-compressed", "v6.1.0", carries_values=True),
    "sp1-groth16": _golden(ProofSystem.SP1_GROTH16, "sp1-6.1-groth16", "v6.1.0"),
    "sp1-groth16-bundle": GoldenProof(
        ProofSystem.SP1_GROTH16,
        SP1_BUNDLE_KEY,
        GROTH16_PROOF,
        SP1_BUNDLE_VALUES,
        "v5.0.0",
        carries_values=True,
    ),
    "sp1-plonk": _golden(ProofSystem.SP1_PLONK, "sp1-5-plonk", "v5.0.0"),
    "sp1-groth16-given-key": _given_key(),
    "risc0-groth16": _risc0(),
    "zisk": _golden(ProofSystem.ZISK, "zisk-1.1-vadcop", "1.1.0-alpha", carries_values=True),
    "groth16-bn254-gnark": _generic(FIXTURES / "sp1-5-groth16" / "groth16_vk.bin"),
    "groth16-bn254-snarkjs": _generic(FIXTURES / "groth16-bn254" / "verification_key.json"),
}
