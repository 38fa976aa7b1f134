"""
Find peers by discv5, in a program of its own: the maintained implementation is a Rust crate.

The program (`discovery/` in the sources) gets our key and record on its standard input and prints
the records that it finds, one JSON line each. It is ours, but what it prints comes from strangers:
every record is size-checked, decoded and verified again before anybody is dialled.
"""

from __future__ import annotations

import json
import logging
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import trio

from zkattest.net.enr import MAX_TEXT_CHARACTERS, NodeRecord, parse_record
from zkattest.net.peer_book import PeerBook, Source
from zkattest.net.peer_keeper import learn_records
from zkattest.types.errors import DecodeError
from zkattest.types.json_text import parse_json
from zkattest.types.peering import ForkDigest

logger = logging.getLogger(__name__)

MAX_LINE_BYTES: Final = MAX_TEXT_CHARACTERS + 512
_READ_BYTES: Final = 1 << 14


class DiscoveryFailed(Exception):
    """Say why the program ended; the other ways to find peers go on."""


@dataclass(frozen=True, slots=True)
class DiscoverySettings:
    """Hold what the program is told; `listen` is an IP address and a UDP port."""

    program: Path
    secret_key: bytes
    record: NodeRecord
    listen: str
    bootnodes: tuple[NodeRecord, ...]
    fork_digest: ForkDigest
    needs_proofs: bool = False
    """Whether only peers are wanted whose record has a non-zero `eproof` entry."""
    interval_ms: int = 10_000


class Discovery:
    """Run the program, and put into a book whom it finds."""

    def __init__(self, settings: DiscoverySettings, book: PeerBook) -> None:
        """Start nothing yet."""
        self.counters: Counter[str] = Counter()
        self._settings = settings
        self._book = book

    async def run(self) -> None:
        """Run until cancelled; raise `DiscoveryFailed` when the program ends of its own accord."""
        try:
            process = await trio.lowlevel.open_process(
                [str(self._settings.program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            reason = f"{self._settings.program}: {error.strerror or error}"
            raise DiscoveryFailed(reason) from error
        try:
            await self._converse(process)
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()

    async def _converse(self, process: trio.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("a process without pipes")
        try:
            # Its standard input stays open: the program ends with us, whatever ends us.
            await process.stdin.send_all(self._told())
        except trio.BrokenResourceError:
            logger.debug("the program ended before it was told anything")
        buffer = bytearray()
        while data := await process.stdout.receive_some(_READ_BYTES):
            *lines, buffer = bytearray(buffer + data).split(b"\n")
            for line in lines:
                self._take(bytes(line))
            if len(buffer) > MAX_LINE_BYTES:
                raise DiscoveryFailed(f"a line of more than {MAX_LINE_BYTES} bytes")
        raise DiscoveryFailed(f"{self._settings.program} ended")

    def _told(self) -> bytes:
        settings = self._settings
        told = {
            "key": settings.secret_key.hex(),
            "enr": str(settings.record),
            "listen": settings.listen,
            "bootnodes": [str(record) for record in settings.bootnodes],
            "interval_ms": settings.interval_ms,
        }
        return json.dumps(told).encode() + b"\n"

    def _take(self, line: bytes) -> None:
        event = _read_event(line)
        if event.get("event") == "failed":
            raise DiscoveryFailed(str(event.get("reason"))[:MAX_LINE_BYTES])
        if event.get("event") != "found":
            return
        try:
            record = parse_record(str(event.get("enr")))
            is_wanted = not self._settings.needs_proofs or bool(record.eproof)
            left_out = learn_records(
                self._book,
                [record] if is_wanted else [],
                self._settings.fork_digest,
                self._settings.record.peer_id,
                Source.DISCV5,
            )
        except DecodeError as error:
            self.counters["malformed"] += 1
            logger.debug("a record of a stranger: %s", error)
            return
        self.counters["left_out" if left_out or not is_wanted else "learned"] += 1


def _read_event(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise DiscoveryFailed(f"a line of more than {MAX_LINE_BYTES} bytes")
    try:
        event = parse_json(line)
    except ValueError as error:
        raise DiscoveryFailed("a line that is no JSON") from error
    if not isinstance(event, dict):
        raise DiscoveryFailed("a line that is no object")
    return event
