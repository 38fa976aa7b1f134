"""
Speak JSON-RPC 2.0 on `POST /`: `eth_verifyProof` and `zk_getProofTypes`.

In the conventions of execution-apis: camelCase, QUANTITY, DATA. `VALID` and `INVALID` are results
only when a verifier ran, or when what is said to be proven is visibly not what was asked; every
failure to check is an error with a code and `data.reason`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final, Literal

from pydantic import Field, ValidationError
from starlette.responses import JSONResponse, Response

from zkattest.api.application import describe
from zkattest.api.errors import NOT_ENABLED, UNKNOWN_PROGRAMS, in_words
from zkattest.api.fields import Bytes32, Model, Quantity8, Quantity64, data_up_to
from zkattest.api.operations import JSON, Answered, Call, NoFields, Operation, Raw, Taken
from zkattest.api.proof_names import ProofNames
from zkattest.ports import ProofEngine
from zkattest.spec.reasons import Cause, Reason
from zkattest.spec.verdicts import NotChecked, ProofVerdict, Refused, Verified
from zkattest.types.ids import ChainId, ProofType, Root
from zkattest.types.json_text import parse_small_json, unique_keys
from zkattest.types.verification import ProofTypeInfo
from zkattest.types.wire import MAX_PROOF_BYTES, PublicValues

# A proof of four bytes for the limit shows that the limit is meant, and not the form.
_MAX_DATA_BYTES: Final = MAX_PROOF_BYTES + 4
_FORM_BYTES: Final = 4_096
_MAX_ID: Final = (1 << 64) - 1
_MAX_ID_CHARACTERS: Final = 256
# A call with everything in it has not half as many quotes, commas and brackets.
_MARKS_OF_CALL: Final = 256


class RpcCode(IntEnum):
    """Name the codes: JSON-RPC's, execution-apis', and those of proofs."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    RESOURCE_UNAVAILABLE = -32002
    LIMIT_EXCEEDED = -32005
    UNKNOWN_PROOF_TYPE = 2001
    PROOF_TYPE_NOT_ENABLED = 2002
    PAYLOAD_NOT_KNOWN = 2003
    PROOF_MALFORMED = 2009
    VERIFIER_UNAVAILABLE = 2010


class RpcError(Exception):
    """End a call with an error."""

    def __init__(
        self, code: RpcCode, message: str, reason: str, *, retry_after_ms: int | None = None
    ) -> None:
        """Keep the parts apart."""
        super().__init__(message)
        self.code = code
        self.data: dict[str, object] = {"reason": reason}
        if retry_after_ms is not None:
            self.data["retryAfterMs"] = retry_after_ms


class ChainConfig(Model):
    """Say for which chain, and by which fork's rules, a proof is."""

    chainId: Quantity64  # noqa: N815 - the names of execution-apis
    fork: str | None = Field(default=None, max_length=64)


class ProofPublicInput(Model):
    """Say what a proof is about."""

    newPayloadRequestRoot: Bytes32  # noqa: N815
    successfulValidation: bool | None = None  # noqa: N815
    chainConfig: ChainConfig | None = None  # noqa: N815


class SignedProof(Model):
    """Hold a validator's signature, which is not looked at here."""

    validatorIndex: Quantity64  # noqa: N815
    signature: data_up_to(96)  # type: ignore[valid-type]


class ExecutionProofV1(Model):
    """Hold a proof, its type and what it is about."""

    proofType: Quantity8  # noqa: N815
    proofData: data_up_to(_MAX_DATA_BYTES)  # type: ignore[valid-type]  # noqa: N815
    publicInput: ProofPublicInput  # noqa: N815
    programId: Bytes32 | None = None  # noqa: N815
    signedProof: SignedProof | None = None  # noqa: N815


class VerifyOptions(Model):
    """Say what a proof has to be about, and how long the answer is worth something."""

    expectedRoot: Bytes32 | None = None  # noqa: N815
    blockHash: Bytes32 | None = None  # noqa: N815
    timeoutMs: Quantity64 | None = None  # noqa: N815


class VerifyStatus(StrEnum):
    """Say what a verifier found."""

    VALID = "VALID"
    INVALID = "INVALID"


class VerifyResult(Model):
    """Say what a verifier found, and which."""

    status: VerifyStatus
    proofType: Quantity8  # noqa: N815
    newPayloadRequestRoot: Bytes32  # noqa: N815
    programId: Bytes32  # noqa: N815
    verifierVersion: str  # noqa: N815
    validationError: str | None  # noqa: N815


class RpcRequest(Model):
    """Call a method."""

    jsonrpc: Literal["2.0"]
    method: str
    params: list[Any] = Field(default_factory=list)
    id: int | str | None = None


class RpcErrorObject(Model):
    """Say what is wrong."""

    code: int
    message: str
    data: dict[str, Any] | None = None


class RpcResponse(Model):
    """Hold the result of a call, or an error."""

    jsonrpc: Literal["2.0"]
    id: int | str | float | None
    result: Any = None
    error: RpcErrorObject | None = None


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """Bound what one request may call."""

    batch: int = 16
    max_timeout_ms: int = 30_000

    @property
    def max_marks(self) -> int:
        """Bound the values in one request."""
        return _MARKS_OF_CALL * (self.batch + 1)


_ONE_OR_MANY: Final = (
    Raw(
        {
            "oneOf": [
                {"$ref": "#/components/schemas/RpcRequest"},
                {"type": "array", "items": {"$ref": "#/components/schemas/RpcRequest"}},
            ]
        }
    ),
    Raw(
        {
            "oneOf": [
                {"$ref": "#/components/schemas/RpcResponse"},
                {"type": "array", "items": {"$ref": "#/components/schemas/RpcResponse"}},
            ]
        }
    ),
)
_MALFORMED: Final = frozenset(
    {
        Reason.EMPTY_PROOF_DATA,
        Reason.MALFORMED_PROOF,
        Reason.PROOF_UNDECODABLE,
        Reason.PROOF_TRAILING_BYTES,
        Reason.PROOF_VERSION_MISMATCH,
    }
)


class RpcRoutes:
    """Answer for one engine."""

    def __init__(self, engine: ProofEngine, settings: RpcSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._methods: dict[str, Callable[[list[Any]], Awaitable[Any]]] = {
            "eth_verifyProof": self._verify_proof,
            "zk_getProofTypes": self._get_proof_types,
        }

    def operations(self) -> tuple[Operation, ...]:
        """Describe the route."""
        most = 2 * _MAX_DATA_BYTES + _FORM_BYTES
        request, response = _ONE_OR_MANY
        return (
            Operation(
                "POST",
                "/",
                "jsonRpc",
                "Call eth_verifyProof or zk_getProofTypes (JSON-RPC 2.0)",
                self._handle,
                {
                    200: Answered(
                        "Results and errors, in the order of the calls.", {JSON: response}
                    ),
                    204: Answered("Nobody wanted an answer."),
                },
                body=Taken({JSON: request}, {JSON: most}),
                is_check=True,
                description=(
                    "A batch shares the bound of one body; proofs over 1 MiB are better sent to "
                    "/v1/execution_proof_verifications as they are."
                ),
            ),
        )

    async def _handle(self, call: Call[NoFields, NoFields]) -> Response:
        try:
            parsed = parse_small_json(call.body, unique_keys, max_marks=self._settings.max_marks)
        except ValueError:
            error = RpcError(RpcCode.PARSE_ERROR, "not JSON", "parse_error")
            return JSONResponse(_error(None, error))
        if not isinstance(parsed, list):
            answer = await self._one(parsed)
            return JSONResponse(answer) if answer is not None else Response(status_code=204)
        if not 0 < len(parsed) <= self._settings.batch:
            code = RpcCode.LIMIT_EXCEEDED if parsed else RpcCode.INVALID_REQUEST
            message = f"expected 1 to {self._settings.batch} calls"
            return JSONResponse(_error(None, RpcError(code, message, "batch_size")))
        answers = [await self._one(one) for one in parsed]
        wanted = [answer for answer in answers if answer is not None]
        return JSONResponse(wanted) if wanted else Response(status_code=204)

    async def _one(self, parsed: Any) -> dict[str, Any] | None:
        """Answer one call; None where no answer is wanted."""
        number = parsed.get("id") if isinstance(parsed, dict) else None
        if not _is_id(number):
            number = None
        is_call = _is_call(parsed)
        try:
            result = await self._call(parsed if is_call else None)
        except RpcError as error:
            return _error(number, error) if not is_call or "id" in parsed else None
        return {"jsonrpc": "2.0", "id": number, "result": result} if "id" in parsed else None

    async def _call(self, parsed: dict[str, Any] | None) -> Any:
        if parsed is None:
            raise RpcError(RpcCode.INVALID_REQUEST, "not a JSON-RPC 2.0 call", "invalid_request")
        method = self._methods.get(parsed["method"])
        if method is None:
            known = " and ".join(self._methods)
            raise RpcError(RpcCode.METHOD_NOT_FOUND, f"there are {known}", "method_not_found")
        return await method(_positional(parsed))

    # --- Methods ------------------------------------------------------------------------------

    async def _get_proof_types(self, params: list[Any]) -> list[dict[str, Any]]:
        if params:
            raise RpcError(RpcCode.INVALID_PARAMS, "takes no parameters", "invalid_params")
        infos = self._engine.proof_types()
        names = ProofNames(infos)
        return [
            {
                "proofType": hex(info.proof_type),
                "name": names.word(info.proof_type),
                "programId": str(info.entry.program_vk),
                "entry": str(info.entry.id),
                "proofSystem": str(info.entry.system),
                "guest": info.entry.guest.name,
                "guestVersion": info.entry.guest.version,
                "schemaId": hex(info.entry.statement.schema_id),
                "status": str(info.entry.status.state),
                "canVerify": info.can_verify,
                "canProve": False,
            }
            for info in infos
        ]

    async def _verify_proof(self, params: list[Any]) -> dict[str, Any]:
        proof, options = _verify_params(params)
        info = self._proof_type(proof)
        if options.blockHash is not None:
            # Only the chain could say which payload a block hash names; this engine is not asked.
            raise RpcError(
                RpcCode.PAYLOAD_NOT_KNOWN,
                "blockHash: payloads are not looked up here, give expectedRoot",
                "payload_not_known",
            )
        public = proof.publicInput
        if mismatch := _mismatch(public, options):
            return _result(info, public, mismatch, "")
        if len(proof.proofData) > MAX_PROOF_BYTES:
            raise RpcError(
                RpcCode.LIMIT_EXCEEDED,
                f"proofData: at most {MAX_PROOF_BYTES} bytes",
                Reason.PROOF_TOO_LARGE,
            )
        verdict = await self._engine.verify_statement(
            ProofType(proof.proofType),
            proof.proofData,
            self._expected(public, info),
            deadline_ms=self._deadline_ms(options),
        )
        return _told(verdict, info, public)

    def _proof_type(self, proof: ExecutionProofV1) -> ProofTypeInfo:
        infos = {info.proof_type: info for info in self._engine.proof_types()}
        info = infos.get(ProofType(proof.proofType))
        if info is None:
            raise RpcError(
                RpcCode.UNKNOWN_PROOF_TYPE,
                f"proof type {hex(proof.proofType)} is not known",
                Cause.UNKNOWN_PROOF_TYPE,
            )
        if proof.programId is not None and proof.programId != info.entry.program_vk:
            raise RpcError(
                RpcCode.UNKNOWN_PROOF_TYPE,
                f"proof type {hex(proof.proofType)} is program {info.entry.program_vk} here",
                Reason.PROGRAM_KEY_MISMATCH,
            )
        return info

    def _expected(self, public: ProofPublicInput, info: ProofTypeInfo) -> PublicValues:
        status, statement = self._engine.status(), info.entry.statement
        chain = public.chainConfig
        return PublicValues(
            root=Root(public.newPayloadRequestRoot),
            valid=True,
            chain_id=ChainId(chain.chainId if chain is not None else status.chain_id),
            schema_id=statement.schema_id,
        )

    def _deadline_ms(self, options: VerifyOptions) -> int | None:
        if options.timeoutMs is None:
            return None
        return min(options.timeoutMs, self._settings.max_timeout_ms)


def _is_call(parsed: Any) -> bool:
    return (
        isinstance(parsed, dict)
        and parsed.get("jsonrpc") == "2.0"
        and isinstance(parsed.get("method"), str)
        and _is_id(parsed.get("id"))
        and parsed.keys() <= {"jsonrpc", "method", "params", "id"}
    )


def _is_id(value: Any) -> bool:
    """Tell whether a caller can know its call by this: it is sent back as it came."""
    match value:
        case bool():
            return False
        case None:
            return True
        case int():
            return -_MAX_ID <= value <= _MAX_ID
        case float():
            return math.isfinite(value)
        case str():
            return len(value) <= _MAX_ID_CHARACTERS
    return False


def _positional(parsed: dict[str, Any]) -> list[Any]:
    params = parsed.get("params", [])
    if not isinstance(params, list):
        raise RpcError(RpcCode.INVALID_PARAMS, "params: expected a list", "invalid_params")
    return params


def _verify_params(params: list[Any]) -> tuple[ExecutionProofV1, VerifyOptions]:
    if not 1 <= len(params) <= 2:
        raise RpcError(RpcCode.INVALID_PARAMS, "expected a proof and options", "invalid_params")
    try:
        proof = ExecutionProofV1.model_validate(params[0], strict=True)
        options = VerifyOptions.model_validate(params[1] if len(params) == 2 else {}, strict=True)
    except ValidationError as error:
        raise RpcError(RpcCode.INVALID_PARAMS, describe(error), "invalid_params") from None
    return proof, options


def _mismatch(public: ProofPublicInput, options: VerifyOptions) -> Reason | None:
    """Say how what is said to be proven is not what was asked, before any verifier runs."""
    if options.expectedRoot is not None and options.expectedRoot != public.newPayloadRequestRoot:
        return Reason.ROOT_MISMATCH
    if public.successfulValidation is False:
        return Reason.STATEMENT_NOT_VALID
    return None


def _told(verdict: ProofVerdict, info: ProofTypeInfo, public: ProofPublicInput) -> dict[str, Any]:
    match verdict:
        case Verified():
            return _result(info, public, None, verdict.check.verifier_version)
        case Refused(reason=reason) if reason in _MALFORMED:
            detail = in_words(reason, verdict.detail)
            raise RpcError(RpcCode.PROOF_MALFORMED, f"malformed proof: {detail}", reason)
        case Refused():
            return _result(info, public, verdict.reason, verdict.check.verifier_version)
        case NotChecked():
            raise _not_checked(verdict)


def _not_checked(verdict: NotChecked) -> RpcError:
    detail = in_words(verdict.cause, verdict.detail)
    code, retry_after_ms = RpcCode.VERIFIER_UNAVAILABLE, verdict.retry_after_ms
    if verdict.cause in UNKNOWN_PROGRAMS:
        code = RpcCode.UNKNOWN_PROOF_TYPE
    elif verdict.cause in NOT_ENABLED:
        code = RpcCode.PROOF_TYPE_NOT_ENABLED
    elif verdict.cause is Cause.OUT_OF_RESOURCES:
        code, retry_after_ms = RpcCode.LIMIT_EXCEEDED, retry_after_ms or 1_000
    return RpcError(code, f"not checked: {detail}", verdict.cause, retry_after_ms=retry_after_ms)


def _result(
    info: ProofTypeInfo, public: ProofPublicInput, reason: Reason | None, version: str
) -> dict[str, Any]:
    return VerifyResult.model_construct(
        status=VerifyStatus.VALID if reason is None else VerifyStatus.INVALID,
        proofType=int(info.proof_type),
        newPayloadRequestRoot=public.newPayloadRequestRoot,
        programId=bytes(info.entry.program_vk),
        verifierVersion=version,
        validationError=None if reason is None else str(reason),
    ).model_dump(mode="json")


def _error(number: Any, error: RpcError) -> dict[str, Any]:
    shown = {"code": int(error.code), "message": str(error), "data": error.data}
    return {"jsonrpc": "2.0", "id": number, "error": shown}
