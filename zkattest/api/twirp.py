"""
Serve ere's `ZkvmService` over Twirp, as an ere-server does for one program.

Sources: twitchtv.github.io/twirp, protocol version 7; eth-act/ere 0.17 `crates/server`. An
ere-server is about one program. This one has the program that the configuration names at `/twirp`,
and every program of the registry at `/programs/<entry>/twirp`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

from pydantic import Field
from starlette.responses import JSONResponse, Response

from zkattest.api.errors import in_words, shown
from zkattest.api.fields import Model
from zkattest.api.operations import JSON, Answered, Call, NoFields, Operation, Raw, Taken
from zkattest.api.operator_pages import Alive
from zkattest.ports import GuestWorker, ProofEngine
from zkattest.spec.guests import GuestFailure, GuestUnavailable
from zkattest.spec.reasons import Cause
from zkattest.spec.verdicts import NotChecked, Refused, Verified
from zkattest.types.ere import (
    SERVICE,
    EreAnswer,
    EreError,
    EreExecuted,
    EreForm,
    EreInput,
    EreMethod,
    EreProgramVk,
    EreProof,
    EreProved,
    EreRequest,
    EreVerified,
    decode_ere_request,
    encode_ere_answer,
    execution_report,
    proving_report,
)
from zkattest.types.errors import DecodeError
from zkattest.types.programs import EntryId, ProgramEntry
from zkattest.types.wire import MAX_PROOF_BYTES

PROTOBUF: Final = "application/protobuf"
_FORM_BYTES: Final = 64
_NANOS_PER_MS: Final = 1_000_000
MAX_INPUT_BYTES: Final = 32 << 20


class TwirpCode(StrEnum):
    """Name an error of Twirp; the status of HTTP follows from it."""

    CANCELED = "canceled"
    INVALID_ARGUMENT = "invalid_argument"
    MALFORMED = "malformed"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    NOT_FOUND = "not_found"
    FAILED_PRECONDITION = "failed_precondition"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    UNIMPLEMENTED = "unimplemented"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


_STATUS: Final = {
    TwirpCode.CANCELED: 408,
    TwirpCode.INVALID_ARGUMENT: 400,
    TwirpCode.MALFORMED: 400,
    TwirpCode.DEADLINE_EXCEEDED: 408,
    TwirpCode.NOT_FOUND: 404,
    TwirpCode.FAILED_PRECONDITION: 412,
    TwirpCode.RESOURCE_EXHAUSTED: 429,
    TwirpCode.UNIMPLEMENTED: 501,
    TwirpCode.INTERNAL: 500,
    TwirpCode.UNAVAILABLE: 503,
}
_CODES: Final = {
    Cause.TIMEOUT: TwirpCode.DEADLINE_EXCEEDED,
    Cause.OUT_OF_RESOURCES: TwirpCode.RESOURCE_EXHAUSTED,
    Cause.UNKNOWN_PROGRAM_VK: TwirpCode.NOT_FOUND,
    Cause.UNKNOWN_PROOF_TYPE: TwirpCode.NOT_FOUND,
    Cause.PROGRAM_REVOKED: TwirpCode.FAILED_PRECONDITION,
    Cause.UNSUPPORTED_PROOF_SYSTEM: TwirpCode.UNIMPLEMENTED,
    Cause.UNSUPPORTED_PROOF_KIND: TwirpCode.UNIMPLEMENTED,
    Cause.PUBLIC_VALUES_MISSING: TwirpCode.FAILED_PRECONDITION,
}


class TwirpError(Model):
    """Say what is wrong, by a code of Twirp and in one line."""

    code: TwirpCode
    msg: str
    meta: dict[str, str] = Field(default_factory=dict)


_ERROR: Final = Raw({"$ref": "#/components/schemas/TwirpError"})
# What is refused before the method is asked has the shape of all other errors here.
_EITHER_ERROR: Final = Raw(
    {
        "anyOf": [
            {"$ref": "#/components/schemas/TwirpError"},
            {"$ref": "#/components/schemas/ErrorResponse"},
        ]
    }
)


class ProgramPath(Model):
    """Name a program by its entry in the registry."""

    program: str = Field(pattern="^[a-z0-9][a-z0-9.-]{0,63}$")


class TwirpFailure(Exception):
    """End a call with an error."""

    def __init__(self, code: TwirpCode, message: str, **meta: str) -> None:
        """Keep the parts apart."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.meta = meta


@dataclass(frozen=True, slots=True)
class TwirpSettings:
    """Say which program `/twirp` is for, which ere asks, and how long a guest may run or prove."""

    program: EntryId | None = None
    form: EreForm = EreForm.DURATION
    guest_ms: int = 600_000


class TwirpRoutes:
    """Answer for the programs of one engine; guests run where there is a worker."""

    def __init__(
        self, engine: ProofEngine, settings: TwirpSettings, worker: GuestWorker | None = None
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._worker = worker

    def operations(self) -> tuple[Operation, ...]:
        """Describe the methods, of the configured program and of every program."""
        methods = tuple(
            Operation(
                "POST",
                f"{prefix}/twirp/{SERVICE}/{method}",
                f"ere{method}{'OfProgram' if prefix else ''}",
                _SUMMARIES[method],
                self._handler(method),
                _answers(method, self._settings.form),
                body=Taken(
                    {PROTOBUF: Raw({"type": "string", "format": "binary"}), JSON: _JSON[method]},
                    _max_bytes(method),
                ),
                path_fields=ProgramPath if prefix else NoFields,
                judge=partial(self._judge, method),
                is_check=method is EreMethod.VERIFY,
            )
            for prefix in ("", "/programs/{program}")
            for method in EreMethod
        )
        # ere's client looks for it beside `twirp`, wherever that is.
        health = Operation(
            "GET",
            "/programs/{program}/health",
            "ereHealthOfProgram",
            "Tell whether the program is served (ere)",
            self._health,
            {200: Answered("It is.", {JSON: Alive}), 404: Answered("It is not.", {JSON: _ERROR})},
            path_fields=ProgramPath,
            is_open=True,
        )
        return (*methods, health)

    async def _health(self, call: Call[NoFields, ProgramPath]) -> Response:
        try:
            self._entry(call.path.program)
        except TwirpFailure as error:
            return _failed(error)
        return JSONResponse({"alive": True})

    def _judge(self, method: EreMethod, _: NoFields, path: Any) -> Response | None:
        """Refuse what nothing in a body could change."""
        try:
            entry = self._entry(getattr(path, "program", None))
            if method in (EreMethod.EXECUTE, EreMethod.PROVE):
                self._worker_for(entry)
        except TwirpFailure as error:
            return _failed(error)
        return None

    def _handler(self, method: EreMethod) -> Callable[[Any], Awaitable[Response]]:
        async def handle(call: Call[NoFields, Any]) -> Response:
            as_json = call.media_type == JSON
            try:
                request = decode_ere_request(method, call.body, as_json=as_json)
                entry = self._entry(getattr(call.path, "program", None))
                answer = await self._answer(method, entry, request)
            except DecodeError as error:
                return _failed(TwirpFailure(TwirpCode.MALFORMED, str(error)))
            except TwirpFailure as error:
                return _failed(error)
            form = self._settings.form
            body = encode_ere_answer(method, answer, as_json=as_json, form=form)
            return Response(body, media_type=call.media_type)

        return handle

    def _entry(self, name: str | None) -> ProgramEntry:
        """Find the program that is meant; raise `TwirpFailure` where there is none."""
        wanted = name or self._settings.program
        entries = [info.entry for info in self._engine.proof_types()]
        found = [entry for entry in entries if entry.id == wanted]
        if wanted is None:
            raise TwirpFailure(
                TwirpCode.FAILED_PRECONDITION,
                "no program is configured for /twirp; ask at /programs/<entry>/twirp",
                programs=" ".join(entry.id for entry in entries),
            )
        if not found:
            raise TwirpFailure(TwirpCode.NOT_FOUND, f"no program {wanted}")
        return found[0]

    async def _answer(
        self, method: EreMethod, entry: ProgramEntry, request: EreRequest
    ) -> EreAnswer:
        match request:
            case EreProof():
                return await self._verify(entry, request.proof)
            case EreInput():
                return await self._run(method, entry, request)
        return EreProgramVk(bytes(entry.program_vk))

    async def _verify(self, entry: ProgramEntry, proof: bytes) -> EreAnswer:
        verdict = await self._engine.verify_program(entry.system, entry.program_vk, proof)
        match verdict:
            case Verified():
                return EreVerified(verdict.public_values)
            case Refused():
                return EreError(in_words(verdict.reason, verdict.detail))
            case NotChecked():
                code = _CODES.get(verdict.cause, TwirpCode.UNAVAILABLE)
                said = in_words(verdict.cause, verdict.detail)
                raise TwirpFailure(code, said, cause=str(verdict.cause))

    def _worker_for(self, entry: ProgramEntry) -> GuestWorker:
        """Return our worker, which knows one program."""
        if self._worker is None or self._worker.program_vk != entry.program_vk:
            raise TwirpFailure(
                TwirpCode.UNIMPLEMENTED, f"no worker runs {entry.id} here; proofs are verified only"
            )
        return self._worker

    async def _run(
        self, method: EreMethod, entry: ProgramEntry, request: EreInput
    ) -> EreExecuted | EreProved | EreError:
        """Have a guest run or proven by our worker."""
        worker = self._worker_for(entry)
        if request.proofs is not None:
            raise TwirpFailure(TwirpCode.UNIMPLEMENTED, "guests that verify proofs are not run")
        timeout_ms = self._settings.guest_ms
        try:
            if method is EreMethod.EXECUTE:
                run = await worker.execute(request.stdin, timeout_ms=timeout_ms)
                report = execution_report(run.cycles, run.elapsed_ms)
                return EreExecuted(run.public_values, report, run.elapsed_ms * _NANOS_PER_MS)
            proved = await worker.prove(request.stdin, timeout_ms=timeout_ms)
            report = proving_report(proved.cycles, proved.elapsed_ms)
            nanos = proved.elapsed_ms * _NANOS_PER_MS
            return EreProved(proved.public_values, proved.proof, report, nanos)
        except GuestFailure as error:
            return EreError(str(error))
        except GuestUnavailable as error:
            code = _CODES.get(error.cause, TwirpCode.UNAVAILABLE)
            raise TwirpFailure(code, str(error), cause=str(error.cause)) from None


def _failed(error: TwirpFailure) -> JSONResponse:
    body = TwirpError(code=error.code, msg=shown(error.message), meta=error.meta)
    answer = JSONResponse(body.model_dump(mode="json"), _STATUS[error.code])
    if error.code in (TwirpCode.RESOURCE_EXHAUSTED, TwirpCode.UNAVAILABLE):
        answer.headers["Retry-After"] = "1"
    return answer


def _max_bytes(method: EreMethod) -> dict[str, int]:
    most = {
        EreMethod.VERIFY: MAX_PROOF_BYTES,
        EreMethod.PROGRAM_VK: 0,
    }.get(method, MAX_INPUT_BYTES)
    return {PROTOBUF: most + _FORM_BYTES, JSON: 4 * (most // 3 + 1) + _FORM_BYTES}


def _answers(method: EreMethod, form: EreForm) -> dict[int, Answered]:
    errors = {
        status: Answered(f"Twirp: {', '.join(codes)}.", {JSON: _EITHER_ERROR})
        for status, codes in _codes_by_status().items()
    }
    shapes = {PROTOBUF: Raw({"type": "string", "format": "binary"}), JSON: _answered(method, form)}
    return {200: Answered("The answer, or what the zkVM said against it.", shapes), **errors}


def _codes_by_status() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code, status in _STATUS.items():
        found.setdefault(status, []).append(code)
    return found


_BASE64: Final = {
    "type": "string",
    "contentEncoding": "base64",
    "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}


_NANOS: Final = {"type": "string", "pattern": "^[0-9]{1,20}$"}


def _object(**fields: Mapping[str, str]) -> Raw:
    shapes = {name: dict(shape) for name, shape in fields.items()}
    return Raw({"type": "object", "properties": shapes, "additionalProperties": False})


def _answered(method: EreMethod, form: EreForm) -> Raw:
    """Describe an answer: `ok`, or `err` with what the zkVM said."""
    fields = dict(_ANSWERED[method])
    if method in (EreMethod.EXECUTE, EreMethod.PROVE):
        cost = {"durationNanos": _NANOS} if form is EreForm.DURATION else {"report": _BASE64}
        fields |= cost
    properties = {"ok": dict(_object(**fields).schema), "err": {"type": "string"}}
    return Raw({"type": "object", "properties": properties, "additionalProperties": False})


_SUMMARIES: Final = {
    EreMethod.EXECUTE: "Run the guest (ere)",
    EreMethod.PROVE: "Prove a run of the guest (ere)",
    EreMethod.VERIFY: "Verify a proof of the program (ere)",
    EreMethod.PROGRAM_VK: "Get the program's key (ere)",
}
_JSON_INPUT: Final = _object(inputStdin=_BASE64, inputProofs=_BASE64)
_JSON: Final = {
    EreMethod.EXECUTE: _JSON_INPUT,
    EreMethod.PROVE: _JSON_INPUT,
    EreMethod.VERIFY: _object(proof=_BASE64),
    EreMethod.PROGRAM_VK: _object(),
}
_ANSWERED: Final[dict[EreMethod, dict[str, Mapping[str, str]]]] = {
    EreMethod.EXECUTE: {"publicValues": _BASE64},
    EreMethod.PROVE: {"publicValues": _BASE64, "proof": _BASE64},
    EreMethod.VERIFY: {"publicValues": _BASE64},
    EreMethod.PROGRAM_VK: {"programVk": _BASE64},
}
