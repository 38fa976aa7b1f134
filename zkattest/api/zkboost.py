"""
Speak the HTTP API of zkboost v0.7, and in the same routes that of eth_proof_verifier.

Sources: eth-act/zkboost `openapi.json` of 29 May 2026; dapplion/eth_proof_verifier `src/api.rs`.
A verification that names a chain, a schema or the validation is eth_proof_verifier's: proof types
are numbers there, an unknown one answers 400 and not 404, and errors stand under `error`, too.
Here nothing proves what is requested: whoever brings a good proof in time completes a request.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

import trio
from pydantic import Field
from starlette.responses import JSONResponse, Response

from zkattest.api.errors import NOT_ENABLED, UNKNOWN_PROGRAMS, error_answers, in_words, not_checked
from zkattest.api.events import EventStream, Write
from zkattest.api.fields import Bytes32, Decimal16, Decimal64, Flag, Model, Query
from zkattest.api.guard import StreamCount, TooBusy
from zkattest.api.limits import address_of
from zkattest.api.operations import (
    BINARY,
    EVENTS,
    JSON,
    OCTETS,
    TEXT_BODY,
    Answered,
    Call,
    HttpFailure,
    NoFields,
    Operation,
    Raw,
    Taken,
)
from zkattest.api.proof_names import ProofNames
from zkattest.crypto.proof_roots import hash_tree_root_request
from zkattest.ports import ProofEngine
from zkattest.spec.verdicts import NotChecked, ProofVerdict, Refused, Verified
from zkattest.types.errors import DecodeError
from zkattest.types.ids import ChainId, Root
from zkattest.types.payload_request import MAX_REQUEST_BYTES, decode_request
from zkattest.types.proof_profiles import ProofProfile
from zkattest.types.verification import EngineEvent, FailureReason, ProofComplete, ProofTypeInfo
from zkattest.types.wire import MAX_PROOF_BYTES, PublicValues

_REQUESTS: Final = "/v1/execution_proof_requests"
_UNDECODABLE_SCHEMA_ID: Final = 0
_MAX_PROOF_TYPES: Final = 16
# What every reader of JSON holds exactly.
_NUMBER_DIGITS: Final = 15
_DECODER_WAIT_MS: Final = 2_000


class ListForm(StrEnum):
    """Say whose list `/v1/proof_types` is: the programs differ, and askers cannot be told apart."""

    ZKBOOST = "zkboost"
    ETH_PROOF_VERIFIER = "eth_proof_verifier"


@dataclass(frozen=True, slots=True)
class ZkboostSettings:
    """Bound how long a requested proof is waited for, and say whose list of types is answered."""

    proof_ms: int = 12_000
    keep_alive_ms: int = 15_000
    proof_types: ListForm = ListForm.ZKBOOST


class RequestQuery(Query):
    """Name the proof types that are wanted."""

    proof_types: str = Field(
        description="Words, entries or numbers of proof types, with commas.", max_length=1024
    )


class ProofRequestResponse(Model):
    """Name a payload request by its root."""

    new_payload_request_root: Bytes32


class EventsQuery(Query):
    """Name the payload request whose events are wanted; all where none is named."""

    new_payload_request_root: Bytes32 | None = None


class ProofPath(Model):
    """Name a proof."""

    new_payload_request_root: Bytes32
    proof_type: str = Field(max_length=64)


class VerificationQuery(Query):
    """Say what a proof has to prove; the last three make it eth_proof_verifier's question."""

    new_payload_request_root: Bytes32
    proof_type: str = Field(max_length=64)
    successful_validation: Flag | None = None
    chain_id: Decimal64 | None = None
    schema_id: Decimal16 | None = None

    @property
    def is_numbered(self) -> bool:
        """Tell whether this is eth_proof_verifier's question."""
        extra = (self.successful_validation, self.chain_id, self.schema_id)
        return any(one is not None for one in extra)


class ProofStatus(StrEnum):
    """Say what a verifier found."""

    VALID = "VALID"
    INVALID = "INVALID"


class ProofVerificationResponse(Model):
    """Say what a verifier found, and why a proof does not hold."""

    status: ProofStatus
    reason: str | None = None


class BackendKind(StrEnum):
    """Name what stands behind a proof type; here it is always a verifier."""

    ERE = "ere"
    MOCK = "mock"
    VERIFIER = "verifier"


class ZkboostProofType(Model):
    """Describe a proof type; the last three fields are ours."""

    proof_type: str
    kind: BackendKind
    can_prove: bool
    can_verify: bool
    number: int
    entry: str
    program_vk: str


class ZkboostProofTypesResponse(Model):
    """Hold the proof types, sorted by their words."""

    proof_types: list[ZkboostProofType]


class NumberedProofType(Model):
    """Describe a proof type as eth_proof_verifier does."""

    proof_type: int
    proof_system: str
    proof_system_version: str
    guest: str
    guest_version: str
    program_vk: str


_WRONG_QUESTION: Final = (
    "The question is wrong; for eth_proof_verifier also: the proof type is not known."
)
_UNKNOWN_TYPE: Final = "The proof type is not known (zkboost)."
_EITHER_LIST: Final = Raw(
    {
        "oneOf": [
            {"$ref": "#/components/schemas/ZkboostProofTypesResponse"},
            {"type": "array", "items": {"$ref": "#/components/schemas/NumberedProofType"}},
        ]
    }
)


class ZkboostRoutes:
    """Answer for one engine, in one profile."""

    def __init__(
        self,
        engine: ProofEngine,
        profile: ProofProfile,
        settings: ZkboostSettings,
        streams: StreamCount,
        draining: trio.Event,
    ) -> None:
        self._engine = engine
        self._profile = profile
        self._settings = settings
        self._streams = streams
        self._draining = draining
        self.decoder = trio.CapacityLimiter(1)

    def operations(self) -> tuple[Operation, ...]:
        """Describe the routes."""
        return (
            Operation(
                "POST",
                _REQUESTS,
                "postExecutionProofRequests",
                "Ask for proofs of a payload",
                self._request,
                {
                    200: Answered("The proofs are waited for.", {JSON: ProofRequestResponse}),
                    **error_answers(400, 503),
                },
                query=RequestQuery,
                body=Taken({OCTETS: BINARY}, {OCTETS: MAX_REQUEST_BYTES}, takes_any_kind=True),
                judge=self._judge_request,
                description="The body is an SSZ NewPayloadRequest of the profile's fork.",
            ),
            Operation(
                "GET",
                _REQUESTS,
                "getExecutionProofRequests",
                "Follow proofs as they come",
                self._events,
                {
                    200: Answered(
                        "Events `proof_complete` and `proof_failure`.", {EVENTS: TEXT_BODY}
                    ),
                    **error_answers(400, 503),
                },
                query=EventsQuery,
            ),
            Operation(
                "GET",
                "/v1/execution_proofs/{new_payload_request_root}/{proof_type}",
                "getExecutionProofs",
                "Get a proof",
                self._proof,
                {
                    200: Answered("The proof, without an envelope.", {OCTETS: BINARY}),
                    **error_answers(400, 404, 503),
                },
                path_fields=ProofPath,
            ),
            Operation(
                "POST",
                "/v1/execution_proof_verifications",
                "postExecutionProofVerifications",
                "Verify a proof",
                self._verify,
                {
                    200: Answered("A verifier has run.", {JSON: ProofVerificationResponse}),
                    **error_answers(500, 503),
                    400: Answered(_WRONG_QUESTION, {JSON: VerificationError}),
                    404: Answered(_UNKNOWN_TYPE, {JSON: VerificationError}),
                },
                query=VerificationQuery,
                body=Taken({OCTETS: BINARY}, {OCTETS: MAX_PROOF_BYTES}, takes_any_kind=True),
                judge=self._judge_question,
                is_check=True,
            ),
            Operation(
                "GET",
                "/v1/proof_types",
                "getProofTypes",
                "List the proof types",
                self._types,
                {200: Answered("The types of the profile.", {JSON: _EITHER_LIST})},
            ),
        )

    # --- Requests and their events ------------------------------------------------------------

    async def _request(self, call: Call[RequestQuery, NoFields]) -> Response:
        infos = self._wanted(call.query.proof_types)
        root = await self._root_of(call.body)
        types = [info.proof_type for info in infos]
        if not await self._engine.expect_proofs(root, types, timeout_ms=self._settings.proof_ms):
            headers = {"Retry-After": "1"}
            raise HttpFailure(503, "too many proofs are waited for", headers=headers)
        return JSONResponse({"new_payload_request_root": str(root)})

    async def _root_of(self, body: bytes) -> Root:
        """Decode and hash beside the event loop, one request at a time: some take a second."""
        root: Root | None = None
        with trio.move_on_after(_DECODER_WAIT_MS / 1000):
            try:
                root = await trio.to_thread.run_sync(
                    _request_root, self._profile, body, limiter=self.decoder
                )
            except DecodeError as error:
                raise HttpFailure(400, f"invalid SSZ body: {error}") from None
        if root is None:  # a thread that has begun is waited for
            raise TooBusy(1, is_full=False)
        return root

    def _judge_request(self, query: RequestQuery, _: NoFields) -> None:
        self._wanted(query.proof_types)

    def _wanted(self, text: str) -> list[ProofTypeInfo]:
        names = ProofNames(self._engine.proof_types())
        words = [word.strip() for word in text.split(",") if word.strip()]
        if not words or len(words) > _MAX_PROOF_TYPES:
            raise HttpFailure(400, f"proof_types: expected 1 to {_MAX_PROOF_TYPES}")
        infos = []
        for word in words:
            info = names.find(word)
            if info is None:
                raise HttpFailure(400, f"no zkVM configured for proof type '{word[:64]}'")
            infos.append(info)
        if len({info.proof_type for info in infos}) != len(infos):
            raise HttpFailure(400, "proof_types: one stands there twice")
        return infos

    async def _events(self, call: Call[EventsQuery, NoFields]) -> Response:
        root = call.query.new_payload_request_root
        if call.request.method == "HEAD":
            return Response(media_type=EVENTS)
        # Taken before the answer begins, so that the lack of a place is an error of its own.
        address = address_of(call.request.scope)
        self._streams.take(address)
        return EventStream(
            partial(self._follow, Root(root) if root is not None else None),
            self._draining,
            partial(self._streams.give_back, address),
        )

    async def _follow(self, root: Root | None, write: Write) -> None:
        """Write events as they come, and a comment where none came for a while."""
        names = ProofNames(self._engine.proof_types())
        await write(": subscribed\n\n")
        async with self._engine.subscribe(root) as events, trio.open_nursery() as nursery:
            # A generator that is cancelled while it waits has ended: it waits in its own task.
            send, arrivals = trio.open_memory_channel[EngineEvent](0)
            nursery.start_soon(_carry, events, send)
            while True:
                text = ": keep-alive\n\n"
                with trio.move_on_after(self._settings.keep_alive_ms / 1000):
                    try:
                        text = _written(await arrivals.receive(), names)
                    except trio.EndOfChannel:
                        return
                await write(text)

    async def _proof(self, call: Call[NoFields, ProofPath]) -> Response:
        info = ProofNames(self._engine.proof_types()).find(call.path.proof_type)
        root = Root(call.path.new_payload_request_root)
        await call.hold(MAX_PROOF_BYTES)
        proof = await self._engine.proof(root, info.proof_type) if info else None
        if proof is None:
            raise HttpFailure(
                404, f"proof not found for root {root} and type {call.path.proof_type[:64]}"
            )
        return Response(proof, media_type=OCTETS)

    # --- Verifications ------------------------------------------------------------------------

    async def _verify(self, call: Call[VerificationQuery, NoFields]) -> Response:
        query, status = call.query, self._engine.status()
        # Judged once more: the registry may have changed while the body came.
        infos = self._engine.proof_types()
        info = _asked_type(query, infos)
        expected = PublicValues(
            root=Root(query.new_payload_request_root),
            valid=True,
            chain_id=ChainId(status.chain_id if query.chain_id is None else query.chain_id),
            schema_id=status.schema_id if query.schema_id is None else query.schema_id,
        )
        verdict = await self._engine.verify_statement(info.proof_type, call.body, expected)
        return _told(verdict, query, infos)

    def _judge_question(self, query: VerificationQuery, _: NoFields) -> None:
        _asked_type(query, self._engine.proof_types())
        if query.successful_validation is False:
            raise _wrong_question(
                "successful_validation must be true: a proof that a payload is invalid is no "
                "positive signal"
            )
        if query.schema_id == _UNDECODABLE_SCHEMA_ID:
            raise _wrong_question("schema_id 0 is what a guest says that could not read its input")

    async def _types(self, _call: Call[NoFields, NoFields]) -> Response:
        infos = self._engine.proof_types()
        if self._settings.proof_types is ListForm.ETH_PROOF_VERIFIER:
            return JSONResponse([_numbered(info) for info in infos if info.can_verify])
        names = ProofNames(infos)
        listed = sorted(
            (_worded(info, names) for info in infos), key=lambda one: str(one["proof_type"])
        )
        return JSONResponse({"proof_types": listed})


def _request_root(profile: ProofProfile, data: bytes) -> Root:
    return hash_tree_root_request(profile, decode_request(profile, data))


class VerificationError(Model):
    """Say what is wrong with a question, in the words of both programs."""

    code: int
    message: str
    error: str | None = None
    proof_type: int | str | None = None
    supported: list[int] | None = None


def _told(
    verdict: ProofVerdict, query: VerificationQuery, infos: tuple[ProofTypeInfo, ...]
) -> Response:
    match verdict:
        case Verified():
            return JSONResponse({"status": ProofStatus.VALID})
        case Refused():
            reason = in_words(verdict.reason, verdict.detail)
            return JSONResponse({"status": ProofStatus.INVALID, "reason": reason})
        case NotChecked():
            if verdict.cause in UNKNOWN_PROGRAMS | NOT_ENABLED:
                raise _unknown_type(query, infos, f": {verdict.cause}")
            raise not_checked(verdict)


def _asked_type(query: VerificationQuery, infos: tuple[ProofTypeInfo, ...]) -> ProofTypeInfo:
    info = ProofNames(infos).find(query.proof_type)
    if info is None:
        raise _unknown_type(query, infos)
    return info


def _unknown_type(
    query: VerificationQuery, infos: tuple[ProofTypeInfo, ...], detail: str = ""
) -> HttpFailure:
    """Answer 404 as zkboost does, 400 with what is supported as eth_proof_verifier does."""
    shown = query.proof_type[:64]
    if not query.is_numbered:
        return HttpFailure(404, f"unknown proof_type: {shown}{detail}")
    supported = [int(info.proof_type) for info in infos if info.can_verify]
    is_number = shown.isascii() and shown.isdecimal() and len(shown) <= _NUMBER_DIGITS
    number = int(shown) if is_number else shown
    more = {
        "error": f"unsupported proof type{detail}",
        "proof_type": number,
        "supported": supported,
    }
    return HttpFailure(400, f"unsupported proof type{detail}", more=more)


def _wrong_question(message: str) -> HttpFailure:
    return HttpFailure(400, message, more={"error": message})


def _worded(info: ProofTypeInfo, names: ProofNames) -> dict[str, object]:
    return {
        "proof_type": names.word(info.proof_type),
        "kind": BackendKind.VERIFIER,
        "can_prove": False,
        "can_verify": info.can_verify,
        "number": int(info.proof_type),
        "entry": str(info.entry.id),
        "program_vk": str(info.entry.program_vk),
    }


def _numbered(info: ProofTypeInfo) -> dict[str, object]:
    return {
        "proof_type": int(info.proof_type),
        "proof_system": str(info.entry.system),
        # Of the registry: which release made the key is part of the guest's version there.
        "proof_system_version": "",
        "guest": info.entry.guest.name,
        "guest_version": info.entry.guest.version,
        "program_vk": info.entry.program_vk.hex(),
    }


def _written(event: EngineEvent, names: ProofNames) -> str:
    data: dict[str, Any] = {
        "new_payload_request_root": str(event.new_payload_request_root),
        "proof_type": names.word(event.proof_type),
    }
    if isinstance(event, ProofComplete):
        return f"event: proof_complete\ndata: {json.dumps(data)}\n\n"
    data |= {"reason": FailureReason(event.reason), "error": event.error}
    return f"event: proof_failure\ndata: {json.dumps(data)}\n\n"


async def _carry(
    events: AsyncGenerator[EngineEvent, None], send: trio.MemorySendChannel[EngineEvent]
) -> None:
    async with send:
        async for event in events:
            await send.send(event)
