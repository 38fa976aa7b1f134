"""The golden proofs, as bytes."""

from pathlib import Path

from zkattest.types.ids import ProgramVk

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
SP1_FOLDER = FIXTURES / "sp1-6.4-compressed"
SP1_PROOF_FILE = SP1_FOLDER / "proof.bin"
SP1_PUBLIC_VALUES_FILE = SP1_FOLDER / "public_values.bin"

SP1_PROOF = SP1_PROOF_FILE.read_bytes()
SP1_PROGRAM_VK = ProgramVk((SP1_FOLDER / "program_vk.bin").read_bytes())
SP1_PUBLIC_VALUES = SP1_PUBLIC_VALUES_FILE.read_bytes()
GROTH16_PROOF = (FIXTURES / "sp1-5-groth16" / "proof.bin").read_bytes()


def flip_bit(data: bytes, position: int, bit: int = 0) -> bytes:
    """Return the bytes with one bit changed."""
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)
