"""Hold the messages that wait for a verdict, within a budget for each peer and for all."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from zkattest.net.settings import GossipSettings


@dataclass(slots=True)
class PendingMessage:
    """Hold a delivered message until its verdict; the first of `senders` pays for its space."""

    topic: str
    payload: bytes
    size_bytes: int
    expires_s: float
    senders: list[str] = field(default_factory=list)


class PendingMessages:
    """Admit messages as the budgets allow."""

    def __init__(self, settings: GossipSettings) -> None:
        self._settings = settings
        self._entries: OrderedDict[bytes, PendingMessage] = OrderedDict()
        self._size_bytes = 0
        self._by_peer: dict[str, tuple[int, int]] = {}

    def admit(self, message_id: bytes, message: PendingMessage) -> bool:
        """Take a message in; False when its sender, or all together, wait for too much."""
        if not self.has_room(message.senders[0], message.size_bytes):
            return False
        count, size_bytes = self._by_peer.get(message.senders[0], (0, 0))
        self._entries[message_id] = message
        self._size_bytes += message.size_bytes
        self._by_peer[message.senders[0]] = (count + 1, size_bytes + message.size_bytes)
        return True

    def has_share(self, sender: str, added_bytes: int) -> bool:
        """Say whether a peer's own limits allow one more message of a size."""
        settings = self._settings
        count, size_bytes = self._by_peer.get(sender, (0, 0))
        return (
            count < settings.pending_peer_limit
            and size_bytes + added_bytes <= settings.pending_peer_limit_bytes
        )

    def has_room(self, sender: str, added_bytes: int) -> bool:
        """Say whether a peer's message of a size would be admitted."""
        return self.has_share(sender, added_bytes) and not any(self._lacks(added_bytes))

    def newest_of_most(self, sender: str, added_bytes: int) -> bytes | None:
        """Name what to drop for a message: of a peer that holds more than the sender would."""
        lacks_place, _ = self._lacks(added_bytes)
        measure = 0 if lacks_place else 1
        if not self._by_peer:
            return None
        most = max(self._by_peer, key=lambda peer: self._by_peer[peer][measure])
        own = self._by_peer.get(sender, (0, 0))[measure] + (1 if lacks_place else added_bytes)
        if self._by_peer[most][measure] <= own:
            return None
        newest_first = reversed(self._entries.items())
        return next(each for each, message in newest_first if message.senders[0] == most)

    def _lacks(self, added_bytes: int) -> tuple[bool, bool]:
        settings = self._settings
        return (
            len(self._entries) >= settings.pending_limit,
            self._size_bytes + added_bytes > settings.pending_limit_bytes,
        )

    def add_sender(self, message_id: bytes, peer: str) -> None:
        """Note that another peer sent the same message."""
        message = self._entries.get(message_id)
        if message is not None and peer not in message.senders:
            message.senders.append(peer)

    def take(self, message_id: bytes) -> PendingMessage | None:
        """Remove and return a message; None when it does not wait."""
        message = self._entries.pop(message_id, None)
        if message is None:
            return None
        self._size_bytes -= message.size_bytes
        count, size_bytes = self._by_peer.pop(message.senders[0])
        if count > 1:
            self._by_peer[message.senders[0]] = (count - 1, size_bytes - message.size_bytes)
        return message

    def expired(self, now_s: float) -> list[bytes]:
        """Return the ids of messages that waited too long (they expire in order of arrival)."""
        overdue = []
        for message_id, message in self._entries.items():
            if message.expires_s > now_s:
                break
            overdue.append(message_id)
        return overdue

    def __contains__(self, message_id: bytes) -> bool:
        """Say whether a message waits."""
        return message_id in self._entries

    def __len__(self) -> int:
        """Count the messages that wait."""
        return len(self._entries)
