"""Ask peers for messages they have: one at a time for each message, the next when one fails."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

MOST_WANTED = 4096
# One peer's inventions must not take the room that others' messages need.
MOST_ASKED_OF_A_PEER = 1024
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
        self._asked: Counter[str] = Counter()
        self._silent: set[str] = set()

    def offer(self, message_id: bytes, peer: str, now_s: float) -> bool:
        """Note that `peer` has a message we lack; True when it is to be asked now."""
        want = self._wants.get(message_id)
        if want is not None:
            known = peer == want.asked or peer in want.candidates
            if not known and len(want.candidates) < MOST_CANDIDATES:
                want.candidates.append(peer)
            return False
        if len(self._wants) >= MOST_WANTED or self._asked[peer] >= MOST_ASKED_OF_A_PEER:
            return False
        self._asked[peer] += 1
        self._wants[message_id] = Want(peer, now_s + self._retry_s)
        return True

    def arrived(self, message_id: bytes) -> None:
        """Stop asking for a message."""
        want = self._wants.pop(message_id, None)
        if want is not None:
            self._release(want.asked)

    def take_silent(self) -> set[str]:
        """Return the peers that let a question go unanswered since the last call."""
        silent, self._silent = self._silent, set()
        return silent

    def due(self, now_s: float) -> list[tuple[str, bytes]]:
        """Return whom to ask instead of peers that did not answer."""
        asks = []
        for message_id, want in list(self._wants.items()):
            if want.retry_s > now_s:
                continue
            self._silent.add(want.asked)
            self._release(want.asked)
            if not want.candidates:
                del self._wants[message_id]
                continue
            want.asked = want.candidates.pop(0)
            self._asked[want.asked] += 1
            want.retry_s = now_s + self._retry_s
            asks.append((want.asked, message_id))
        return asks

    def _release(self, peer: str) -> None:
        self._asked[peer] -= 1
        if self._asked[peer] <= 0:
            del self._asked[peer]
