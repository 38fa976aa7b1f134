"""
Say what a POST may bring: its size, its kind, and who may send it; asked before its body is read.

A program on this machine uploads, never a web page: browsers name the page that sends (`Origin`),
and send the kinds of content that are taken here only after they were allowed to, which they are
not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import trio

from zkattest.api.answers import Answer, json_answer

_CHUNKED: Final = b"chunked"


@dataclass(frozen=True, slots=True)
class Body:
    """Hold what was posted: its media type without parameters, and its bytes."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """Hold who takes the body of a POST, and its bounds."""

    take: Callable[[Body], Awaitable[Answer]]
    max_bytes: Mapping[str, int]
    """For each media type that is taken."""
    timeout_ms: int
    """For the work on it; the server bounds the time for it to come, and for the answer."""
    bodies: int = 2
    """Held at a time; whoever comes later is sent away before its body is read."""
    _slots: trio.CapacityLimiter = field(init=False)

    def __post_init__(self) -> None:
        """Count the bodies."""
        object.__setattr__(self, "_slots", trio.CapacityLimiter(self.bodies))

    def slot(self) -> trio.CapacityLimiter:
        """Return what a body has to hold while it is in memory."""
        return self._slots

    def refuse(self, method: str, fields: Mapping[bytes, bytes]) -> Answer | None:
        """Answer a request whose body is not worth reading; nothing where it is."""
        if method != "POST":
            return failure(405, "only POST")
        if b"origin" in fields:
            return failure(403, "web pages may not post here")
        if media_type(fields) not in self.max_bytes:
            return failure(415, f"content-type: expected {' or '.join(self.max_bytes)}")
        if b"content-encoding" in fields:
            return failure(415, "content-encoding: compressed bodies are not taken")
        return self._refuse_length(fields)

    def _refuse_length(self, fields: Mapping[bytes, bytes]) -> Answer | None:
        if fields.get(b"transfer-encoding", b"").lower() == _CHUNKED:
            return None
        # h11 has checked that it is a number, and has at most 20 digits.
        length = int(fields.get(b"content-length", b"0"))
        if length == 0:
            return failure(411, "a body is expected")
        limit_bytes = self.max_bytes[media_type(fields)]
        if length > limit_bytes:
            return failure(413, f"at most {limit_bytes} bytes are taken")
        return None


def failure(status: int, message: str) -> Answer:
    """Answer an error in the shape that the Beacon API gives errors."""
    return json_answer({"code": status, "message": message}, status)


def media_type(fields: Mapping[bytes, bytes]) -> str:
    """Return the media type of a request's head; empty without one."""
    return fields.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
