"""
Ask an ere-server, over Twirp, to verify and prove for the one program that it is for.

Sources: eth-act/ere 0.16.2 and 0.17. What it says of a proof is its word alone: verify proofs that
it makes before you use them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from zkattest.rpc.bounded_http import BoundedHttp, shorten
from zkattest.types.ere import (
    SERVICE,
    EreAnswer,
    EreError,
    EreExecuted,
    EreInput,
    EreMethod,
    EreNothing,
    EreProgramVk,
    EreProof,
    EreProved,
    EreRequest,
    EreVerified,
    decode_ere_answer,
    encode_ere_request,
)
from zkattest.types.errors import DecodeError

_Answer = TypeVar("_Answer", EreProgramVk, EreVerified, EreExecuted, EreProved)
_OK: Final = 200
_HEADERS: Final = {"content-type": "application/protobuf", "accept": "application/protobuf"}


@dataclass(frozen=True, slots=True)
class EreLimits:
    """Bound what one question may take; proving takes as long as `deadline_ms` says."""

    deadline_ms: int = 600_000
    answer_bytes: int = 8 << 20
    connections: int = 2


class EreClient:
    """
    Ask one ere-server; threads may share it, and every method blocks.

    Methods raise `SourceTimeout`, or `SourceUnavailable` for everything but an answer. `EreError`
    is an answer: what the zkVM said against the input or the proof.
    """

    def __init__(self, url: str, limits: EreLimits | None = None) -> None:
        """
        Prepare for a server at the address that `/twirp` stands behind; nothing is sent yet.

        Raises `ValueError` for what is no http(s) address.
        """
        self._limits = limits or EreLimits()
        self._http = BoundedHttp(
            url, connections=self._limits.connections, deadline_ms=self._limits.deadline_ms
        )

    def program_vk(self) -> EreProgramVk | EreError:
        """Return the key of the server's program."""
        answer = self._call(EreMethod.PROGRAM_VK, EreNothing())
        return self._expect(answer, EreProgramVk)

    def verify(self, proof: bytes) -> EreVerified | EreError:
        """Have a proof of the server's program verified, and return what it commits to."""
        return self._expect(self._call(EreMethod.VERIFY, EreProof(proof)), EreVerified)

    def execute(self, stdin: bytes, proofs: bytes | None = None) -> EreExecuted | EreError:
        """Have the program run."""
        return self._expect(self._call(EreMethod.EXECUTE, EreInput(stdin, proofs)), EreExecuted)

    def prove(self, stdin: bytes, proofs: bytes | None = None) -> EreProved | EreError:
        """Have a run of the program proven."""
        return self._expect(self._call(EreMethod.PROVE, EreInput(stdin, proofs)), EreProved)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _call(self, method: EreMethod, request: EreRequest) -> EreAnswer:
        with self._http.within_deadline():
            answer = self._http.exchange(
                "POST",
                f"/twirp/{SERVICE}/{method}",
                body=encode_ere_request(method, request),
                headers=_HEADERS,
                max_bytes=self._limits.answer_bytes,
            )
        if answer.status != _OK:
            self._refuse(answer.status, answer.body)
        try:
            return decode_ere_answer(method, answer.body)
        except DecodeError as error:
            self._http.refuse(f"not the answer of {method}: {error}")

    def _refuse(self, status: int, body: bytes) -> None:
        """Say why there is no answer, in the server's words where they are Twirp's."""
        said = f"HTTP status {status}"
        if body.lstrip().startswith(b"{"):
            parsed = self._http.decode(body)
            code, message = parsed.get("code"), parsed.get("msg")
            if isinstance(code, str) and isinstance(message, str):
                said += f": {shorten(f'{code}: {message}')}"
        self._http.refuse(said)

    def _expect(self, answer: EreAnswer, kind: type[_Answer]) -> _Answer | EreError:
        if isinstance(answer, EreError):
            # A server may say what it likes, in megabytes and with line ends.
            return EreError(shorten(answer.error))
        if isinstance(answer, kind):
            return answer
        raise AssertionError("the codec gives no other answer")
