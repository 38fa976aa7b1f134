"""
Read from a consensus node what a proof of a block has to prove.

The node is the operator's own and is believed about its chain; its answers are bounded in time and
size, and one that does not have the shape of the Beacon API is a `SourceUnavailable`.

ethereum/beacon-APIs: `/eth/v1/beacon/headers`, `/eth/v2/beacon/blocks`,
`/eth/v1/beacon/execution_payload_envelopes`, `/eth/v1/beacon/states/…/finality_checkpoints`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zkattest.crypto.hashing import sha256
from zkattest.crypto.proof_roots import hash_tree_root_request
from zkattest.rpc.bounded_http import BoundedHttp
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Epoch, Root, Slot
from zkattest.types.json_text import parse_json
from zkattest.types.payload_request import NewPayloadRequest, request_codec
from zkattest.types.proof_profiles import PayloadFork, ProofProfile
from zkattest.types.ssz_codec import ByteVector, ListOf, Uint
from zkattest.types.ssz_json import JsonObject, read_json

VERSIONED_HASH_VERSION_KZG: Final = b"\x01"
_MAX_BLOCK_BYTES: Final = 64 << 20
_MAX_SMALL_BYTES: Final = 1 << 16
_ROOT: Final = ByteVector(32, Root)
_SLOT: Final = Uint(8, Slot)
_EPOCH: Final = Uint(8, Epoch)
_COMMITMENTS: Final = ListOf(ByteVector(48, bytes), 4096)


@dataclass(frozen=True, slots=True)
class BeaconHead:
    """Name a block, its slot and its parent."""

    root: Root
    slot: Slot
    parent_root: Root


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Name an epoch and the block at its start."""

    epoch: Epoch
    root: Root


class BeaconChain:
    """
    Ask one consensus node; every method blocks.

    Raises `SourceUnavailable` or `SourceTimeout` where there is no answer of the right shape.
    """

    def __init__(self, url: str, profile: ProofProfile, deadline_ms: int = 4_000) -> None:
        """Prepare for a node; raises `ValueError` for what is no http(s) address."""
        self._http = BoundedHttp(url, connections=2, deadline_ms=deadline_ms)
        self._profile = profile
        fields = dict(request_codec(profile).fields)
        self._payload = fields["execution_payload"]
        self._requests = fields["execution_requests"]

    @property
    def name(self) -> str:
        """Return the node's host and port."""
        return self._http.name

    def header(self, block: str | Root) -> BeaconHead | None:
        """Return the header of `head` or of a root; None where the node has no such block."""
        data = self._get(f"/eth/v1/beacon/headers/{block}", _MAX_SMALL_BYTES)
        if data is None:
            return None
        message = self._at(data, "header", "message")
        return BeaconHead(
            root=self._read(_ROOT, data, "root"),
            slot=self._read(_SLOT, message, "slot"),
            parent_root=self._read(_ROOT, message, "parent_root"),
        )

    def finalized(self) -> Checkpoint:
        """Return what the head's state has finalized."""
        path = "/eth/v1/beacon/states/head/finality_checkpoints"
        data = self._get(path, _MAX_SMALL_BYTES)
        if data is None:
            self._http.refuse("the head has no state")
        finalized = self._at(data, "finalized")
        return Checkpoint(
            self._read(_EPOCH, finalized, "epoch"), self._read(_ROOT, finalized, "root")
        )

    def payload_request_root(self, root: Root) -> Root | None:
        """Return `new_payload_request_root` of a block; None where its payload is not there yet."""
        envelope: dict[str, Any] = {}
        is_gloas = self._profile.payload_fork is PayloadFork.GLOAS
        if is_gloas:
            # First: the block is large, and while a block is polled it is the envelope that lacks.
            path = f"/eth/v1/beacon/execution_payload_envelopes/{root}"
            found = self._get(path, _MAX_BLOCK_BYTES)
            if found is None:
                return None
            envelope = self._at(found, "message")
        data = self._get(f"/eth/v2/beacon/blocks/{root}", _MAX_BLOCK_BYTES)
        if data is None:
            return None
        block = self._at(data, "message")
        body = self._at(block, "body")
        if is_gloas:
            payload, requests, payload_key = envelope, envelope, "payload"
            commitments = self._at(body, "signed_execution_payload_bid", "message")
        else:
            payload, requests, payload_key = body, body, "execution_payload"
            commitments = body
        hashes = self._read(_COMMITMENTS, commitments, "blob_kzg_commitments")
        request = NewPayloadRequest(
            execution_payload=self._read(self._payload, payload, payload_key),
            versioned_hashes=versioned_hashes(hashes),
            parent_beacon_block_root=self._read(_ROOT, block, "parent_root"),
            execution_requests=self._read(self._requests, requests, "execution_requests"),
        )
        return hash_tree_root_request(self._profile, request)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _get(self, path: str, max_bytes: int) -> dict[str, Any] | None:
        with self._http.within_deadline():
            answer = self._http.exchange("GET", path, max_bytes=max_bytes)
        if answer.status == 404:
            return None
        if answer.status != 200:
            self._http.refuse(f"{path}: status {answer.status}")
        try:
            parsed = parse_json(answer.body, JsonObject)
        except ValueError as error:
            self._http.refuse(f"{path}: {error}")
        return self._at(parsed, "data")

    def _at(self, parsed: Any, *names: str) -> dict[str, Any]:
        """Walk down to an object."""
        for name in names:
            parsed = dict(parsed).get(name) if isinstance(parsed, JsonObject | dict) else None
            if not isinstance(parsed, JsonObject):
                self._http.refuse(f"{name}: expected an object")
        return dict(parsed)

    def _read(self, codec: Any, parsed: dict[str, Any], name: str) -> Any:
        try:
            return read_json(codec, parsed.get(name), name)
        except DecodeError as error:
            self._http.refuse(str(error))


def versioned_hashes(commitments: Sequence[bytes]) -> tuple[Root, ...]:
    """Return the versioned hash of each KZG commitment (EIP-4844)."""
    return tuple(Root(VERSIONED_HASH_VERSION_KZG + sha256(one)[1:]) for one in commitments)
