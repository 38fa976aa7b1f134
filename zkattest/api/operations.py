"""
Describe what can be asked over HTTP: one value for each method and path.

The server routes by these values and `openapi` writes its document from them, so that neither
knows anything that the other does not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

JSON: Final = "application/json"
OCTETS: Final = "application/octet-stream"
EVENTS: Final = "text/event-stream"
TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class Raw:
    """Describe a body that is no JSON object of ours."""

    schema: Mapping[str, Any]


BINARY: Final = Raw({"type": "string", "format": "binary"})
TEXT_BODY: Final = Raw({"type": "string"})
Shape: TypeAlias = type[BaseModel] | Raw


class NoFields(BaseModel):
    """Take nothing."""


_Query = TypeVar("_Query", bound=BaseModel)
_Path = TypeVar("_Path", bound=BaseModel)


class Hold(Protocol):
    """Take room for one request until its answer has gone out; raises `TooBusy`."""

    def __call__(self, size_bytes: int, checks: int = 0) -> Awaitable[None]:
        """Take so many bytes of memory, and places for proofs to be verified."""
        ...


@dataclass(frozen=True, slots=True)
class Call(Generic[_Query, _Path]):
    """Hold one request whose head, query and size are in order."""

    query: _Query
    path: _Path
    media_type: str
    body: bytes
    request: Request
    hold: Hold

    @property
    def accept(self) -> str:
        """Return what kinds of answer are wanted; anything where nothing is said."""
        return self.request.headers.get("accept", "*/*")


Handler: TypeAlias = Callable[[Any], Awaitable[Response]]
Judge: TypeAlias = Callable[[Any, Any], Response | None]


@dataclass(frozen=True, slots=True)
class Taken:
    """
    Say which bodies an operation takes, and how large.

    `takes_any_kind` reads a body of whatever media type, or of none, as the first of `shapes`.
    """

    shapes: Mapping[str, Shape]
    max_bytes: Mapping[str, int]
    takes_any_kind: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """Say what an answer with some status is."""

    description: str
    shapes: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """Describe one thing that can be asked; `answers` leaves out what every route may answer."""

    method: str
    path: str
    operation_id: str
    summary: str
    handle: Handler
    answers: Mapping[int, Answered]
    query: type[BaseModel] = NoFields
    path_fields: type[BaseModel] = NoFields
    body: Taken | None = None
    judge: Judge | None = None
    """Refuse what query and path ask for before a body is read: by an answer, or `HttpFailure`."""
    is_check: bool = False
    """Whether a proof is verified: only so many are taken in as an engine has places for."""
    is_open: bool = False
    """Whether it is answered without a token."""
    is_probe: bool = False
    """Whether it is answered however often an address asks: to refuse it would cost as much."""
    description: str = ""


class HttpFailure(Exception):
    """Answer a request with an error; `more` stands beside code and message."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the parts apart: each dialect has its own shape of errors."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def accepted(accept: str, offers: Sequence[str]) -> str | None:
    """
    Choose the media type that an asker likes best, the first of the offers among equals.

    RFC 9110, section 12.5.1; a header that cannot be read likes nothing.
    """
    best, best_quality = None, 0.0
    ranges = [_range(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    for offer in offers:
        matching = [(name.count("*"), quality) for name, quality in ranges if _matches(name, offer)]
        # The most exact range counts, not the best one.
        quality = min(matching, key=lambda match: match[0])[1] if matching else 0.0
        if quality > best_quality:
            best, best_quality = offer, quality
    return best


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, min(1.0, max(0.0, float(value)))
            except ValueError:
                return name, 0.0
    return name, 1.0


def _matches(name: str, offer: str) -> bool:
    return name in ("*/*", "*", offer) or name == offer.partition("/")[0] + "/*"
