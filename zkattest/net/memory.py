"""Remember messages for a while and in bounded space: which were seen, and some of them whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Status(Enum):
    """Say what became of a message we have seen."""

    PENDING = auto()
    ACCEPTED = auto()
    IGNORED = auto()
    REJECTED = auto()


class SeenMessages:
    """Remember what became of messages; the oldest give way when there are too many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[bytes, tuple[Status, float]] = OrderedDict()

    def status(self, message_id: bytes, now_s: float) -> Status | None:
        """Return what became of a message, None when it is new or forgotten."""
        entry = self._entries.get(message_id)
        if entry is None or (entry[1] <= now_s and entry[0] is not Status.PENDING):
            return None
        return entry[0]

    def record(self, message_id: bytes, status: Status, until_s: float) -> None:
        """Remember a message until `until_s`; a pending one until its verdict."""
        self._entries[message_id] = (status, until_s)
        self._entries.move_to_end(message_id)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def sweep(self, now_s: float) -> None:
        """Forget what expired; entries of different lifetimes stand in one order, hence all."""
        expired = [
            message_id
            for message_id, (status, until_s) in self._entries.items()
            if until_s <= now_s and status is not Status.PENDING
        ]
        for message_id in expired:
            del self._entries[message_id]

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class CachedMessage:
    """Hold a message as it goes over the wire."""

    topic: str
    frame: bytes
    stored_s: float


# What an entry takes beside its frame; a cache of small messages is mostly that.
ENTRY_BYTES = 512


class MessageCache:
    """Keep accepted messages for peers that ask for them, newest first, bounded in bytes."""

    def __init__(self, ttl_s: float, limit_bytes: int) -> None:
        self._ttl_s = ttl_s
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[bytes, CachedMessage] = OrderedDict()
        self.size_bytes = 0

    def put(self, message_id: bytes, topic: str, frame: bytes, now_s: float) -> None:
        """Keep a message; drop the oldest ones that no longer fit."""
        if message_id in self._entries or len(frame) + ENTRY_BYTES > self._limit_bytes:
            return
        self._entries[message_id] = CachedMessage(topic, frame, now_s)
        self.size_bytes += len(frame) + ENTRY_BYTES
        while self.size_bytes > self._limit_bytes:
            self._drop_oldest()

    def get(self, message_id: bytes) -> CachedMessage | None:
        """Return a message that is still kept."""
        return self._entries.get(message_id)

    def newest_ids(self, topic: str, since_s: float) -> Iterator[bytes]:
        """Yield the ids of a topic's messages stored at `since_s` or later, newest first."""
        for message_id, entry in reversed(self._entries.items()):
            if entry.stored_s < since_s:
                return
            if entry.topic == topic:
                yield message_id

    def sweep(self, now_s: float) -> None:
        """Drop what is too old."""
        while self._entries:
            if next(iter(self._entries.values())).stored_s > now_s - self._ttl_s:
                return
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, entry = self._entries.popitem(last=False)
        self.size_bytes -= len(entry.frame) + ENTRY_BYTES
