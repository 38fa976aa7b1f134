"""
Declare the messages that carry proofs, in every revision of EIP-8025, and their SSZ by profile.

The envelope of the newest revisions stands in `wire`; here are the others. A message weighs its
`proof_data` and a constant, so the bound on its bytes is the bound on the proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from zkattest.types.errors import DecodeError
from zkattest.types.ids import BlockHash, ChainId, ProofType, Root, ValidatorIndex
from zkattest.types.proof_profiles import ListKind, MessageKind, ProofProfile
from zkattest.types.ssz_codec import (
    OFFSET_BYTES,
    ByteList,
    ByteVector,
    Container,
    ListOf,
    ProgressiveByteList,
    ProgressiveContainer,
    Uint,
    decode_object,
)
from zkattest.types.wire import (
    PUBLIC_VALUES_CODEC,
    SIGNATURE_BYTES,
    ExecutionProofEnvelope,
    PublicValues,
    SignedExecutionProofEnvelope,
)

MAX_EXECUTION_PROOFS_PER_PAYLOAD: Final = 4


@dataclass(frozen=True, slots=True)
class PublicInput:
    """Name the payload request that a proof is about (`fulu-devnet`, `gloas-aug`)."""

    new_payload_request_root: Root


@dataclass(frozen=True, slots=True)
class ExecutionProof:
    """Hold a proof, its kind, and the public input that its sender claims."""

    proof_data: bytes
    proof_type: ProofType
    public_input: PublicInput


@dataclass(frozen=True, slots=True)
class SignedExecutionProof:
    """Carry a proof, signed by the validator that vouches for it (`fulu-devnet`, `gloas-aug`)."""

    message: ExecutionProof
    validator_index: ValidatorIndex
    signature: bytes


@dataclass(frozen=True, slots=True)
class SubnetExecutionProof:
    """Carry a proof that nobody signs, on the subnet of its kind (`teku-subnet`)."""

    block_root: Root
    block_hash: BlockHash
    subnet_id: int
    version: int
    proof_data: bytes


@dataclass(frozen=True, slots=True)
class ChainExecutionProof:
    """Hold a proof of all payloads from one beacon block to another (EIP-8440)."""

    proof_data: bytes
    proof_type: ProofType
    origin_block_root: Root
    head_block_root: Root


@dataclass(frozen=True, slots=True)
class SignedChainExecutionProof:
    """Carry a proof of a chain, signed by the validator that vouches for it."""

    message: ChainExecutionProof
    validator_index: ValidatorIndex
    signature: bytes


@dataclass(frozen=True, slots=True)
class ChainPublicInput:
    """Hold what a proof of a chain commits to; never on the wire (EIP-8440)."""

    origin_block_root: Root
    head_block_root: Root
    chain_id: ChainId
    schema_id: int


SignedMessage: TypeAlias = (
    SignedExecutionProof | SignedExecutionProofEnvelope | SignedChainExecutionProof
)
ProofMessage: TypeAlias = SubnetExecutionProof | SignedMessage
# What a validator signs.
ProofContent: TypeAlias = ExecutionProof | ExecutionProofEnvelope | ChainExecutionProof

ROOT: Final = ByteVector(32, Root)
_PROOF_TYPE: Final = Uint(1, ProofType)
_CHAIN_ID: Final = Uint(8, ChainId)
_SCHEMA_ID: Final = Uint(2, int)

PUBLIC_INPUT: Final = Container(PublicInput, new_payload_request_root=ROOT)
# The public values of a guest are the SSZ of this container, under the names of the text.
VALIDATION_RESULT: Final = ProgressiveContainer(PublicValues, **dict(PUBLIC_VALUES_CODEC.fields))
CHAIN_PUBLIC_INPUT: Final = ProgressiveContainer(
    ChainPublicInput,
    origin_block_root=ROOT,
    head_block_root=ROOT,
    chain_id=_CHAIN_ID,
    schema_id=_SCHEMA_ID,
)


def message_codec(profile: ProofProfile) -> Container[Any]:
    """Give the SSZ type of a profile's gossip message."""
    return _message_codec(profile.message, profile.proof_data, profile.max_proof_bytes)


def content_codec(profile: ProofProfile) -> Container[Any]:
    """Give the SSZ type of what a validator signs; raise ValueError where nothing is signed."""
    for name, codec in message_codec(profile).fields:
        if name == "message" and isinstance(codec, Container):
            return codec
    raise ValueError(f"{profile.name}: messages are not signed")


def submission_codec(profile: ProofProfile) -> ListOf[Any]:
    """Give the SSZ type of what the Beacon API takes: up to four messages."""
    return ListOf(message_codec(profile), MAX_EXECUTION_PROOFS_PER_PAYLOAD)


def content_submission_codec(profile: ProofProfile) -> ListOf[Any]:
    """Give the SSZ type of up to four proofs to sign; raise ValueError as `content_codec`."""
    return ListOf(content_codec(profile), MAX_EXECUTION_PROOFS_PER_PAYLOAD)


def max_content_submission_bytes(profile: ProofProfile) -> int:
    """Bound the SSZ of such a list: messages weigh more than what is signed of them."""
    return MAX_EXECUTION_PROOFS_PER_PAYLOAD * (OFFSET_BYTES + profile.max_message_bytes)


def decode_content_submission(profile: ProofProfile, data: bytes) -> tuple[ProofContent, ...]:
    """Read a list of proofs to sign from exactly these bytes; raises `DecodeError`."""
    limit_bytes = max_content_submission_bytes(profile)
    if len(data) > limit_bytes:
        raise DecodeError("object", f"{len(data)} bytes exceed the limit of {limit_bytes}")
    contents: tuple[ProofContent, ...] = content_submission_codec(profile).decode(
        memoryview(data), ""
    )
    return contents


def unsigned_message(
    profile: ProofProfile, content: ProofContent, validator_index: ValidatorIndex
) -> SignedMessage:
    """Put zeros where the signature will stand; raise ValueError where nothing is signed."""
    content_codec(profile)
    message: SignedMessage = message_codec(profile).build(
        message=content, validator_index=validator_index, signature=bytes(SIGNATURE_BYTES)
    )
    return message


def encode_message(profile: ProofProfile, message: ProofMessage) -> bytes:
    """Write a message as SSZ; raise `EncodeError` for a proof over the profile's limit."""
    return message_codec(profile).encode(message)


def decode_message(profile: ProofProfile, data: bytes) -> ProofMessage:
    """
    Read a message from exactly these bytes, whose number is checked first.

    Raises `DecodeError`. What profiles share on the wire decodes under each of them.
    """
    message: ProofMessage = decode_object(message_codec(profile), data, profile.max_message_bytes)
    return message


@cache
def _message_codec(kind: MessageKind, list_kind: ListKind, max_proof_bytes: int) -> Container[Any]:
    list_class = ByteList if list_kind is ListKind.BOUNDED else ProgressiveByteList
    proof_data = list_class(max_proof_bytes)
    match kind:
        case MessageKind.SUBNET_PROOF:
            return Container(
                SubnetExecutionProof,
                block_root=ROOT,
                block_hash=ByteVector(32, BlockHash),
                subnet_id=Uint(8, int),
                version=Uint(8, int),
                proof_data=proof_data,
            )
        case MessageKind.SIGNED_PROOF:
            return _signed(SignedExecutionProof, _content(ExecutionProof, proof_data))
        case MessageKind.SIGNED_ENVELOPE:
            return _signed(
                SignedExecutionProofEnvelope, _content(ExecutionProofEnvelope, proof_data)
            )
        case MessageKind.SIGNED_CHAIN_PROOF:
            return _signed(SignedChainExecutionProof, _content(ChainExecutionProof, proof_data))


# What stands behind proof data and type: how a proof is bound to blocks.
_BINDINGS: Final[dict[type[Any], dict[str, Any]]] = {
    ExecutionProof: {"public_input": PUBLIC_INPUT},
    ExecutionProofEnvelope: {"beacon_block_root": ROOT},
    ChainExecutionProof: {"origin_block_root": ROOT, "head_block_root": ROOT},
}


def _content(content: type[Any], proof_data: ByteList) -> Container[Any]:
    return Container(content, proof_data=proof_data, proof_type=_PROOF_TYPE, **_BINDINGS[content])


def _signed(build: type[Any], content: Container[Any]) -> Container[Any]:
    return Container(
        build,
        message=content,
        validator_index=Uint(8, ValidatorIndex),
        signature=ByteVector(SIGNATURE_BYTES, bytes),
    )
