"""Gossip messages of each profile: their bytes, their JSON and their roots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from tools.vectors.eip8025 import merkle
from zkattest.types.proof_profiles import ListKind, MessageKind, ProofProfile

SIGNATURE_BYTES: Final = 96
# Bytes 0 to 255: in the vectors of others byte i of a proof is i mod 256.
COUNTED: Final = bytes(range(256))
# Longer runs are written as a rule.
SHORT_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Data:
    """Hold bytes together with the rule that a vector has for them."""

    raw: bytes
    pieces: tuple[Any, ...]

    def __add__(self, other: Data) -> Data:
        """Join two runs."""
        return Data(self.raw + other.raw, self.pieces + other.pieces)

    def to_json(self) -> Any:
        """Write the bytes as vectors do: neighbouring digits in one piece."""
        parts: list[Any] = []
        for one in self.pieces:
            if isinstance(one, str) and parts and isinstance(parts[-1], str):
                parts[-1] += one[2:]
            elif one != "0x":
                parts.append(one)
        return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else (parts or "0x")


def plain(raw: bytes) -> Data:
    """Write every byte."""
    return Data(raw, ("0x" + raw.hex(),))


def counted(size: int) -> Data:
    """Give bytes that count from 0 to 255 and begin again."""
    times, rest = divmod(size, len(COUNTED))
    if size <= SHORT_BYTES:
        return plain(COUNTED[:size])
    run = Data(COUNTED * times, ({"repeat": "0x" + COUNTED.hex(), "times": times},))
    return (run if times else plain(b"")) + plain(COUNTED[:rest])


def noise(seed: str, size: int) -> Data:
    """Give bytes that do not compress, from a seed of words."""
    digest = sha256(seed.encode()).digest()
    blocks = range((size + 31) // 32)
    raw = b"".join(sha256(digest + one.to_bytes(8, "little")).digest() for one in blocks)[:size]
    if size <= SHORT_BYTES:
        return plain(raw)
    return Data(raw, ({"sha256": "0x" + digest.hex(), "bytes": size},))


@dataclass(frozen=True, slots=True)
class Message:
    """
    Hold what a message of any profile says.

    `subject` is the beacon block root, the payload request root, or the newer of the two block
    roots of EIP-8440; `other` is the older one, or the block hash of `teku-subnet`.
    """

    profile: ProofProfile
    proof: Data
    proof_type: int
    subject: bytes
    validator_index: int = 0
    signature: bytes = bytes(SIGNATURE_BYTES)
    other: bytes = field(default=bytes(32))

    def ssz(self) -> Data:
        """Write the whole message."""
        if self.profile.message is MessageKind.SUBNET_PROOF:
            head = self.subject + self.other + _u64(self.proof_type) + _u64(self.validator_index)
            return plain(head + (84).to_bytes(4, "little")) + self.proof
        fixed = bytes([self.proof_type]) + self._binding()
        content = plain((4 + len(fixed)).to_bytes(4, "little") + fixed) + self.proof
        head = (108).to_bytes(4, "little") + _u64(self.validator_index) + self.signature
        return plain(head) + content

    def json(self) -> dict[str, Any]:
        """Write the message as the Beacon API does."""
        proof = "0x" + self.proof.raw.hex()
        if self.profile.message is MessageKind.SUBNET_PROOF:
            return {
                "block_root": _hex(self.subject),
                "block_hash": _hex(self.other),
                "subnet_id": str(self.proof_type),
                "version": str(self.validator_index),
                "proof_data": proof,
            }
        content: dict[str, Any] = {"proof_data": proof, "proof_type": str(self.proof_type)}
        return {
            "message": {**content, **self._binding_json()},
            "validator_index": str(self.validator_index),
            "signature": _hex(self.signature),
        }

    def content_root(self) -> bytes:
        """Hash what is signed."""
        # A container of one field, as the public input of old is, has the root of that field.
        binding = self._binding()
        roots = [binding[at : at + 32] for at in range(0, len(binding), 32)]
        return merkle.container(self._data_root(), merkle.number(self.proof_type), *roots)

    def root(self) -> bytes:
        """Hash the whole message."""
        if self.profile.message is MessageKind.SUBNET_PROOF:
            numbers = (merkle.number(self.proof_type), merkle.number(self.validator_index))
            return merkle.container(self.subject, self.other, *numbers, self._data_root())
        return merkle.container(
            self.content_root(),
            merkle.number(self.validator_index),
            merkle.byte_vector(self.signature),
        )

    def _data_root(self) -> bytes:
        if self.profile.proof_data is ListKind.PROGRESSIVE:
            return merkle.progressive_byte_list(self.proof.raw)
        return merkle.byte_list(self.proof.raw, self.profile.max_proof_bytes)

    def _binding(self) -> bytes:
        if self.profile.message is MessageKind.SIGNED_CHAIN_PROOF:
            return self.other + self.subject
        return self.subject

    def _binding_json(self) -> dict[str, Any]:
        writers: dict[MessageKind, Callable[[], dict[str, Any]]] = {
            MessageKind.SIGNED_PROOF: lambda: {
                "public_input": {"new_payload_request_root": _hex(self.subject)}
            },
            MessageKind.SIGNED_ENVELOPE: lambda: {"beacon_block_root": _hex(self.subject)},
            MessageKind.SIGNED_CHAIN_PROOF: lambda: {
                "origin_block_root": _hex(self.other),
                "head_block_root": _hex(self.subject),
            },
        }
        return writers[self.profile.message]()


def compute_domain(domain_type: bytes, fork_version: bytes, validators_root: bytes) -> bytes:
    """Give the domain of a fork of a network."""
    fork = merkle.container(fork_version.ljust(32, b"\0"), validators_root)
    return domain_type + fork[:28]


def signing_root(object_root: bytes, domain: bytes) -> bytes:
    """Give the message that is signed."""
    return merkle.container(object_root, domain)


def _u64(value: int) -> bytes:
    return value.to_bytes(8, "little")


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
