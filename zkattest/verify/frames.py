"""
Speak with a verifier's process: frames, requests and answers, for both ends.

A request is four frames (system, program key, proof, public values) and a fifth (verifier key); a
value that may be absent is an empty frame or one that starts with a byte of 1. An answer is one
frame of JSON, in which byte strings are `{"hex": …}`.
"""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import asdict, dataclass
from typing import Any, Final

from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.types.json_text import parse_json, unique_keys
from zkattest.verify.proof import ProofSystem, VerifiedProof

_LENGTH: Final = struct.Struct(">I")
MAX_FRAME_BYTES: Final = 16 << 20

Answer = VerifiedProof | InvalidProof | CannotVerify


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for one verification."""

    system: ProofSystem
    program_vk: ProgramVk
    verifier_key: bytes | None
    proof: bytes
    public_values: bytes | None


def send_request(connection: socket.socket, request: Request) -> None:
    """Send a request; raises `OSError`."""
    for frame in (
        request.system.encode(),
        request.program_vk,
        _optional(request.verifier_key),
        request.proof,
        _optional(request.public_values),
    ):
        _send_frame(connection, frame)


def receive_request(connection: socket.socket) -> Request | None:
    """Return the next request, None when the other end has hung up between two."""
    try:
        system = receive_frame(connection)
    except EOFError:
        return None
    program_vk, key, proof, values = (receive_frame(connection) for _ in range(4))
    return Request(
        ProofSystem(system.decode()), ProgramVk(program_vk), _given(key), proof, _given(values)
    )


def send_answer(connection: socket.socket, answer: Answer) -> None:
    """Send an answer; raises `OSError`."""
    match answer:
        case VerifiedProof():
            shown: dict[str, Any] = {"verified": asdict(answer)}
        case InvalidProof():
            shown = {"reason": answer.reason, "operands": answer.operands}
        case CannotVerify():
            shown = {"cause": answer.cause, "detail": answer.detail}
    _send_frame(connection, json.dumps(shown, default=_show_bytes).encode())


def receive_answer(connection: socket.socket) -> Answer:
    """
    Return the answer.

    Raises `EOFError` when the process is gone, `TimeoutError` by the socket's time-out, and
    `ValueError` for what no process of ours says.
    """
    frame = receive_frame(connection)
    try:
        return _read_answer(parse_json(frame, _read_object))
    except TypeError:
        # The other end is foreign code that read hostile bytes.
        raise ValueError("an answer of unknown form") from None


def _read_answer(shown: object) -> Answer:
    match shown:
        case {"verified": dict(fields)}:
            return _read_verified(**fields)
        case {"reason": str(reason), "operands": dict(operands)}:
            return InvalidProof(Reason(reason), **operands)
        case {"cause": str(cause), "detail": str(detail)}:
            return CannotVerify(Cause(cause), detail)
        case _:
            raise ValueError("an answer of unknown form")


def _read_verified(
    *,
    system: object,
    program_vk: object,
    circuit_version: object,
    public_values: object,
    decode_ms: object,
    verify_ms: object,
) -> VerifiedProof:
    match (system, program_vk, circuit_version, public_values, decode_ms, verify_ms):
        case (str(name), bytes(vk), str(version), bytes(values), float(decoding), float(verifying)):
            bound = (ProofSystem(name), ProgramVk(vk))
            return VerifiedProof(*bound, version, values, decoding, verifying)
    raise ValueError("an answer of unknown form")


def _send_frame(connection: socket.socket, data: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(data)))
    connection.sendall(data)


def receive_frame(connection: socket.socket) -> bytes:
    """Return one frame; raises `EOFError` at the end, and `ValueError` for one too long."""
    (size_bytes,) = _LENGTH.unpack(_receive_exactly(connection, _LENGTH.size))
    if size_bytes > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {size_bytes} bytes, limit {MAX_FRAME_BYTES}")
    return bytes(_receive_exactly(connection, size_bytes))


def _receive_exactly(connection: socket.socket, size_bytes: int) -> bytearray:
    data = bytearray(size_bytes)
    rest = memoryview(data)
    while rest:
        count = connection.recv_into(rest)
        if not count:
            raise EOFError
        rest = rest[count:]
    return data


def _optional(data: bytes | None) -> bytes:
    return b"" if data is None else b"\x01" + data


def _given(frame: bytes) -> bytes | None:
    return frame[1:] if frame else None


def _show_bytes(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"{type(value).__name__} in an answer")


def _read_object(pairs: list[tuple[str, Any]]) -> object:
    fields = unique_keys(pairs)
    return bytes.fromhex(fields["hex"]) if fields.keys() == {"hex"} else fields
