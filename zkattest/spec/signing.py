"""Hold what a signature over a proof covers, and why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zkattest.crypto import hashing
from zkattest.spec.reasons import Cause, Refusal
from zkattest.types.ids import ProofType, Root, Slot

DOMAIN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SigningData:
    """
    Join the root of an object with a domain of 32 bytes (`SigningData` of the consensus specs).

    Raises `ValueError` for a domain of another length.
    """

    object_root: Root
    domain: bytes

    def __post_init__(self) -> None:
        """Check the domain's length once."""
        if len(self.domain) != DOMAIN_BYTES:
            raise ValueError(f"domain: {len(self.domain)} bytes, expected {DOMAIN_BYTES}")

    @property
    def signing_root(self) -> Root:
        """Return the message that is signed: `compute_signing_root`."""
        return hashing.signing_root(self.object_root, self.domain)


@dataclass(frozen=True, slots=True)
class ProofSubject:
    """
    Name what a key signs one proof of: a block and a type.

    The slot is the block's and says when the entry may be forgotten; None where it is not known.
    """

    pubkey: bytes
    beacon_block_root: Root
    proof_type: ProofType
    slot: Slot | None = None


class SigningRefused(Refusal):
    """Refuse to sign: the signature would contradict an earlier one, or might."""


class CannotSign(Exception):
    """Say that there is no signature, and why; a fault of ours or of the signer's."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        """Keep the cause and one line of detail."""
        super().__init__(f"{cause}: {detail}" if detail else str(cause))
        self.cause = cause
        self.detail = detail
