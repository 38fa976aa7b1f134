"""
Choose how each peer gets a big message: at once, when it asks, or at last without having asked.

A message of a megabyte that every member of a mesh pushes to every other crosses most links for
nothing. So a few get it at once, the others are told that it is there (IHAVE) and ask one of those
who told them (IWANT). Gossipsub 1.1 and 1.2 allow that at any time; who does not ask and does not
decline (IDONTWANT) is sent it after a while, whatever the reason.

https://github.com/libp2p/specs/blob/master/pubsub/gossipsub/gossipsub-v1.2.md
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_OPEN = 64
MOST_SENT = 64
# go-libp2p-pubsub hears ten announcements of a peer in its heartbeat, which may be longer than
# ours, and some are for the peers outside the mesh.
MOST_ANNOUNCEMENTS = 6


@dataclass(slots=True)
class Offers:
    """Remember which big messages one peer was told of, and which it was sent."""

    open: OrderedDict[bytes, float] = field(default_factory=OrderedDict)
    """Announced, and when it is sent without having been asked for."""
    sent: OrderedDict[bytes, float] = field(default_factory=OrderedDict)
    announcements: int = 0
    """Since the last heartbeat."""

    def can_announce(self) -> bool:
        """Say whether the peer would listen to one more announcement."""
        return self.announcements < MOST_ANNOUNCEMENTS and len(self.open) < MOST_OPEN

    def announce(self, message_id: bytes, due_s: float) -> None:
        """Note an announcement, and until when the peer may ask."""
        self.announcements += 1
        self.open[message_id] = due_s

    def remind(self, message_id: bytes, due_s: float) -> None:
        """Note what a peer was told of among much else, if there is room."""
        if len(self.open) < MOST_OPEN:
            self.open[message_id] = due_s

    def close(self, message_id: bytes) -> None:
        """Note that the peer asked, or has it, or does not want it."""
        self.open.pop(message_id, None)

    def send(self, message_id: bytes, now_s: float) -> None:
        """Note that a message is on its way to the peer."""
        self.close(message_id)
        self.sent[message_id] = now_s
        self.sent.move_to_end(message_id)
        if len(self.sent) > MOST_SENT:
            self.sent.popitem(last=False)

    def is_under_way(self, message_id: bytes, since_s: float) -> bool:
        """Say whether a message was sent at `since_s` or later."""
        return self.sent.get(message_id, float("-inf")) >= since_s

    def take_overdue(self, now_s: float) -> list[bytes]:
        """Return what the peer was told of in vain."""
        overdue = [message_id for message_id, due_s in self.open.items() if due_s <= now_s]
        for message_id in overdue:
            del self.open[message_id]
        return overdue


def chosen(
    peers: Mapping[str, Offers], eager: int, rng: random.Random
) -> tuple[list[str], list[str]]:
    """
    Split peers into those that get a big message at once and those that are told of it.

    By chance, so that nobody can count on being first, nor on being the one who is skipped.
    """
    names = sorted(peers)
    rng.shuffle(names)
    at_once, told = names[:eager], names[eager:]
    at_once += [peer for peer in told if not peers[peer].can_announce()]
    return at_once, [peer for peer in told if peers[peer].can_announce()]
