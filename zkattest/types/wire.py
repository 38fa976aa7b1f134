"""Declare the messages of the network and the public values of a proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zkattest.types.execution import (
    BLOCK_BYTES,
    CHAIN_ID,
    CLAIM_CODEC,
    VERSIONED_HASHES,
    WITNESS_CODEC,
    BlockPackage,
    ExecutionClaim,
    ExecutionWitness,
)
from zkattest.types.ids import Address, ChainId, ProofType, Root, Slot, ValidatorIndex
from zkattest.types.ssz_codec import (
    Boolean,
    ByteList,
    ByteVector,
    Container,
    ListOf,
    Uint,
    decode_object,
)

MAX_PROOF_BYTES: Final = 4_194_304
MAX_SIGNED_PROOF_BYTES: Final = 4_194_449
MAX_SIGNED_BLOCK_BYTES: Final = 10 << 20
MAX_SENDER_HINTS: Final = 1 << 20
MAX_SIGNED_CLAIM_BYTES: Final = 553
PUBLIC_VALUES_BYTES: Final = 43
SIGNATURE_BYTES: Final = 96


@dataclass(frozen=True, slots=True)
class DelayedBlock:
    """
    Hold a block of a slot with its witness and the consensus layer's versioned hashes.

    `sender_hints` say who sent each transaction, zeros for nobody; they only save time.
    """

    slot: Slot
    chain_id: ChainId
    block: bytes
    versioned_hashes: tuple[Root, ...]
    witness: ExecutionWitness
    sender_hints: tuple[Address, ...] = ()

    def encode(self) -> bytes:
        """Write the block as SSZ."""
        return DELAYED_BLOCK_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> DelayedBlock:
        """Read a block from exactly these bytes."""
        return decode_object(DELAYED_BLOCK_CODEC, data, MAX_SIGNED_BLOCK_BYTES)

    @classmethod
    def from_package(
        cls, slot: Slot, package: BlockPackage, sender_hints: tuple[Address, ...] = ()
    ) -> DelayedBlock:
        """Take a package without the claim of the parent, which every receiver tracks itself."""
        return cls(
            slot,
            package.chain_id,
            package.block,
            package.versioned_hashes,
            package.witness,
            sender_hints,
        )

    def package(self, parent_claim: ExecutionClaim) -> BlockPackage:
        """Join the block with the receiver's own claim of the parent."""
        return BlockPackage(
            self.chain_id, self.block, parent_claim, self.versioned_hashes, self.witness
        )


@dataclass(frozen=True, slots=True)
class SignedDelayedBlock:
    """Carry a block, signed by its proposer."""

    message: DelayedBlock
    proposer_index: ValidatorIndex
    signature: bytes

    def encode(self) -> bytes:
        """Write the message as SSZ."""
        return SIGNED_BLOCK_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> SignedDelayedBlock:
        """Read a message from exactly these bytes."""
        return decode_object(SIGNED_BLOCK_CODEC, data, MAX_SIGNED_BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class ExecutionProofEnvelope:
    """Hold a proof, its kind, and the block that it is said to be about."""

    proof_data: bytes
    proof_type: ProofType
    beacon_block_root: Root

    def encode(self) -> bytes:
        """Write the envelope as SSZ."""
        return ENVELOPE_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> ExecutionProofEnvelope:
        """Read an envelope from exactly these bytes."""
        return decode_object(ENVELOPE_CODEC, data, MAX_SIGNED_PROOF_BYTES)


@dataclass(frozen=True, slots=True)
class SignedExecutionProofEnvelope:
    """Carry a proof, signed by the validator that vouches for it."""

    message: ExecutionProofEnvelope
    validator_index: ValidatorIndex
    signature: bytes

    def encode(self) -> bytes:
        """Write the message as SSZ."""
        return SIGNED_PROOF_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> SignedExecutionProofEnvelope:
        """Read a message from exactly these bytes."""
        return decode_object(SIGNED_PROOF_CODEC, data, MAX_SIGNED_PROOF_BYTES)


@dataclass(frozen=True, slots=True)
class SignedExecutionClaim:
    """Carry a claim: it opens a proven root, because anyone can hash it."""

    message: ExecutionClaim
    validator_index: ValidatorIndex
    signature: bytes

    def encode(self) -> bytes:
        """Write the message as SSZ."""
        return SIGNED_CLAIM_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> SignedExecutionClaim:
        """Read a message from exactly these bytes."""
        return decode_object(SIGNED_CLAIM_CODEC, data, MAX_SIGNED_CLAIM_BYTES)


@dataclass(frozen=True, slots=True)
class PublicValues:
    """Hold the 43 bytes that a guest program commits to."""

    root: Root
    valid: bool
    chain_id: ChainId
    schema_id: int

    def encode(self) -> bytes:
        """Write the 43 bytes."""
        return PUBLIC_VALUES_CODEC.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> PublicValues:
        """Read exactly 43 bytes."""
        return decode_object(PUBLIC_VALUES_CODEC, data, PUBLIC_VALUES_BYTES)

    @property
    def is_sentinel(self) -> bool:
        """Tell whether the guest answered that its input was not usable: 43 zero bytes."""
        return not any(self.encode())


_INDEX = Uint(8, ValidatorIndex)
_SIGNATURE = ByteVector(SIGNATURE_BYTES, bytes)
_ROOT = ByteVector(32, Root)

DELAYED_BLOCK_CODEC = Container(
    DelayedBlock,
    slot=Uint(8, Slot),
    chain_id=CHAIN_ID,
    block=BLOCK_BYTES,
    versioned_hashes=VERSIONED_HASHES,
    witness=WITNESS_CODEC,
    sender_hints=ListOf(ByteVector(20, Address), MAX_SENDER_HINTS),
)
SIGNED_BLOCK_CODEC = Container(
    SignedDelayedBlock, message=DELAYED_BLOCK_CODEC, proposer_index=_INDEX, signature=_SIGNATURE
)
ENVELOPE_CODEC = Container(
    ExecutionProofEnvelope,
    proof_data=ByteList(MAX_PROOF_BYTES),
    proof_type=Uint(1, ProofType),
    beacon_block_root=_ROOT,
)
SIGNED_PROOF_CODEC = Container(
    SignedExecutionProofEnvelope,
    message=ENVELOPE_CODEC,
    validator_index=_INDEX,
    signature=_SIGNATURE,
)
SIGNED_CLAIM_CODEC = Container(
    SignedExecutionClaim, message=CLAIM_CODEC, validator_index=_INDEX, signature=_SIGNATURE
)
PUBLIC_VALUES_CODEC = Container(
    PublicValues, root=_ROOT, valid=Boolean(), chain_id=CHAIN_ID, schema_id=Uint(2, int)
)
