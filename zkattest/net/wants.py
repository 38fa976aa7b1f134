"""
Ask peers for messages they have: one at a time for each message, the next when one fails.

A peer that is sending may take its time: patience is counted from its last sign of life, up to a
limit, so that a big message on a slow link is not asked for twice, and one that drips holds nobody
up for long. One that is slower than most is asked of a second peer meanwhile, and of a third: over
a bad line the time of a transfer varies, and the fastest of them is rarely slow.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_WANTED = 4096
# One peer's inventions must not take the room that others' messages need.
MOST_ASKED_OF_A_PEER = 1024
MOST_CANDIDATES = 8
# How long a transfer takes is learned; a second peer is asked when one takes so much longer.
USUAL_S = 0.8
LEAST_USUAL_S = 0.4
# Peers that are asked beside the first while it is still sending.
MOST_JOINED = 2
WEIGHT = 0.1


@dataclass(slots=True)
class Want:
    """Remember whom we asked for a message, and who else has it."""

    asked: str
    asked_s: float
    times_asked: int = 1
    candidates: list[str] = field(default_factory=list)


def never_heard(_: str) -> float:
    """Answer that a peer gave no sign of life."""
    return float("-inf")


class Wants:
    """
    Decide whom to ask for announced messages.

    The next peer is asked `retry_s` after the last sign of life of the one before, at most `most_s`
    after it was asked. One more is asked already when the last takes `slower` times as long as
    transfers usually do. A peer counts as silent when `promise_s` have passed.
    """

    def __init__(
        self, retry_s: float, most_s: float, promise_s: float, slower: float = 1.3
    ) -> None:
        self._retry_s = retry_s
        self._most_s = most_s
        self._promise_s = promise_s
        self._slower = slower
        self._wants: OrderedDict[bytes, Want] = OrderedDict()
        self._asked: Counter[str] = Counter()
        self._unanswered: dict[tuple[str, float], None] = {}
        self._usual_s = USUAL_S

    def __len__(self) -> int:
        """Count the messages that we have asked for."""
        return len(self._wants)

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
        self._wants[message_id] = Want(peer, now_s)
        return True

    def arrived(self, message_id: bytes, now_s: float, *, is_big: bool) -> None:
        """Stop asking for a message; learn from a big one how long they take."""
        want = self._wants.pop(message_id, None)
        if want is None:
            return
        self._release(want.asked)
        if is_big and want.times_asked == 1 and want.asked_s > float("-inf"):
            self._learn(now_s - want.asked_s)
        elif is_big:
            self._learn(self._slower * self._usual_s)

    def lost(self, peer: str) -> None:
        """Note that a peer is gone: what it was asked for is asked of others when next due."""
        for want in self._wants.values():
            if peer in want.candidates:
                want.candidates.remove(peer)
            if want.asked == peer:
                want.asked_s = float("-inf")

    def take_silent(self, now_s: float) -> set[str]:
        """Return the peers that let a question go unanswered for too long since the last call."""
        due = [key for key in self._unanswered if key[1] <= now_s]
        for key in due:
            del self._unanswered[key]
        return {peer for peer, _ in due}

    def due(
        self, now_s: float, heard_s: Callable[[str], float] = never_heard
    ) -> list[tuple[str, bytes]]:
        """Return whom to ask instead of peers from which nothing came since `heard_s`."""
        asks = []
        for message_id, want in list(self._wants.items()):
            if now_s < self._patience_ends_s(want, heard_s(want.asked)):
                continue
            if want.asked_s > float("-inf"):
                # By tenths of a second: one peer can leave a thousand questions unanswered.
                self._unanswered[want.asked, round(want.asked_s + self._promise_s, 1)] = None
            self._release(want.asked)
            if not want.candidates:
                del self._wants[message_id]
                continue
            want.asked = want.candidates.pop(0)
            self._asked[want.asked] += 1
            want.asked_s = now_s
            want.times_asked += 1
            asks.append((want.asked, message_id))
        return asks

    def _patience_ends_s(self, want: Want, heard_s: float) -> float:
        if want.asked_s == float("-inf"):
            return want.asked_s
        ends_s = min(max(want.asked_s, heard_s) + self._retry_s, want.asked_s + self._most_s)
        if want.candidates and want.times_asked <= MOST_JOINED:
            return min(ends_s, want.asked_s + self._slower * self._usual_s)
        return ends_s

    def _learn(self, took_s: float) -> None:
        usual_s = (1 - WEIGHT) * self._usual_s + WEIGHT * took_s
        self._usual_s = min(max(usual_s, LEAST_USUAL_S), self._most_s)

    def _release(self, peer: str) -> None:
        self._asked[peer] -= 1
        if self._asked[peer] <= 0:
            del self._asked[peer]
