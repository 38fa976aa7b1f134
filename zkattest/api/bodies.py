"""Read what an asker sends, within its bound: for a node's uploads and an engine's routes alike."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request

from zkattest.api.connection import BadBody


class BodyRefused(Exception):
    """Say with which status of HTTP a body is refused, and why."""

    def __init__(self, status: int, message: str) -> None:
        """Take what the asker is told."""
        super().__init__(message)
        self.status = status
        self.message = message


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Read a body to its end; raise `BodyRefused` for one that is too long, late or broken."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > max_bytes:
                raise BodyRefused(413, f"at most {max_bytes} bytes are taken")
    except ClientDisconnect:
        raise BodyRefused(408, "the body did not come in time") from None
    except BadBody:
        raise BodyRefused(400, "body: breaks off, or is not framed as its head says") from None
    return bytes(body)
