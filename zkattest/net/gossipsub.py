"""
Route gossip without I/O: what peers say and what we decide come in, actions go out.

Gossipsub v1.2 with Ethereum's rules: anonymous messages only, ids over the decompressed payload,
three-valued verdicts. Nothing is forwarded before its ACCEPT, which may come any time later; until
then the peers of the mesh are told that they need not send us what we already hold (IDONTWANT).
Big messages are pushed to a few peers and announced to the others (`offers.py`).

https://github.com/libp2p/specs/tree/master/pubsub/gossipsub
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from zkattest.net import snappy
from zkattest.net.budget import TokenBucket
from zkattest.net.memory import MessageCache, SeenMessages, Status
from zkattest.net.mesh import NOWHERE, Mesh, Place
from zkattest.net.message_id import MESSAGE_ID_BYTES, invalid_snappy_id, valid_snappy_id
from zkattest.net.offers import chosen
from zkattest.net.peer_state import PeerState
from zkattest.net.pending import PendingMessage, PendingMessages
from zkattest.net.score import GOSSIP_THRESHOLD, ScoreBook
from zkattest.net.settings import GossipSettings
from zkattest.net.wants import Wants
from zkattest.net.wire import Published, Rpc, encode_published, encode_rpc
from zkattest.types.gossip import GossipMessage, Verdict

MOST_IDS_A_HEARTBEAT = 5000
MOST_IDS_ANNOUNCED = 500
MOST_RESENDS = 3
# So many of the newest messages are pushed to a newcomer that does not ask for them.
MOST_REMINDED = 6
# Between two sweeps: copies of one message from one peer, and joinings of each topic.
MOST_COPIES = 4
MOST_JOININGS = 4
MOST_MESSAGES_COUNTED = 2048
SWEEP_EVERY_HEARTBEATS = 20
LONGEST_UNTOLD_S = 10.0
"""So far back a peer outside the mesh is told what it may have missed."""


@dataclass(frozen=True, slots=True)
class Send:
    """Queue a frame for a peer; `message_id` names the message in it, if it is one."""

    peer: str
    frame: bytes
    message_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand a message to the embedder, which owes a verdict."""

    message: GossipMessage


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Part with a peer."""

    peer: str


Action = Send | Deliver | Disconnect


class GossipRouter:
    """Hold the state of one host's gossip; every method returns what is to be done now."""

    def __init__(
        self, topics: Mapping[str, int], settings: GossipSettings, rng: random.Random
    ) -> None:
        self._topics = dict(topics)
        self._settings = settings
        self._peers: dict[str, PeerState] = {}
        self._seen = SeenMessages(settings.seen_limit)
        self._cache = MessageCache(settings.cache_ttl_s, settings.cache_limit_bytes)
        self._pending = PendingMessages(settings)
        self._wants = Wants(
            settings.want_retry_s,
            settings.want_most_s,
            settings.want_promise_s,
            settings.want_slower,
        )
        self._rng = rng
        self._heartbeats = 0
        self._actions: list[Action] = []
        self._outside: dict[str, set[str]] = {topic: set() for topic in topics}
        self.scores = ScoreBook()
        self.mesh = Mesh(topics, settings, self.scores, self._send, rng)
        self.counters: Counter[str] = Counter()

    # What the host tells.

    def connected(self, peer: str, place: Place = NOWHERE) -> list[Action]:
        """Greet a peer, also one that comes back on a new connection and has forgotten all."""
        settings = self._settings
        self._peers[peer] = PeerState(
            resend_bytes=TokenBucket(settings.resend_burst_bytes, settings.resend_bytes_per_s),
            ignored=TokenBucket(settings.ignored_burst, settings.ignored_per_s),
        )
        self.mesh.remove(peer)
        self.mesh.place(peer, place)
        self._send(peer, Rpc(subscribe=tuple(self._topics)))
        return self._take_actions()

    def negotiated(self, peer: str, *, understands_idontwant: bool) -> None:
        """Note which version of the protocol a peer speaks."""
        if peer in self._peers:
            self._peers[peer].understands_idontwant = understands_idontwant

    def disconnected(self, peer: str) -> None:
        """Forget a peer, except how it behaved."""
        self._peers.pop(peer, None)
        self._wants.lost(peer)
        self.mesh.remove(peer)

    def misbehaved(self, peer: str, now_s: float) -> list[Action]:
        """Debit a frame or a stream that broke the protocol."""
        self.scores.breached(peer, now_s, times=2.0)
        self._part_when_graylisted(peer, now_s)
        return self._take_actions()

    def progressed(self, peer: str, now_s: float) -> None:
        """Note that a part of a big frame came from a peer."""
        state = self._peers.get(peer)
        if state is not None:
            state.heard_at_s = now_s

    def received(self, peer: str, rpc: Rpc, now_s: float) -> list[Action]:
        """Handle what a peer sent."""
        state = self._peers.get(peer)
        if state is None or state.is_leaving or self.scores.is_graylisted(peer, now_s):
            return []
        for topic in rpc.subscribe:
            if self.mesh.subscribe(peer, topic, now_s):
                self._welcome(peer, state, topic, now_s)
        for topic in rpc.unsubscribe:
            self.mesh.unsubscribe(peer, topic)
        for published in rpc.published:
            if not state.is_leaving:
                self._handle_published(peer, published, now_s)
        self._handle_control(peer, rpc, now_s)
        self._part_when_graylisted(peer, now_s)
        return self._take_actions()

    def publish(self, topic: str, data: bytes, now_s: float) -> tuple[bytes, list[Action]]:
        """Send a message of ours to every subscriber we know, and keep it for those to come."""
        message_id = valid_snappy_id(topic, data)
        status = self._seen.status(message_id, now_s)
        if status is Status.PENDING:
            return message_id, self.decide(message_id, Verdict.ACCEPT, now_s) or []
        if status is Status.ACCEPTED:
            return message_id, []
        self._remember(message_id, Status.ACCEPTED, now_s)
        payload = snappy.compress(data)
        is_big = len(payload) >= self._settings.announce_from_bytes
        peers = self._publishing_to(topic) if is_big else self.mesh.subscribers[topic]
        self._spread(
            message_id, topic, payload, peers, now_s, eager=self._settings.eager_peers_published
        )
        return message_id, self._take_actions()

    def _publishing_to(self, topic: str) -> Collection[str]:
        """Return the mesh, made up from other subscribers while it is being formed."""
        members = self.mesh.members[topic]
        if len(members) >= self._settings.degree_low:
            return members
        return [*members, *self.mesh.outsiders(topic)][: self._settings.degree]

    def decide(self, message_id: bytes, verdict: Verdict, now_s: float) -> list[Action] | None:
        """Apply the verdict on a pending message; None when it does not wait for one."""
        decided = self._settle(message_id, verdict, now_s)
        return self._take_actions() if decided else None

    def is_pending(self, message_id: bytes) -> bool:
        """Say whether a message still waits for its verdict."""
        return message_id in self._pending

    def is_unwanted(self, peer: str, message_id: bytes) -> bool:
        """Say whether a peer asked not to be sent a message, meanwhile."""
        state = self._peers.get(peer)
        return state is not None and message_id in state.unwanted

    def dropped(self, peer: str, message_id: bytes) -> None:
        """Note that a message was not queued for a peer: it may ask for it."""
        state = self._peers.get(peer)
        if state is not None:
            state.offers.sent.pop(message_id, None)

    def heartbeat(self, now_s: float) -> list[Action]:
        """Mend the meshes, announce recent messages, ask again, expire."""
        self._heartbeats += 1
        for message_id in self._pending.expired(now_s):
            self.counters["verdict_timeout"] += 1
            self._settle(message_id, Verdict.IGNORE, now_s)
        for state in self._peers.values():
            state.ids_this_heartbeat = 0
            state.offers.announcements = 0
        self.mesh.heartbeat(now_s)
        for topic in self._topics:
            self._gossip(topic, now_s)
        self._follow_up(now_s)
        self._debit_silent(now_s)
        self._cache.sweep(now_s)
        if self._heartbeats % SWEEP_EVERY_HEARTBEATS == 0:
            self._seen.sweep(now_s)
            for state in self._peers.values():
                state.resends.clear()
                state.copies.clear()
                state.joinings = 0
        return self._take_actions()

    def has_follow_ups(self) -> bool:
        """Say whether `tick` will have something to do, sooner or later."""
        return bool(self._wants) or any(state.offers.open for state in self._peers.values())

    def tick(self, now_s: float) -> list[Action]:
        """Do what cannot wait for the heartbeat: ask others, push what nobody asked for."""
        self._follow_up(now_s)
        return self._take_actions()

    def _follow_up(self, now_s: float) -> None:
        for peer, message_id in self._wants.due(now_s, self._heard_s):
            self._send(peer, Rpc(iwant=(message_id,)))
        for peer, state in self._peers.items():
            for message_id in state.offers.take_overdue(now_s):
                cached = self._cache.get(message_id)
                if cached is None or message_id in state.unwanted:
                    continue
                # Outside the mesh whoever missed an announcement hears the next one.
                if peer in self.mesh.members[cached.topic]:
                    self.counters["sent_unasked"] += 1
                    self._push(peer, state, message_id, cached.frame, now_s)

    def _heard_s(self, peer: str) -> float:
        state = self._peers.get(peer)
        return state.heard_at_s if state is not None else float("-inf")

    # Messages.

    def _settle(self, message_id: bytes, verdict: Verdict, now_s: float) -> bool:
        message = self._pending.take(message_id)
        if message is None:
            return False
        self.counters[verdict.value] += 1
        if verdict is Verdict.ACCEPT:
            self._remember(message_id, Status.ACCEPTED, now_s)
            self.scores.delivered(message.senders[0], now_s)
            others = self.mesh.members[message.topic] - set(message.senders)
            eager = self._settings.eager_peers
            self._spread(message_id, message.topic, message.payload, others, now_s, eager=eager)
        elif verdict is Verdict.REJECT:
            self._remember(message_id, Status.REJECTED, now_s)
            for sender in message.senders:
                self._reject(sender, now_s)
        else:
            self._remember(message_id, Status.IGNORED, now_s)
            # No blame, yet nobody may have us judge in vain without end.
            state = self._peers.get(message.senders[0])
            if state is not None:
                state.ignored.take(1, now_s)
        return True

    def _handle_published(self, peer: str, published: Published, now_s: float) -> None:
        self.counters["received"] += 1
        self.counters["received_bytes"] += len(published.payload)
        if not published.is_anonymous or len(published.topics) != 1:
            self.counters["not_anonymous"] += 1
            self._reject(peer, now_s)
            return
        topic = published.topics[0]
        if topic not in self._topics:
            self.counters["unknown_topic"] += 1
            return
        state = self._peers[peer]
        state.heard_at_s = now_s
        size_bytes = len(published.payload)
        if not state.ignored.has(1, now_s) or not self._make_room(peer, size_bytes, now_s):
            # Before it costs anything. Ours to blame: it can come again.
            self.counters["overload"] += 1
            return
        try:
            data = snappy.decompress(published.payload, self._topics[topic])
        except snappy.SnappyError:
            message_id = invalid_snappy_id(topic, published.payload)
            self.counters["invalid_snappy"] += 1
            self._remember(message_id, Status.REJECTED, now_s)
            self._reject(peer, now_s)
            return
        self._handle_message(peer, topic, published.payload, data, now_s)

    def _handle_message(
        self, peer: str, topic: str, payload: bytes, data: bytes, now_s: float
    ) -> None:
        message_id = valid_snappy_id(topic, data)
        is_big = len(payload) >= self._settings.announce_from_bytes
        self._wants.arrived(message_id, now_s, is_big=is_big)
        self._peers[peer].note_has(message_id)
        status = self._seen.status(message_id, now_s)
        if status is not None:
            self._handle_duplicate(peer, message_id, status, len(payload), now_s)
            return
        message = PendingMessage(
            topic,
            payload,
            len(payload) + len(data),
            now_s + self._settings.verdict_timeout_s,
            [peer],
        )
        made = self._make_room(peer, message.size_bytes, now_s)
        if not made or not self._pending.admit(message_id, message):
            # Ours to blame: neither seen nor scored, so that it can come again.
            self.counters["overload"] += 1
            return
        self._remember(message_id, Status.PENDING, now_s)
        self._tell_unwanted(peer, topic, message_id, len(payload))
        self.counters["delivered"] += 1
        self._actions.append(Deliver(GossipMessage(topic, data, message_id, peer)))

    def _make_room(self, peer: str, size_bytes: int, now_s: float) -> bool:
        """Let a peer with few waiting messages take the place of one that has many."""
        while self._pending.has_share(peer, size_bytes):
            if self._pending.has_room(peer, size_bytes):
                return True
            displaced = self._pending.newest_of_most(peer, size_bytes)
            if displaced is None:
                return False
            self._pending.take(displaced)
            self._remember(displaced, Status.IGNORED, now_s)
            self.counters["displaced"] += 1
        return False

    def _handle_duplicate(
        self, peer: str, message_id: bytes, status: Status, size_bytes: int, now_s: float
    ) -> None:
        self.counters["duplicate"] += 1
        self.counters["duplicate_bytes"] += size_bytes
        if status is Status.PENDING:
            self._pending.add_sender(message_id, peer)
        elif status is Status.REJECTED:
            self._reject(peer, now_s)
        copies = self._peers[peer].copies
        if len(copies) >= MOST_MESSAGES_COUNTED:
            copies.clear()
        copies[message_id] += 1
        if copies[message_id] > MOST_COPIES:
            self.counters["repeated"] += 1
            self.scores.breached(peer, now_s)

    def _tell_unwanted(self, peer: str, topic: str, message_id: bytes, size_bytes: int) -> None:
        if size_bytes < self._settings.idontwant_from_bytes:
            return
        for other in self.mesh.members[topic] - {peer}:
            state = self._peers.get(other)
            if state is not None and state.understands_idontwant:
                self._send(other, Rpc(idontwant=(message_id,)))

    def _spread(
        self,
        message_id: bytes,
        topic: str,
        payload: bytes,
        peers: Iterable[str],
        now_s: float,
        *,
        eager: int,
    ) -> None:
        frame = encode_published(topic, payload)
        self._cache.put(message_id, topic, frame, now_s)
        states = {peer: state for peer in peers if (state := self._peers.get(peer)) is not None}
        wanting = {peer: each for peer, each in states.items() if message_id not in each.unwanted}
        if len(wanting) < len(states):
            self.counters["unwanted"] += len(states) - len(wanting)
        if len(payload) < self._settings.announce_from_bytes:
            for peer, state in wanting.items():
                self.counters["sent"] += 1
                self._push(peer, state, message_id, frame, now_s)
            return
        offers = {peer: state.offers for peer, state in wanting.items()}
        at_once, told = chosen(offers, eager, self._rng)
        ihave = Rpc(ihave=((topic, (message_id,)),))
        for peer in told:
            self._send(peer, ihave)
            offers[peer].announce(message_id, now_s + wanting[peer].patience_s(self._settings))
        for peer in at_once:
            self.counters["sent"] += 1
            if offers[peer].can_announce():
                # It then knows what is coming, and asks nobody else for it meanwhile.
                self._send(peer, ihave)
                offers[peer].announcements += 1
            self._push(peer, wanting[peer], message_id, frame, now_s)

    def _push(
        self, peer: str, state: PeerState, message_id: bytes, frame: bytes, now_s: float
    ) -> None:
        if len(frame) >= self._settings.announce_from_bytes:
            state.offers.send(message_id, now_s)
        self._actions.append(Send(peer, frame, message_id))

    def _remember(self, message_id: bytes, status: Status, now_s: float) -> None:
        ignored = status is Status.IGNORED
        ttl_s = self._settings.ignored_ttl_s if ignored else self._settings.seen_ttl_s
        self._seen.record(message_id, status, now_s + ttl_s)

    def _reject(self, peer: str, now_s: float) -> None:
        self.scores.rejected(peer, now_s)
        self._part_when_graylisted(peer, now_s)

    def _part_when_graylisted(self, peer: str, now_s: float) -> None:
        if self.scores.score(peer, now_s) < 0 and peer in self._peers:
            self.mesh.expel(peer, now_s)
        state = self._peers.get(peer)
        if state is None or state.is_leaving or not self.scores.is_graylisted(peer, now_s):
            return
        state.is_leaving = True
        self.counters["graylisted"] += 1
        self._actions.append(Disconnect(peer))

    def _debit_silent(self, now_s: float) -> None:
        """Debit peers that announce and send nothing at all when they are asked."""
        since_s = now_s - self._settings.want_promise_s
        for peer in self._wants.take_silent(now_s):
            state = self._peers.get(peer)
            if state is not None and state.heard_at_s < since_s:
                self.counters["broken_promise"] += 1
                self.scores.breached(peer, now_s)
                self._part_when_graylisted(peer, now_s)

    def _welcome(self, peer: str, state: PeerState, topic: str, now_s: float) -> None:
        """Tell a new subscriber what we have; one that comes and goes is told no more."""
        state.joinings += 1
        if state.joinings <= MOST_JOININGS * len(self._topics):
            self._announce(peer, topic, float("-inf"), now_s)
            if peer not in self.mesh.members[topic]:
                self._outside[topic].add(peer)
            self._remind(state, topic, now_s)
        else:
            self.counters["rejoined"] += 1
            self.scores.breached(peer, now_s)

    def _remind(self, state: PeerState, topic: str, now_s: float) -> None:
        """Push the newest big messages one after another, should a newcomer not ask for them."""
        settings, due_s = self._settings, now_s
        # It has much to fetch at once, and may not have told yet that it can decline.
        patience_s = max(state.patience_s(settings), settings.push_declinable_s)
        for message_id in islice(self._cache.newest_ids(topic, float("-inf")), MOST_REMINDED):
            cached = self._cache.get(message_id)
            if cached is None or len(cached.frame) < settings.announce_from_bytes:
                continue
            # Charged as what is asked for again: one that comes and goes gets no more by it.
            if message_id not in state.unwanted and state.resend_bytes.take(
                len(cached.frame), now_s
            ):
                due_s += patience_s
                state.offers.remind(message_id, due_s)

    # Control.

    def _handle_control(self, peer: str, rpc: Rpc, now_s: float) -> None:
        self.counters.update(rpc.control_counts("received"))
        for topic in rpc.graft:
            self.mesh.handle_graft(peer, topic, now_s)
        for topic, backoff_s in rpc.prune:
            self.mesh.handle_prune(peer, topic, float(backoff_s), now_s)
        if self.scores.score(peer, now_s) < GOSSIP_THRESHOLD:
            # Nobody listens any more, but it is counted that it goes on.
            announced = (each for _, message_ids in rpc.ihave for each in message_ids)
            self._within_budget(peer, (*announced, *rpc.iwant, *rpc.idontwant), now_s)
            return
        for topic, message_ids in rpc.ihave:
            if topic in self._topics:
                self._handle_ihave(peer, message_ids, now_s)
        self._handle_iwant(peer, rpc.iwant, now_s)
        for message_id in self._within_budget(peer, rpc.idontwant, now_s):
            self._peers[peer].note_has(message_id)

    def _handle_ihave(self, peer: str, message_ids: Iterable[bytes], now_s: float) -> None:
        wanted = []
        for message_id in self._within_budget(peer, message_ids, now_s):
            self._peers[peer].note_has(message_id)
            if self._seen.status(message_id, now_s) is None and self._wants.offer(
                message_id, peer, now_s
            ):
                wanted.append(message_id)
        if wanted:
            self._send(peer, Rpc(iwant=tuple(wanted)))

    def _handle_iwant(self, peer: str, message_ids: Iterable[bytes], now_s: float) -> None:
        state = self._peers[peer]
        for message_id in self._within_budget(peer, message_ids, now_s):
            cached = self._cache.get(message_id)
            if cached is None:
                continue
            state.has_asked = True
            if state.offers.is_under_way(message_id, now_s - self._settings.want_promise_s):
                self.counters["under_way"] += 1
            elif message_id in state.offers.open:
                # The answer to our own announcement: in place of a push, and as free.
                self.counters["asked"] += 1
                self._resend(peer, state, message_id, cached.frame, now_s)
            elif state.resends[message_id] < MOST_RESENDS and state.resend_bytes.take(
                len(cached.frame), now_s
            ):
                state.resends[message_id] += 1
                self.counters["resent"] += 1
                self._resend(peer, state, message_id, cached.frame, now_s)

    def _resend(
        self, peer: str, state: PeerState, message_id: bytes, frame: bytes, now_s: float
    ) -> None:
        # It asks now, whatever it said before.
        state.unwanted.pop(message_id, None)
        self._push(peer, state, message_id, frame, now_s)

    def _within_budget(self, peer: str, message_ids: Iterable[bytes], now_s: float) -> list[bytes]:
        state = self._peers[peer]
        ids = [each for each in message_ids if len(each) == MESSAGE_ID_BYTES]
        room = max(0, MOST_IDS_A_HEARTBEAT - state.ids_this_heartbeat)
        state.ids_this_heartbeat += len(ids)
        if len(ids) > room:
            self.counters["too_many_ids"] += 1
            self.scores.breached(peer, now_s)
        return ids[:room]

    def _gossip(self, topic: str, now_s: float) -> None:
        """Announce to some outsiders, in turns: by lot, one of many could miss a message."""
        settings = self._settings
        listening = [
            peer
            for peer in self.mesh.outsiders(topic)
            if self.scores.score(peer, now_s) >= GOSSIP_THRESHOLD
        ]
        listening.sort(key=lambda peer: self._told_s(peer, topic))
        each_turn = math.ceil(len(listening) * settings.heartbeat_s / settings.gossip_window_s)
        window_s = now_s - settings.gossip_window_s
        for peer in listening[: max(settings.degree_lazy, each_turn)]:
            since_s = min(self._told_s(peer, topic), window_s)
            self._announce(peer, topic, max(since_s, now_s - LONGEST_UNTOLD_S), now_s)
        # What was accepted between the last telling and the joining came by neither way.
        for peer in self.mesh.members[topic] & self._outside[topic]:
            self._announce(peer, topic, self._told_s(peer, topic), now_s)
        self._outside[topic] = self.mesh.subscribers[topic] - self.mesh.members[topic]

    def _told_s(self, peer: str, topic: str) -> float:
        return self._peers[peer].told_at_s.get(topic, float("-inf"))

    def _announce(self, peer: str, topic: str, since_s: float, now_s: float) -> None:
        self._peers[peer].told_at_s[topic] = now_s
        newest = list(islice(self._cache.newest_ids(topic, since_s), MOST_IDS_ANNOUNCED))
        if newest:
            # Oldest first: they are asked for in this order, and parents come before children.
            self._send(peer, Rpc(ihave=((topic, tuple(reversed(newest))),)))

    def _send(self, peer: str, rpc: Rpc) -> None:
        if peer in self._peers:
            self.counters.update(rpc.control_counts("sent"))
            self._actions.append(Send(peer, encode_rpc(rpc)))

    def _take_actions(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions
