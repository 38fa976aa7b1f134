"""
List the request protocols of consensus peers: ids, types, size bounds, numbers of chunks.

A protocol is one entry; the codec and the shell know none by name. The ids of EIP-8025's requests
are served and asked for only where a profile has them (`has_req_resp`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from zkattest.types.errors import DecodeError
from zkattest.types.peering import (
    EXECUTION_PROOF_STATUS,
    METADATA_V1,
    METADATA_V2,
    METADATA_V3,
    METADATA_V4,
    PROOF_BY_ROOT_IDENTIFIERS,
    PROOFS_BY_RANGE_REQUEST,
    STATUS_V1,
    STATUS_V2,
    UINT64,
    compute_max_request_execution_proofs,
)
from zkattest.types.proof_profiles import ProofProfile
from zkattest.types.ssz_codec import ByteList, Codec

MAX_PAYLOAD_BYTES: Final = 10 << 20
"""`MAX_PAYLOAD_SIZE`, the bound of every payload whatever its type."""
MAX_CONCURRENT_REQUESTS: Final = 2
# block_root, the offset of the types, four types, and the offset of the identifier itself.
_IDENTIFIER_BYTES: Final = 32 + 4 + 4 + 4
_MAX_REQUEST_BLOCKS: Final = 128
_SMALLEST_PROOF_BYTES: Final = 145


class ProtocolName(StrEnum):
    """Name a request, without its version."""

    STATUS = "status"
    GOODBYE = "goodbye"
    PING = "ping"
    METADATA = "metadata"
    PROOFS_BY_RANGE = "execution_proofs_by_range"
    PROOFS_BY_ROOT = "execution_proofs_by_root"
    PROOF_STATUS = "execution_proof_status"


@dataclass(frozen=True, slots=True)
class PayloadType:
    """Hold an SSZ type and the sizes in bytes that its values can have."""

    codec: Codec[Any]
    least_bytes: int
    most_bytes: int

    @classmethod
    def fixed(cls, codec: Codec[Any]) -> PayloadType:
        """Take the bounds from a type of fixed size."""
        size_bytes = codec.fixed_bytes
        if size_bytes is None:
            raise ValueError("a type of varying size needs bounds")
        return cls(codec, size_bytes, size_bytes)

    def encode(self, value: object) -> bytes:
        """Write a value as SSZ; raise `EncodeError` for one that does not fit its type."""
        return self.codec.encode(value, "object")

    def decode(self, data: bytes) -> Any:
        """Read a value; raise `DecodeError`, before decoding where the size is wrong."""
        if not self.least_bytes <= len(data) <= self.most_bytes:
            wanted = f"{self.least_bytes} to {self.most_bytes}"
            raise DecodeError("object", f"{len(data)} bytes, expected {wanted}")
        return self.codec.decode(memoryview(data), "object")


@dataclass(frozen=True, slots=True)
class RequestProtocol:
    """
    Describe one protocol: what is asked, what is answered, in how many chunks.

    `request` is None where a request has no content. `context_bytes` stand before the payload of
    a successful chunk.
    """

    name: ProtocolName
    version: int
    request: PayloadType | None
    response: PayloadType
    most_chunks: int = 1
    context_bytes: int = 0

    @property
    def protocol_id(self) -> str:
        """Spell the id that a stream is negotiated with."""
        return f"/eth2/beacon_chain/req/{self.name}/{self.version}/ssz_snappy"


def _same(name: ProtocolName, version: int, codec: Codec[Any]) -> RequestProtocol:
    payload = PayloadType.fixed(codec)
    return RequestProtocol(name, version, payload, payload)


def _metadata(version: int, codec: Codec[Any]) -> RequestProtocol:
    return RequestProtocol(ProtocolName.METADATA, version, None, PayloadType.fixed(codec))


STATUS_PROTOCOLS: Final = (
    _same(ProtocolName.STATUS, 2, STATUS_V2),
    _same(ProtocolName.STATUS, 1, STATUS_V1),
)
PING: Final = _same(ProtocolName.PING, 1, UINT64)
GOODBYE: Final = _same(ProtocolName.GOODBYE, 1, UINT64)
METADATA_PROTOCOLS: Final = (
    _metadata(3, METADATA_V3),
    _metadata(2, METADATA_V2),
    _metadata(1, METADATA_V1),
)
METADATA_WITH_PROOFS: Final = _metadata(4, METADATA_V4)
_PROOF_STATUS: Final = PayloadType(EXECUTION_PROOF_STATUS, 44, 48)
PROOF_STATUS: Final = RequestProtocol(ProtocolName.PROOF_STATUS, 1, _PROOF_STATUS, _PROOF_STATUS)


def proofs_by_range(max_message_bytes: int) -> RequestProtocol:
    """Describe requests by slots, where a signed proof has at most `max_message_bytes`."""
    request = PayloadType(PROOFS_BY_RANGE_REQUEST, 20, 24)
    return _proofs(ProtocolName.PROOFS_BY_RANGE, request, max_message_bytes)


def proofs_by_root(max_message_bytes: int) -> RequestProtocol:
    """Describe requests by block roots, where a signed proof has at most `max_message_bytes`."""
    most_bytes = _MAX_REQUEST_BLOCKS * _IDENTIFIER_BYTES
    request = PayloadType(PROOF_BY_ROOT_IDENTIFIERS, 0, most_bytes)
    return _proofs(ProtocolName.PROOFS_BY_ROOT, request, max_message_bytes)


def _proofs(name: ProtocolName, request: PayloadType, max_message_bytes: int) -> RequestProtocol:
    # A proof stays bytes here: which container it is decodes with the profile, above this package.
    most_bytes = min(max_message_bytes, MAX_PAYLOAD_BYTES)
    response = PayloadType(ByteList(most_bytes), _SMALLEST_PROOF_BYTES, most_bytes)
    return RequestProtocol(name, 1, request, response, compute_max_request_execution_proofs())


def protocols_of(profile: ProofProfile) -> Sequence[RequestProtocol]:
    """Return what a node of this profile serves, the newest version of each request first."""
    basic = (*STATUS_PROTOCOLS, PING, GOODBYE, *METADATA_PROTOCOLS)
    if not profile.has_req_resp:
        return basic
    most_bytes = profile.max_message_bytes
    return (
        METADATA_WITH_PROOFS,
        *basic,
        PROOF_STATUS,
        proofs_by_range(most_bytes),
        proofs_by_root(most_bytes),
    )
