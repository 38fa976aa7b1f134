"""
Dial the peers of a book until enough are connected, and keep the book on disk.

Strangers choose whether to connect to us; whom we dial is our own choice. So some connections are
always ours, however many others there are. Once in a while an address that never worked is tried
and left again (a feeler), so that the book knows more than the peers of the moment.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import trio

from zkattest.net.enr import NodeRecord
from zkattest.net.peer_book import MAX_BOOK_BYTES, PeerBook, PeerBookError, Source
from zkattest.types.peering import ForkDigest

logger = logging.getLogger(__name__)

_TEMPORARY_SUFFIX: Final = ".new"


@dataclass(frozen=True, slots=True)
class KeeperSettings:
    """Hold how many peers are wanted, and how eagerly they are looked for; times in seconds."""

    wanted_peers: int = 16
    least_dialled: int = 8
    feeler_interval_s: float = 120.0
    feeler_s: float = 5.0
    most_dials: int = 8
    interval_s: float = 1.0
    save_interval_s: float = 60.0


class Dialler(Protocol):
    """What the keeper needs of a host."""

    def connected_peers(self) -> frozenset[str]:
        """Return the peers that are connected."""
        ...

    async def dial(self, address: str) -> None:
        """Connect once and stay until the connection ends or fails."""


class PeerFile:
    """Keep a book in a file; blocking, to be called in threads."""

    def __init__(self, path: Path) -> None:
        """Take the place; nothing is read or written yet."""
        self.path = path

    def load(self, book: PeerBook) -> int:
        """
        Fill a book from the file and return how many peers it held, 0 where there is none.

        Raises `PeerBookError` for what is no book and `OSError` for what cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_BOOK_BYTES + 1)
        except FileNotFoundError:
            return 0
        return book.restore(data)

    def save(self, data: bytes) -> None:
        """Write a book whole or not at all; raise `OSError` when that fails."""
        temporary = self.path.with_name(self.path.name + _TEMPORARY_SUFFIX)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)


class PeerKeeper:
    """Keep enough peers connected; one task of the embedder's nursery."""

    def __init__(
        self,
        host: Dialler,
        book: PeerBook,
        now_ms: Callable[[], int],
        settings: KeeperSettings | None = None,
        file: PeerFile | None = None,
    ) -> None:
        """Dial through `host`; without a file the book is lost with the process."""
        self._host = host
        self._book = book
        self._now_ms = now_ms
        self._settings = settings or KeeperSettings()
        self._file = file
        self._saved_changes = 0
        self._dialling: set[str] = set()
        self._met: set[str] = set()
        self._feeler_due_s = 0.0

    async def run(self) -> None:
        """Dial, note what works, save; until cancelled, and save once more then."""
        await self._load()
        save_due_s = trio.current_time() + self._settings.save_interval_s
        self._feeler_due_s = trio.current_time() + self._settings.feeler_interval_s
        try:
            async with trio.open_nursery() as nursery:
                while True:
                    self._look_around(nursery)
                    if trio.current_time() >= save_due_s:
                        save_due_s = trio.current_time() + self._settings.save_interval_s
                        await self._save()
                    await trio.sleep(self._settings.interval_s)
        finally:
            with trio.CancelScope(shield=True):
                await self._save()

    def _look_around(self, nursery: trio.Nursery) -> None:
        connected = self._host.connected_peers()
        for peer in connected & self._dialling - self._met:
            self._met.add(peer)
            self._book.met(peer, self._now_ms())
        attempts = len(self._dialling - connected)
        count = min(self._wanted(connected), self._settings.most_dials) - attempts
        engaged = connected | self._dialling
        for known in self._book.due(self._now_ms(), engaged, count):
            self._dialling.add(known.peer_id)
            nursery.start_soon(self._dial, known.peer_id, known.address)
        if count <= 0 and trio.current_time() >= self._feeler_due_s:
            self._feeler_due_s = trio.current_time() + self._settings.feeler_interval_s
            if (untried := self._book.untried(self._now_ms(), engaged)) is not None:
                self._dialling.add(untried.peer_id)
                feeler_s = self._settings.feeler_s
                nursery.start_soon(self._dial, untried.peer_id, untried.address, feeler_s)

    def _wanted(self, connected: frozenset[str]) -> int:
        """Say how many more are wanted; strangers that came in leave room for those we dial."""
        settings = self._settings
        dialled = min(settings.least_dialled, settings.wanted_peers) - len(self._met & connected)
        return max(settings.wanted_peers - len(connected), dialled)

    async def _dial(self, peer: str, address: str, most_s: float = math.inf) -> None:
        with trio.move_on_after(most_s):
            await self._host.dial(address)
        self._dialling.discard(peer)
        if peer in self._met:
            self._met.discard(peer)
            self._book.parted(peer, self._now_ms())
        else:
            self._book.failed(peer, self._now_ms())

    async def _load(self) -> None:
        if self._file is None:
            return
        try:
            count = await trio.to_thread.run_sync(self._file.load, self._book)
        except (PeerBookError, OSError) as error:
            # A node that has lost its book still has its configuration.
            logger.warning("peers of %s are forgotten: %s", self._file.path, error)
            return
        logger.info("%d peers remembered in %s", count, self._file.path)

    async def _save(self) -> None:
        if self._file is None or self._book.changes == self._saved_changes:
            return
        changes, data = self._book.changes, self._book.encode()
        try:
            await trio.to_thread.run_sync(self._file.save, data)
        except OSError as error:
            logger.warning("peers cannot be kept in %s: %s", self._file.path, error)
            return
        self._saved_changes = changes


def learn_records(
    book: PeerBook,
    records: Sequence[NodeRecord],
    fork_digest: ForkDigest,
    our_peer_id: str,
    source: Source = Source.RECORD,
) -> list[str]:
    """
    Put the peers of node records into a book and return a line for each that was left out.

    Left out are records without a TCP address, of another fork, and our own.
    """
    reasons = []
    for record in records:
        fork = record.eth2
        if record.peer_id == our_peer_id:
            reasons.append(f"{record.peer_id}: is our own")
        elif record.address is None:
            reasons.append(f"{record.peer_id}: has no TCP address")
        elif fork is None and source is Source.DISCV5:
            # The network of discv5 is shared by all chains, and by the execution layer.
            reasons.append(f"{record.peer_id}: names no fork")
        elif fork is not None and fork.fork_digest != fork_digest:
            reasons.append(f"{record.peer_id}: is on fork {fork.fork_digest}, we on {fork_digest}")
        else:
            book.learn(record.address, source)
    return reasons
