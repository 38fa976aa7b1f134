"""Choose, for each topic, the peers that full messages go to (gossipsub v1.1)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from zkattest.net.score import MESH_THRESHOLD, ScoreBook
from zkattest.net.settings import GossipSettings
from zkattest.net.wire import Rpc

LONGEST_BACKOFF_S = 3600.0

SendRpc = Callable[[str, Rpc], None]


class Mesh:
    """Hold who subscribed to what and who is in our mesh; tell peers of every change."""

    def __init__(
        self,
        topics: Iterable[str],
        settings: GossipSettings,
        scores: ScoreBook,
        send: SendRpc,
        rng: random.Random,
    ) -> None:
        self._settings = settings
        self._scores = scores
        self._send = send
        self._rng = rng
        self.subscribers: dict[str, set[str]] = {topic: set() for topic in topics}
        self.members: dict[str, set[str]] = {topic: set() for topic in self.subscribers}
        self._backoff: dict[tuple[str, str], float] = {}

    def subscribe(self, peer: str, topic: str, now_s: float) -> bool:
        """Note a subscription, filling the mesh at once; False when it was known or not ours."""
        if topic not in self.subscribers or peer in self.subscribers[topic]:
            return False
        self.subscribers[topic].add(peer)
        if len(self.members[topic]) < self._settings.degree and self._may_join(peer, topic, now_s):
            self._graft(peer, topic)
        return True

    def unsubscribe(self, peer: str, topic: str) -> None:
        """Note that a peer left a topic."""
        if topic in self.subscribers:
            self.subscribers[topic].discard(peer)
            self.members[topic].discard(peer)

    def remove(self, peer: str) -> None:
        """Forget a peer that is gone; backoffs stay, so that reconnecting evades none."""
        for topic in self.subscribers:
            self.unsubscribe(peer, topic)

    def handle_graft(self, peer: str, topic: str, now_s: float) -> None:
        """Take a peer into the mesh, or tell it why not by a PRUNE."""
        if topic not in self.subscribers or peer in self.members[topic]:
            return
        self.subscribers[topic].add(peer)
        if self._backoff.get((topic, peer), 0.0) > now_s:
            self._scores.breached(peer, now_s)
            self._prune(peer, topic, now_s)
        elif (
            self._scores.score(peer, now_s) < MESH_THRESHOLD
            or len(self.members[topic]) >= self._settings.degree_high
        ):
            self._prune(peer, topic, now_s)
        else:
            self.members[topic].add(peer)

    def handle_prune(self, peer: str, topic: str, backoff_s: float, now_s: float) -> None:
        """Let a peer leave the mesh and do not ask it back before its time."""
        if topic not in self.subscribers:
            return
        self.members[topic].discard(peer)
        wait_s = min(backoff_s or self._settings.prune_backoff_s, LONGEST_BACKOFF_S)
        self._backoff[topic, peer] = now_s + wait_s

    def expel(self, peer: str, now_s: float) -> None:
        """Take a peer with a bad score out of every mesh."""
        for topic, members in self.members.items():
            if peer in members:
                self._prune(peer, topic, now_s)

    def heartbeat(self, now_s: float) -> None:
        """Bring every mesh back to its size, keeping the best peers."""
        self._backoff = {key: until for key, until in self._backoff.items() if until > now_s}
        for topic, members in self.members.items():
            for peer in [p for p in members if self._scores.score(p, now_s) < MESH_THRESHOLD]:
                self._prune(peer, topic, now_s)
            if len(members) < self._settings.degree_low:
                self._fill(topic, now_s)
            if len(members) > self._settings.degree_high:
                self._trim(topic, now_s)

    def outsiders(self, topic: str) -> list[str]:
        """Return subscribers outside the mesh, shuffled."""
        peers = sorted(self.subscribers[topic] - self.members[topic])
        self._rng.shuffle(peers)
        return peers

    def _fill(self, topic: str, now_s: float) -> None:
        for peer in self.outsiders(topic):
            if len(self.members[topic]) >= self._settings.degree:
                return
            if self._may_join(peer, topic, now_s):
                self._graft(peer, topic)

    def _trim(self, topic: str, now_s: float) -> None:
        peers = sorted(self.members[topic])
        self._rng.shuffle(peers)
        peers.sort(key=lambda peer: self._scores.score(peer, now_s), reverse=True)
        for peer in peers[self._settings.degree :]:
            self._prune(peer, topic, now_s)

    def _may_join(self, peer: str, topic: str, now_s: float) -> bool:
        backed_off = self._backoff.get((topic, peer), 0.0) > now_s
        return not backed_off and self._scores.score(peer, now_s) >= MESH_THRESHOLD

    def _graft(self, peer: str, topic: str) -> None:
        self.members[topic].add(peer)
        self._send(peer, Rpc(graft=(topic,)))

    def _prune(self, peer: str, topic: str, now_s: float) -> None:
        self.members[topic].discard(peer)
        backoff_s = self._settings.prune_backoff_s
        self._backoff[topic, peer] = now_s + backoff_s
        self._send(peer, Rpc(prune=((topic, int(backoff_s)),)))
