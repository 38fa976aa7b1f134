"""Order messages for the embedder so that no peer's many hold up another's few."""

from __future__ import annotations

from collections import OrderedDict, deque

from zkattest.types.gossip import GossipMessage


class FairQueue:
    """
    Take turns among the peers that messages came from.

    Friends, who delivered what was accepted, and strangers are two rings; each has every other
    turn while both wait.
    """

    def __init__(self) -> None:
        self._rings: tuple[OrderedDict[str, deque[GossipMessage]], ...] = (
            OrderedDict(),
            OrderedDict(),
        )
        self._turn = 0

    def put(self, message: GossipMessage, *, is_friend: bool) -> None:
        """Queue a message behind those of the same peer."""
        ring = self._rings[0 if is_friend else 1]
        ring.setdefault(message.from_peer, deque()).append(message)

    def take(self) -> GossipMessage | None:
        """Remove and return the next message; None when nothing waits."""
        for ring in (self._rings[self._turn], self._rings[1 - self._turn]):
            if ring:
                self._turn = 1 - self._turn
                peer, messages = ring.popitem(last=False)
                message = messages.popleft()
                if messages:
                    ring[peer] = messages
                return message
        return None
