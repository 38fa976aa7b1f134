"""Ask peers for messages they have: one at a time for each message, the next when one fails."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

MOST_WANTED = 4096
MOST_CANDIDATES = 8


@dataclass(slots=True)
class Want:
    """Remember whom we asked for a message, and who else has it."""

    asked: str
    retry_s: float
    candidates: list[str] = field(default_factory=list)


class Wants:
    """Decide whom to ask for announced messages."""

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._wants: OrderedDict[bytes, Want] = OrderedDict()

    def offer(self, message_id: bytes, peer: str, now_s: float) -> bool:
        """Note that `peer` has a message we lack; True when it is to be asked now."""
        want = self._wants.get(message_id)
        if want is not None:
            if peer != want.asked and len(want.candidates) < MOST_CANDIDATES:
                want.candidates.append(peer)
            return False
        if len(self._wants) >= MOST_WANTED:
            return False
        self._wants[message_id] = Want(peer, now_s + self._retry_s)
        return True

    def arrived(self, message_id: bytes) -> None:
        """Stop asking for a message."""
        self._wants.pop(message_id, None)

    def due(self, now_s: float) -> list[tuple[str, bytes]]:
        """Return whom to ask instead of peers that did not answer."""
        asks = []
        for message_id, want in list(self._wants.items()):
            if want.retry_s > now_s:
                continue
            if not want.candidates:
                del self._wants[message_id]
                continue
            want.asked = want.candidates.pop(0)
            want.retry_s = now_s + self._retry_s
            asks.append((want.asked, message_id))
        return asks
