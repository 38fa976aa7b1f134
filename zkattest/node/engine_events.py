"""Tell subscribers what became of proofs: first what is known, then what comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import trio

from zkattest.machines.proof_board import ProofBoard
from zkattest.types.ids import ProofType, Root
from zkattest.types.verification import EngineEvent

# Events that wait for one reader; beyond it the reader is too slow, and is closed.
_QUEUE: Final = 256
MAX_READERS: Final = 256


class TooManyReaders(Exception):
    """Say that as many listen as may."""


@dataclass(slots=True)
class EngineEvents:
    """Carry the board's events to who listens."""

    board: ProofBoard = field(default_factory=ProofBoard)
    _readers: dict[trio.MemorySendChannel[EngineEvent], Root | None] = field(default_factory=dict)
    _changed: trio.Event = field(default_factory=trio.Event)

    @property
    def readers(self) -> int:
        """Count those who listen."""
        return len(self._readers)

    def complete(self, root: Root, proof_type: ProofType) -> None:
        """Tell that a valid proof is there, where that is news."""
        event = self.board.complete(root, proof_type)
        self._tell([event] if event else [])

    def withdraw(self, root: Root, proof_type: ProofType, error: str) -> None:
        """Tell that a proof counts no longer, where it did."""
        event = self.board.withdraw(root, proof_type, error)
        self._tell([event] if event else [])

    def expect(self, root: Root, proof_types: Iterable[ProofType], until_ms: int) -> bool:
        """Wait for proofs; False where too many are waited for."""
        is_noted = self.board.expect(root, proof_types, until_ms)
        self._changed.set()
        return is_noted

    def expire(self, now_ms: int) -> None:
        """Tell of what did not come in time."""
        self._tell(self.board.expire(now_ms))

    async def wait_for_change(self, most_ms: int | None) -> None:
        """Return when something new is waited for, or after this long."""
        self._changed = trio.Event()
        if most_ms is None:
            await self._changed.wait()
            return
        with trio.move_on_after(max(0, most_ms) / 1000):
            await self._changed.wait()

    @asynccontextmanager
    async def subscribe(
        self, root: Root | None
    ) -> AsyncIterator[AsyncGenerator[EngineEvent, None]]:
        """Open the events about a payload request, or about all; raises `TooManyReaders`."""
        if len(self._readers) >= MAX_READERS:
            raise TooManyReaders(f"{MAX_READERS} listen already")
        send, receive = trio.open_memory_channel[EngineEvent](_QUEUE)
        # Nothing can come between the two: there is no checkpoint.
        known = self.board.catch_up(root)
        self._readers[send] = root
        try:
            async with receive:
                events = _events(known, receive)
                try:
                    yield events
                finally:
                    await events.aclose()
        finally:
            self._readers.pop(send, None)

    def _tell(self, events: Iterable[EngineEvent]) -> None:
        for event in events:
            for send, root in list(self._readers.items()):
                if root is None or root == event.new_payload_request_root:
                    self._send(send, event)

    def _send(self, send: trio.MemorySendChannel[EngineEvent], event: EngineEvent) -> None:
        try:
            send.send_nowait(event)
        except (trio.WouldBlock, trio.BrokenResourceError):
            # What was queued is still read; then the iteration ends.
            send.close()
            self._readers.pop(send, None)


async def _events(
    known: tuple[EngineEvent, ...], receive: trio.MemoryReceiveChannel[EngineEvent]
) -> AsyncGenerator[EngineEvent, None]:
    for event in known:
        yield event
    async for event in receive:
        yield event
