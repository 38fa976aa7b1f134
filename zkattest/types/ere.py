"""
Read and write the messages of ere's `ZkvmService`, whose fields `ere.proto` beside this declares.

Sources: eth-act/ere 0.16.2 and 0.17, `crates/server/api`. They differ in how a run's cost is told:
the same field is ere's own report in one and a duration in the other. Messages are made of
descriptors at import, so that no generated code has to fit a version of the runtime. The only
importer of protobuf.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError as ProtobufDecodeError

from zkattest.types.errors import DecodeError
from zkattest.types.json_text import parse_small_json, unique_keys

SERVICE: Final = "api.ZkvmService"
# No message has half as many quotes, commas and brackets.
_MAX_MARKS: Final = 64
_BYTES: Final = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
_STRING: Final = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_MESSAGE: Final = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_UINT64: Final = descriptor_pb2.FieldDescriptorProto.TYPE_UINT64


class EreMethod(StrEnum):
    """Name what a `ZkvmService` does."""

    EXECUTE = "Execute"
    PROVE = "Prove"
    VERIFY = "Verify"
    PROGRAM_VK = "ProgramVk"


class EreForm(StrEnum):
    """Say how answers tell what a run took; a client of the other form cannot read them."""

    REPORT = "report"
    """ere up to 0.16: its report of the run, bincode."""
    DURATION = "duration"
    """ere from 0.17: nanoseconds."""


@dataclass(frozen=True, slots=True)
class EreInput:
    """Hold what a guest reads: its standard input, and proofs that it verifies itself."""

    stdin: bytes
    proofs: bytes | None = None


@dataclass(frozen=True, slots=True)
class EreProof:
    """Hold a proof in the encoding of its zkVM."""

    proof: bytes


@dataclass(frozen=True, slots=True)
class EreNothing:
    """Ask for what needs no argument."""


@dataclass(frozen=True, slots=True)
class EreExecuted:
    """Hold what a guest committed to, and what the run took, in the form of either version."""

    public_values: bytes
    report: bytes = b""
    duration_nanos: int = 0


@dataclass(frozen=True, slots=True)
class EreProved:
    """Hold a proof, what it commits to, and what proving took, in the form of either version."""

    public_values: bytes
    proof: bytes
    report: bytes = b""
    duration_nanos: int = 0


@dataclass(frozen=True, slots=True)
class EreVerified:
    """Hold what a proof commits to that holds."""

    public_values: bytes


@dataclass(frozen=True, slots=True)
class EreProgramVk:
    """Hold the key of the program that a service is for."""

    program_vk: bytes


@dataclass(frozen=True, slots=True)
class EreError:
    """Hold what the zkVM said against it, in one line."""

    error: str


EreRequest: TypeAlias = EreInput | EreProof | EreNothing
EreAnswer: TypeAlias = EreExecuted | EreProved | EreVerified | EreProgramVk | EreError

# Field names and numbers of each message; the answers are an `ok` of these or an `err`.
_INPUT: Final = (("input_stdin", 1, _BYTES), ("input_proofs", 2, _BYTES))
_REQUESTS: Final[dict[EreMethod, tuple[tuple[str, int, int], ...]]] = {
    EreMethod.EXECUTE: _INPUT,
    EreMethod.PROVE: _INPUT,
    EreMethod.VERIFY: (("proof", 1, _BYTES),),
    EreMethod.PROGRAM_VK: (),
}
_OKS: Final[dict[EreMethod, tuple[tuple[str, int, int], ...]]] = {
    EreMethod.EXECUTE: (("public_values", 1, _BYTES),),
    EreMethod.PROVE: (("public_values", 1, _BYTES), ("proof", 2, _BYTES)),
    EreMethod.VERIFY: (("public_values", 1, _BYTES),),
    EreMethod.PROGRAM_VK: (("program_vk", 1, _BYTES),),
}
# What a run took is the field behind these.
_COSTS: Final[dict[EreForm, tuple[str, int]]] = {
    EreForm.REPORT: ("report", _BYTES),
    EreForm.DURATION: ("duration_nanos", _UINT64),
}
_RUNS: Final = frozenset({EreMethod.EXECUTE, EreMethod.PROVE})
_ANSWERS: Final[dict[EreMethod, type[Any]]] = {
    EreMethod.EXECUTE: EreExecuted,
    EreMethod.PROVE: EreProved,
    EreMethod.VERIFY: EreVerified,
    EreMethod.PROGRAM_VK: EreProgramVk,
}


def encode_ere_request(method: EreMethod, request: EreRequest, *, as_json: bool = False) -> bytes:
    """Write a request as protobuf, or as its JSON."""
    message = _new(f"{method}Request")
    match request:
        case EreInput():
            message.input_stdin = request.stdin
            if request.proofs is not None:
                message.input_proofs = request.proofs
        case EreProof():
            message.proof = request.proof
    return _written(message, as_json=as_json)


def decode_ere_request(method: EreMethod, data: bytes, *, as_json: bool = False) -> EreRequest:
    """Read a request, whose size the caller has bounded; raises `DecodeError`."""
    message = _read(f"{method}Request", data, as_json=as_json)
    if method is EreMethod.PROGRAM_VK:
        return EreNothing()
    if method is EreMethod.VERIFY:
        return EreProof(message.proof)
    has_proofs = message.HasField("input_proofs")
    return EreInput(message.input_stdin, message.input_proofs if has_proofs else None)


def encode_ere_answer(
    method: EreMethod,
    answer: EreAnswer,
    *,
    as_json: bool = False,
    form: EreForm = EreForm.DURATION,
) -> bytes:
    """Write an answer as protobuf, or as its JSON; `TypeError` for that of another method."""
    message = _new(f"{method}Response", form)
    if isinstance(answer, EreError):
        message.err = answer.error
    elif type(answer) is _ANSWERS[method]:
        message.ok.SetInParent()
        for name, _, _ in _ok_fields(method, form):
            setattr(message.ok, name, getattr(answer, name))
    else:
        raise TypeError(f"{type(answer).__name__} does not answer {method}")
    return _written(message, as_json=as_json)


def decode_ere_answer(method: EreMethod, data: bytes, *, as_json: bool = False) -> EreAnswer:
    """Read an answer of either form, whose size the caller has bounded; raises `DecodeError`."""
    if method not in _RUNS:
        return _read_answer(method, data, EreForm.DURATION, as_json=as_json)
    found: list[EreAnswer] = []
    refusal = DecodeError("result", "missing")
    # To protobuf, a field of another type is one that it does not know; JSON names differ.
    for form in EreForm:
        try:
            found.append(_read_answer(method, data, form, as_json=as_json))
        except DecodeError as error:
            refusal = error
    match found:
        case [EreExecuted(report=report), EreExecuted() as ran]:
            return replace(ran, report=report)
        case [EreProved(report=report), EreProved() as proved]:
            return replace(proved, report=report)
        case [*_, answer]:
            return answer
    raise refusal


def _read_answer(method: EreMethod, data: bytes, form: EreForm, *, as_json: bool) -> EreAnswer:
    message = _read(f"{method}Response", data, form, as_json=as_json)
    kind = message.WhichOneof("result")
    if kind is None:
        raise DecodeError("result", "missing")
    if kind == "err":
        return EreError(message.err)
    answer: EreAnswer = _ANSWERS[method](
        **{name: getattr(message.ok, name) for name, _, _ in _ok_fields(method, form)}
    )
    return answer


def execution_report(cycles: int, elapsed_ms: int) -> bytes:
    """Write ere's `ProgramExecutionReport` without regions: bincode, integers of fixed size."""
    return struct.pack("<QQQI", cycles, 0, *_duration(elapsed_ms))


def proving_report(cycles: int, elapsed_ms: int) -> bytes:
    """Write ere's `ProgramProvingReport`: bincode, integers of fixed size."""
    return struct.pack("<QIBQ", *_duration(elapsed_ms), 1, cycles)


def _duration(elapsed_ms: int) -> tuple[int, int]:
    return elapsed_ms // 1_000, elapsed_ms % 1_000 * 1_000_000


def _ok_fields(method: EreMethod, form: EreForm) -> tuple[tuple[str, int, int], ...]:
    """Name the fields of an answer, with what the run took behind the others."""
    fields = _OKS[method]
    if method not in _RUNS:
        return fields
    name, kind = _COSTS[form]
    return (*fields, (name, len(fields) + 1, kind))


def _new(name: str, form: EreForm = EreForm.DURATION) -> Any:
    described = _POOLS[form].FindMessageTypeByName(f"api.{name}")
    return message_factory.GetMessageClass(described)()


def _written(message: Any, *, as_json: bool) -> bytes:
    if as_json:
        return json_format.MessageToJson(message, indent=None).encode()
    data: bytes = message.SerializeToString()
    return data


def _read(name: str, data: bytes, form: EreForm = EreForm.DURATION, *, as_json: bool) -> Any:
    message = _new(name, form)
    try:
        if as_json:
            # Parsed by us first, for its depth and the number of its values are bounded there.
            parsed = parse_small_json(data, unique_keys, max_marks=_MAX_MARKS)
            if not isinstance(parsed, dict):
                raise DecodeError(name, "expected an object")
            json_format.ParseDict(parsed, message)
        else:
            message.ParseFromString(data)
    except (ProtobufDecodeError, json_format.ParseError, ValueError, AttributeError) as error:
        line = " ".join(str(error).split())[:120]
        raise DecodeError(name, line or "not this message") from None
    return message


def _descriptors(form: EreForm) -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="ere.proto", package="api", syntax="proto3")
    for method in EreMethod:
        request = file.message_type.add(name=f"{method}Request")
        _add_fields(request, _REQUESTS[method])
        if method in (EreMethod.EXECUTE, EreMethod.PROVE):
            # An optional field of proto3 is a `oneof` of its own.
            request.field[1].proto3_optional = True
            request.oneof_decl.add(name="_input_proofs")
            request.field[1].oneof_index = 0
        _add_fields(file.message_type.add(name=f"{method}Ok"), _ok_fields(method, form))
        answer = file.message_type.add(name=f"{method}Response")
        _add_fields(answer, (("ok", 1, _MESSAGE), ("err", 2, _STRING)))
        answer.field[0].type_name = f".api.{method}Ok"
        answer.oneof_decl.add(name="result")
        for each in answer.field:
            each.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _add_fields(
    message: descriptor_pb2.DescriptorProto, fields: tuple[tuple[str, int, int], ...]
) -> None:
    for name, number, kind in fields:
        field = message.field.add(name=name, number=number)
        field.type = kind  # type: ignore[assignment]
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL


_POOLS: Final = {form: _descriptors(form) for form in EreForm}
