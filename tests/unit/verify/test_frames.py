"""What goes between a verifier's process and its parent, and what no process of ours would say."""

import json
import socket
import struct
from collections.abc import Iterator

import pytest

from zkattest.spec.reasons import CannotVerify, Cause, InvalidProof, Reason
from zkattest.types.ids import ProgramVk
from zkattest.verify.frames import (
    MAX_FRAME_BYTES,
    Request,
    receive_answer,
    receive_request,
    send_answer,
    send_request,
)
from zkattest.verify.proof import ProofSystem, VerifiedProof

VERIFIED = VerifiedProof(ProofSystem.SP1, ProgramVk(b"\1" * 32), "v6.1.0", b"values", 1.0, 2.5)
FIELDS = {
    "system": "sp1",
    "program_vk": {"hex": "01" * 32},
    "circuit_version": "v6.1.0",
    "public_values": {"hex": b"values".hex()},
    "decode_ms": 1.0,
    "verify_ms": 2.5,
}


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # An answer of any length fits without a reader.
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 21)
        yield ours, theirs


Ends = tuple[socket.socket, socket.socket]


def send_frame(connection: socket.socket, data: bytes) -> None:
    connection.sendall(struct.pack(">I", len(data)) + data)


@pytest.mark.parametrize("key", [None, b"", b"key"])
@pytest.mark.parametrize("values", [None, b"", b"values"])
def test_request__comes_through(ends: Ends, key: bytes | None, values: bytes | None) -> None:
    request = Request(ProofSystem.ZISK, ProgramVk(b"\2" * 32), key, b"proof", values)
    send_request(ends[1], request)
    assert receive_request(ends[0]) == request


def test_request__none_when_the_other_end_has_hung_up(ends: Ends) -> None:
    ends[1].close()
    assert receive_request(ends[0]) is None


def test_request__end_inside_it_is_an_error(ends: Ends) -> None:
    send_frame(ends[1], b"sp1")
    ends[1].close()
    with pytest.raises(EOFError):
        receive_request(ends[0])


def test_verified__comes_through(ends: Ends) -> None:
    send_answer(ends[1], VERIFIED)
    assert receive_answer(ends[0]) == VERIFIED
    send_frame(ends[1], json.dumps({"verified": FIELDS}).encode())
    assert receive_answer(ends[0]) == VERIFIED


def test_refusal_and_failure__come_through(ends: Ends) -> None:
    send_answer(ends[1], InvalidProof(Reason.PROOF_INVALID, got=b"\1", limit=7, detail="no"))
    refusal = receive_answer(ends[0])
    assert isinstance(refusal, InvalidProof)
    assert (refusal.reason, refusal.operands) == (
        Reason.PROOF_INVALID,
        {"got": b"\1", "limit": 7, "detail": "no"},
    )
    send_answer(ends[1], CannotVerify(Cause.TIMEOUT, "late"))
    failure = receive_answer(ends[0])
    assert isinstance(failure, CannotVerify)
    assert (failure.cause, failure.detail) == (Cause.TIMEOUT, "late")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b"7",
        b"[" * 100_000,
        b'{"verified": {}}',
        b'{"verified": 1}',
        b'{"reason": "proof_invalid"}',
        b'{"reason": "no word of ours", "operands": {}}',
        b'{"reason": "proof_invalid", "operands": {"self": 1}}',
        b'{"cause": "no word of ours", "detail": ""}',
        b'{"cause": "timeout", "detail": {"hex": "zz"}}',
        b'{"cause": "timeout", "detail": {"hex": 1}}',
        *(
            json.dumps({"verified": {**FIELDS, name: value}}).encode()
            for name, value in (
                ("system", "sp2"),
                ("system", ["sp1"]),
                ("program_vk", {"hex": "01"}),
                ("program_vk", "01" * 32),
                ("circuit_version", None),
                ("public_values", "values"),
                ("decode_ms", "1"),
                ("verify_ms", None),
                ("another", 1),
            )
        ),
    ],
)
def test_answer__refused_when_no_process_of_ours_says_it(ends: Ends, said: bytes) -> None:
    send_frame(ends[1], said)
    with pytest.raises(ValueError, match=r".+"):
        receive_answer(ends[0])


def test_answer__refused_by_its_length_before_it_is_there(ends: Ends) -> None:
    ends[1].sendall(struct.pack(">I", MAX_FRAME_BYTES + 1))
    with pytest.raises(ValueError, match="a frame of 16777217 bytes, limit 16777216"):
        receive_answer(ends[0])
