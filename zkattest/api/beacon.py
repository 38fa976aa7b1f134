"""
Speak the Beacon API's routes of execution proofs.

Source: beacon-APIs #569 (open), in the shape that sigp/lighthouse #10063 has. Proofs come as SSZ
`List[SignedExecutionProofEnvelope, 4]` or as its JSON, in the profile's container.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from zkattest.api.errors import error_answers, in_words
from zkattest.api.fields import DecimalText, HexText, Model, RootText
from zkattest.api.operations import (
    BINARY,
    JSON,
    OCTETS,
    Answered,
    Call,
    HttpFailure,
    NoFields,
    Operation,
    Raw,
    Taken,
    accepted,
)
from zkattest.ports import ProofEngine
from zkattest.spec.reasons import Cause
from zkattest.spec.verdicts import Submission, SubmissionStatus
from zkattest.types.errors import DecodeError
from zkattest.types.ids import Root, Slot
from zkattest.types.proof_json import decode_submission_json, max_json_bytes
from zkattest.types.proof_messages import (
    MAX_EXECUTION_PROOFS_PER_PAYLOAD,
    decode_message,
    encode_message,
    message_codec,
    submission_codec,
)
from zkattest.types.proof_profiles import ProofProfile
from zkattest.types.ssz_codec import ListOf
from zkattest.types.ssz_json import to_json
from zkattest.types.verification import BlockId, NamedBlock

PATH: Final = "/eth/v1/beacon/execution_proofs"
_OFFSET_BYTES: Final = 4
_SLOT: Final = re.compile(r"0|[1-9][0-9]{0,19}")
# Every proof type once.
_MAX_SHOWN: Final = 256
# How often the bytes of proofs are in memory while they are answered: a digit is half a byte.
_COPIES: Final = {OCTETS: 2, JSON: 5}


class ExecutionProofEnvelope(Model):
    """Hold a proof, its kind, and the block that it is said to be about."""

    proof_data: HexText
    proof_type: DecimalText
    beacon_block_root: RootText


class SignedExecutionProofEnvelope(Model):
    """Carry a proof, signed by the validator that vouches for it."""

    message: ExecutionProofEnvelope
    validator_index: DecimalText
    signature: HexText


class IndexedFailure(Model):
    """Say which proof of a list was not taken, counted from zero, and why."""

    index: int
    message: str


class IndexedErrorResponse(Model):
    """Say which proofs of a list were not taken."""

    code: int
    message: str
    failures: list[IndexedFailure]


class ExecutionProofsResponse(Model):
    """Hold the valid proofs of a block."""

    data: list[SignedExecutionProofEnvelope]


class BlockPath(Model):
    """Name a block."""

    block_id: str = Field(
        description="`head`, `genesis`, `finalized`, a slot in digits, or a block root as 0x-hex.",
        pattern=r"^(head|genesis|finalized|0|[1-9][0-9]{0,19}|0x[0-9a-fA-F]{64})$",
    )


_SUBMITTED: Final = Raw(
    {
        "type": "array",
        "items": {"$ref": "#/components/schemas/SignedExecutionProofEnvelope"},
        "maxItems": MAX_EXECUTION_PROOFS_PER_PAYLOAD,
    }
)


class BeaconRoutes:
    """Answer for one engine, in one profile."""

    def __init__(self, engine: ProofEngine, profile: ProofProfile) -> None:
        self._engine = engine
        self._profile = profile
        self._codec = submission_codec(profile)
        self._shown = ListOf(message_codec(profile), _MAX_SHOWN)
        self._max_ssz = MAX_EXECUTION_PROOFS_PER_PAYLOAD * (
            profile.max_message_bytes + _OFFSET_BYTES
        )

    def operations(self) -> tuple[Operation, ...]:
        """Describe the routes."""
        most_json = MAX_EXECUTION_PROOFS_PER_PAYLOAD * max_json_bytes(self._profile)
        failed = {
            status: Answered(meaning, {JSON: IndexedErrorResponse})
            for status, meaning in (
                (400, "Some proofs were refused, or the list does not decode."),
                (500, "Some proofs could not be checked; none was refused."),
            )
        }
        return (
            Operation(
                "POST",
                PATH,
                "submitBeaconExecutionProofs",
                "Submit signed execution proofs",
                self._submit,
                {
                    200: Answered("Every proof is valid, and known from now on."),
                    **failed,
                    **error_answers(501, 503),
                },
                body=Taken(
                    {OCTETS: BINARY, JSON: _SUBMITTED}, {OCTETS: self._max_ssz, JSON: most_json}
                ),
                judge=self._require_chain,
                is_check=True,
            ),
            Operation(
                "GET",
                PATH + "/{block_id}",
                "getBeaconExecutionProofs",
                "Get the valid proofs of a block",
                self._get,
                {
                    200: Answered(
                        "The proofs that are known.",
                        {JSON: ExecutionProofsResponse, OCTETS: BINARY},
                    ),
                    **error_answers(400, 404, 406, 500, 501, 503),
                },
                path_fields=BlockPath,
                judge=self._require_chain,
            ),
        )

    async def _submit(self, call: Call[NoFields, NoFields]) -> Response:
        messages = self._decode(call)
        outcomes = await self._engine.submit(messages)
        if not (failures := [one for one in outcomes if _explain(one) is not None]):
            return Response(status_code=200)
        refused = any(_is_askers(one) for one in failures)
        if not refused and all(one.cause is Cause.OUT_OF_RESOURCES for one in failures):
            raise HttpFailure(503, "no room for more proofs", headers={"Retry-After": "1"})
        return _indexed(400 if refused else 500, failures)

    def _decode(self, call: Call[NoFields, NoFields]) -> list[bytes]:
        """Give the SSZ of each message; raise `HttpFailure` for a list that is none."""
        try:
            if call.media_type == JSON:
                messages = decode_submission_json(self._profile, call.body)
            else:
                messages = self._codec.decode(memoryview(call.body), "")
        except DecodeError as error:
            raise HttpFailure(400, str(error), more={"failures": []}) from None
        if not messages:
            raise HttpFailure(400, "no proofs", more={"failures": []})
        return [encode_message(self._profile, message) for message in messages]

    async def _get(self, call: Call[NoFields, BlockPath]) -> Response:
        kind = accepted(call.accept, (JSON, OCTETS))
        if kind is None:
            raise HttpFailure(406, f"accept: expected {JSON} or {OCTETS}")
        block_id = _block_id(call.path.block_id)
        found = await self._engine.submitted(block_id)
        if found is None:
            raise HttpFailure(404, f"block {call.path.block_id} is not known")
        found = found[:_MAX_SHOWN]
        await call.hold(_COPIES[kind] * sum(len(one.message) for one in found))
        messages = [decode_message(self._profile, one.message) for one in found]
        if kind == OCTETS:
            return Response(self._shown.encode(tuple(messages), ""), media_type=OCTETS)
        codec = message_codec(self._profile)
        data: list[Any] = [to_json(codec, message) for message in messages]
        return JSONResponse({"data": data})

    def _require_chain(self, *_: object) -> None:
        if not self._engine.status().has_chain:
            raise HttpFailure(501, "this engine does not know the chain")


def _block_id(text: str) -> BlockId:
    if text.startswith("0x"):
        return Root.from_hex(text)
    if text == "genesis":
        return Slot(0)
    if _SLOT.fullmatch(text):
        try:
            return Slot(int(text))
        except ValueError as error:
            raise HttpFailure(400, f"block_id: {error}") from None
    return NamedBlock(text)


def _explain(outcome: Submission) -> str | None:
    """Say in one line why a proof was not taken; None where it was."""
    if outcome.status in (SubmissionStatus.ACCEPTED, SubmissionStatus.ALREADY_KNOWN):
        return None
    word = outcome.reason or outcome.cause or outcome.status
    prefix = "not checked: " if outcome.status is SubmissionStatus.NOT_CHECKED else ""
    return prefix + in_words(word, outcome.detail)


def _is_askers(outcome: Submission) -> bool:
    """Tell whether the message is what is wrong, for ever or until the chain has grown."""
    return outcome.cause is None


def _indexed(status: Literal[400, 500], failures: Sequence[Submission]) -> Response:
    shown = [{"index": one.index, "message": _explain(one)} for one in failures]
    message = "some proofs were refused" if status == 400 else "some proofs were not checked"
    return JSONResponse({"code": status, "message": message, "failures": shown}, status)
