"""Translate the worker's JSON lines: requests out, events in, each checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

PROTOCOL_VERSION = 1


class ProtocolError(Exception):
    """Say that a line from the worker is not one of the protocol."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Hold the worker's first line: which protocol, versions and settings it has."""

    protocol: int
    worker: str
    sp1: str
    pid: int
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """Say where a job is: `done` of `total` (None: not known yet) steps of a stage."""

    id: str
    stage: str
    done: int
    total: int | None
    detail: str | None
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Result:
    """Hold the answer to a job that succeeded."""

    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """Hold the answer to a job that failed; without id the request was not understood."""

    id: str | None
    kind: str
    message: str
    logged: str | None


Event: TypeAlias = Ready | Progress | Result | Failed


def encode_request(request_id: str, op: str, paths: Mapping[str, Path | bool]) -> bytes:
    """Write one request line; paths are made absolute, for the worker runs elsewhere."""
    fields = {
        name: value if isinstance(value, bool) else str(value.absolute())
        for name, value in paths.items()
    }
    return json.dumps({"id": request_id, "op": op, **fields}).encode() + b"\n"


def parse_event(line: bytes) -> Event:
    """Read one line of the worker."""
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {line[:80]!r}") from error
    if not isinstance(fields, dict):
        raise ProtocolError(f"not an object: {line[:80]!r}")
    read = Fields(fields)
    match fields.get("event"):
        case "ready":
            return Ready(
                read.integer("protocol"),
                read.text("worker"),
                read.text("sp1"),
                read.integer("pid"),
                read.mapping("settings"),
            )
        case "progress":
            return Progress(
                read.text("id"),
                read.text("stage"),
                read.integer("done"),
                read.optional_integer("total"),
                read.optional_text("detail"),
                read.integer("elapsed_ms"),
            )
        case "result":
            return Result(read.text("id"), fields)
        case "error":
            return Failed(
                read.optional_text("id"),
                read.text("kind"),
                read.text("message"),
                read.optional_text("cause"),
            )
        case unknown:
            raise ProtocolError(f"unknown event {unknown!r}")


class Fields:
    """Read typed fields of one JSON object."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        """Keep the object."""
        self._fields = fields

    def integer(self, name: str) -> int:
        """Read a number that is not negative."""
        value = self._fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ProtocolError(f"{name}: {value!r} is not a number")
        return value

    def optional_integer(self, name: str) -> int | None:
        """Read a number or null."""
        return None if self._fields.get(name) is None else self.integer(name)

    def text(self, name: str) -> str:
        """Read a text."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise ProtocolError(f"{name}: {value!r} is not a text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Read a text or null."""
        return None if self._fields.get(name) is None else self.text(name)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Read an object."""
        value = self._fields.get(name)
        if not isinstance(value, dict):
            raise ProtocolError(f"{name}: {value!r} is not an object")
        return value

    def counts(self, name: str) -> dict[str, int]:
        """Read an object of numbers."""
        inner = Fields(self.mapping(name))
        return {key: inner.integer(key) for key in self.mapping(name)}

    def hex_bytes(self, name: str) -> bytes:
        """Read bytes in hexadecimal, with or without 0x."""
        text = self.text(name).removeprefix("0x")
        try:
            return bytes.fromhex(text)
        except ValueError as error:
            raise ProtocolError(f"{name}: not hexadecimal") from error
