"""Choose, for each topic, the peers that full messages go to (gossipsub v1.1)."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zkattest.net.origin import Crowd
from zkattest.net.score import MESH_THRESHOLD, ScoreBook
from zkattest.net.settings import GossipSettings
from zkattest.net.wire import Rpc

LONGEST_BACKOFF_S = 3600.0
MOST_BACKOFFS = 8192
MOST_CHOSEN = 2
"""How many peers that we dialled ourselves a mesh has, and keeps (gossipsub's D_out)."""
OPPORTUNE_HEARTBEATS = 60
MOST_OPPORTUNE = 2
OPPORTUNE_SCORE = 1.0
"""A mesh whose median is below it delivers little: better peers are asked in, now and then."""

SendRpc = Callable[[str, Rpc], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Say where a peer is, and whether it was us who looked for it."""

    address: str = ""
    is_chosen: bool = False
    network: str = ""


NOWHERE = Place()


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
        self._backoff: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._places: dict[str, Place] = {}
        self._heartbeats = 0

    def place(self, peer: str, place: Place) -> None:
        """Note where a peer is: one address alone must not fill a mesh."""
        self._places[peer] = place

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
        self._places.pop(peer, None)
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
        elif self._scores.score(peer, now_s) < MESH_THRESHOLD:
            self._prune(peer, topic, now_s)
        elif len(self.members[topic]) < self._settings.degree_high or self._make_room(
            peer, topic, now_s
        ):
            self.members[topic].add(peer)
        else:
            self._prune(peer, topic, now_s)

    def handle_prune(self, peer: str, topic: str, backoff_s: float, now_s: float) -> None:
        """Let a peer leave the mesh and do not ask it back before its time."""
        if topic not in self.subscribers:
            return
        self.members[topic].discard(peer)
        wait_s = min(backoff_s or self._settings.prune_backoff_s, LONGEST_BACKOFF_S)
        self._back_off(peer, topic, now_s + wait_s)

    def expel(self, peer: str, now_s: float) -> None:
        """Take a peer with a bad score out of every mesh."""
        for topic, members in self.members.items():
            if peer in members:
                self._prune(peer, topic, now_s)

    def heartbeat(self, now_s: float) -> None:
        """Bring every mesh back to its size, keeping the best peers."""
        self._heartbeats += 1
        for key in [key for key, until_s in self._backoff.items() if until_s <= now_s]:
            del self._backoff[key]
        for topic, members in self.members.items():
            for peer in [p for p in members if self._scores.score(p, now_s) < MESH_THRESHOLD]:
                self._prune(peer, topic, now_s)
            if len(members) < self._settings.degree_low:
                self._fill(topic, now_s)
            self._add_chosen(topic, now_s)
            if self._heartbeats % OPPORTUNE_HEARTBEATS == 0:
                self._add_better(topic, now_s)
            if len(members) > self._settings.degree_high:
                self._trim(topic, now_s)

    def outsiders(self, topic: str) -> list[str]:
        """Return subscribers outside the mesh, shuffled."""
        peers = sorted(self.subscribers[topic] - self.members[topic])
        self._rng.shuffle(peers)
        return peers

    def _fill(self, topic: str, now_s: float) -> None:
        candidates = [p for p in self.outsiders(topic) if self._may_join(p, topic, now_s)]
        while candidates and len(self.members[topic]) < self._settings.degree:
            crowd = self._crowd(topic)
            peer = min(candidates, key=lambda each: crowd.weight(self._place(each)))
            candidates.remove(peer)
            self._graft(peer, topic)

    def _add_chosen(self, topic: str, now_s: float) -> None:
        """Ask in those we dialled: strangers can fill all other places by knocking first."""
        missing = MOST_CHOSEN - sum(self._place(p).is_chosen for p in self.members[topic])
        if missing > 0:
            found = [p for p in self.outsiders(topic) if self._place(p).is_chosen]
            for peer in [p for p in found if self._may_join(p, topic, now_s)][:missing]:
                self._graft(peer, topic)

    def _add_better(self, topic: str, now_s: float) -> None:
        """Ask in who delivers, where most of a mesh does not (opportunistic grafting)."""
        scores = sorted(self._scores.score(peer, now_s) for peer in self.members[topic])
        if not scores or (median := scores[len(scores) // 2]) >= OPPORTUNE_SCORE:
            return
        better = [p for p in self.outsiders(topic) if self._scores.score(p, now_s) > median]
        for peer in [p for p in better if self._may_join(p, topic, now_s)][:MOST_OPPORTUNE]:
            self._graft(peer, topic)

    def _trim(self, topic: str, now_s: float) -> None:
        peers = sorted(self.members[topic])
        self._rng.shuffle(peers)
        peers.sort(key=lambda peer: self._scores.score(peer, now_s), reverse=True)
        chosen = [peer for peer in peers if self._place(peer).is_chosen][:MOST_CHOSEN]
        others = [peer for peer in peers if peer not in chosen]
        for peer in others[self._settings.degree - len(chosen) :]:
            self._prune(peer, topic, now_s)

    def _make_room(self, peer: str, topic: str, now_s: float) -> bool:
        """Let a full mesh take one whom we dialled, or one of a smaller crowd than its biggest."""
        place, crowd = self._place(peer), self._crowd(topic)
        if place.is_chosen:
            return True
        yielding = [p for p in self.members[topic] if crowd.gives_way(self._place(p), place)]
        if not yielding:
            return False
        most = max(crowd.weight(self._place(each)) for each in yielding)
        strangers = [each for each in yielding if crowd.weight(self._place(each)) == most]
        worst = min(strangers, key=lambda each: (self._scores.score(each, now_s), each))
        if self._scores.score(worst, now_s) > self._scores.score(peer, now_s):
            # All of that crowd have done better than the newcomer yet has.
            return False
        self._prune(worst, topic, now_s)
        return True

    def _crowd(self, topic: str) -> Crowd:
        return Crowd(self._place(peer) for peer in self.members[topic])

    def _place(self, peer: str) -> Place:
        return self._places.get(peer, NOWHERE)

    def _may_join(self, peer: str, topic: str, now_s: float) -> bool:
        backed_off = self._backoff.get((topic, peer), 0.0) > now_s
        return not backed_off and self._scores.score(peer, now_s) >= MESH_THRESHOLD

    def _graft(self, peer: str, topic: str) -> None:
        self.members[topic].add(peer)
        self._send(peer, Rpc(graft=(topic,)))

    def _prune(self, peer: str, topic: str, now_s: float) -> None:
        self.members[topic].discard(peer)
        backoff_s = self._settings.prune_backoff_s
        self._back_off(peer, topic, now_s + backoff_s)
        self._send(peer, Rpc(prune=((topic, int(backoff_s)),)))

    def _back_off(self, peer: str, topic: str, until_s: float) -> None:
        # Identities are free, and each could leave one behind: the oldest go.
        self._backoff[topic, peer] = until_s
        self._backoff.move_to_end((topic, peer))
        while len(self._backoff) > MOST_BACKOFFS:
            self._backoff.popitem(last=False)
