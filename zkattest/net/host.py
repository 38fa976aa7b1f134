"""Run one gossip host: listen, keep static peers connected, publish, deliver, report verdicts."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import trio

from zkattest.net.address import Address
from zkattest.net.admission import Admission, Ticket
from zkattest.net.boundary import Identity, KeyKind, SecureChannel
from zkattest.net.errors import PeerError, ProtocolViolation
from zkattest.net.fair_queue import FairQueue
from zkattest.net.fairness import WorkMeter
from zkattest.net.gossipsub import Action, Deliver, Disconnect, GossipRouter, Send
from zkattest.net.link import Link, StreamServices, secure_accepted, secure_dialled
from zkattest.net.mesh import Place
from zkattest.net.origin import Origin, address_group, network_group
from zkattest.net.outbox import Outbox, OutFrame
from zkattest.net.settings import GossipSettings
from zkattest.net.tcp import Traffic, choose_congestion_control
from zkattest.net.unfinished import UnfinishedFrames
from zkattest.net.wire import Rpc, frame_limit_bytes
from zkattest.types.gossip import GossipMessage, Verdict

logger = logging.getLogger(__name__)

# Messages that the embedder is given ahead; the others wait where their turn is kept fair.
MOST_HANDED_OVER = 4
FRIEND_SCORE = 1.0
"""From here on a peer has delivered something that was accepted, not long ago."""


class GossipHost:
    """
    Join gossip topics as one peer.

    Every message of `messages` waits for `report`; it is passed on only by ACCEPT. A message that
    gets no verdict within `settings.verdict_timeout_s` counts as IGNORE. While the limits on
    pending messages are reached, new ones are dropped without blame and may come again.
    """

    messages: trio.MemoryReceiveChannel[GossipMessage]
    """What peers sent, in order of arrival."""
    _tasks: trio.Nursery

    def __init__(
        self,
        identity: Identity,
        listener: trio.SocketListener,
        address: Address,
        topics: Mapping[str, int],
        settings: GossipSettings,
        services: StreamServices | None = None,
    ) -> None:
        """Use `GossipHost.open`."""
        self._services = services
        self._identity = identity
        self._listener = listener
        self._address = address
        self._topics = dict(topics)
        self._settings = settings
        self._frame_limit_bytes = frame_limit_bytes(topics.values())
        self._router = GossipRouter(topics, settings, random.Random())  # noqa: S311 (shuffles peers)
        self._links: dict[str, list[Link]] = {}
        self.traffic = Traffic()
        self._admission = Admission(settings, scores=self._router.scores)
        self._work = WorkMeter()
        self.unfinished = UnfinishedFrames(settings.unfinished_limit_bytes)
        self._changed = trio.Event()
        self._connected_or_lost = trio.Event()
        self._waiting = FairQueue()
        self._waits = trio.Event()
        self._delivered, self.messages = trio.open_memory_channel[GossipMessage](MOST_HANDED_OVER)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        listen: str,
        peers: Sequence[str],
        topics: Mapping[str, int],
        key_seed: bytes,
        settings: GossipSettings | None = None,
        services: StreamServices | None = None,
        key_kind: KeyKind = KeyKind.ED25519,
    ) -> AsyncIterator[GossipHost]:
        """
        Start a host and close it on leaving.

        `listen` is a multiaddr (`/ip4/127.0.0.1/tcp/0` takes a free port), `peers` are multiaddrs
        ending in `/p2p/<peer id>` that are dialled until they answer and again when they are
        lost, `topics` maps full topic strings to the largest decompressed size in bytes.
        `services` answers what peers ask besides gossip; consensus peers have keys of the kind
        secp256k1, which a node record can name.

        Raises `OSError` when the address cannot be bound and `ValueError` when one is malformed.
        """
        identity = Identity(key_seed, key_kind)
        address = _listen_address(listen)
        dialled = [each for each in map(_peer_address, peers) if each.peer_id != identity.peer_id]
        listeners = await trio.open_tcp_listeners(address.port, host=address.host)
        bound = Address(
            address.protocol,
            address.host,
            listeners[0].socket.getsockname()[1],
            identity.peer_id,
        )
        host = cls(identity, listeners[0], bound, topics, settings or GossipSettings(), services)
        async with trio.open_nursery() as nursery:
            host._tasks = nursery
            nursery.start_soon(host._run, dialled)
            try:
                yield host
            finally:
                await host._take_leave([one for each in host._links.values() for one in each])
                nursery.cancel_scope.cancel()

    @property
    def peer_id(self) -> str:
        """Return our peer id (base58)."""
        return self._identity.peer_id

    @property
    def address(self) -> str:
        """Return the multiaddr that others can put in `peers`; the port is the bound one."""
        return str(self._address)

    def publish(self, topic: str, ssz_bytes: bytes) -> bytes:
        """
        Queue a message of ours for the peers of its topic and return its message id.

        Never blocks. Publishing the same bytes twice sends them once. Raises `ValueError` for a
        topic that was not opened or a message above the topic's size.
        """
        limit_bytes = self._topics.get(topic)
        if limit_bytes is None:
            raise ValueError(f"topic {topic!r} was not opened")
        if len(ssz_bytes) > limit_bytes:
            raise ValueError(f"{len(ssz_bytes)} bytes for {topic}, {limit_bytes} allowed")
        message_id, actions = self._router.publish(topic, ssz_bytes, trio.current_time())
        self._perform(actions)
        return message_id

    def report(self, message_id: bytes, verdict: Verdict) -> bool:
        """
        Decide a delivered message; False when it waits no longer (decided, timed out, unknown).

        ACCEPT forwards it, REJECT lowers the score of every peer that sent it, IGNORE does
        neither and lets a later copy be delivered again.
        """
        actions = self._router.decide(message_id, verdict, trio.current_time())
        if actions is None:
            return False
        self._perform(actions)
        return True

    def peer_scores(self) -> dict[str, float]:
        """Return the score of every peer that is connected or remembered for its behaviour."""
        scores = dict.fromkeys(self._links, 0.0)
        return scores | self._router.scores.scores(trio.current_time())

    def connected_peers(self) -> frozenset[str]:
        """Return the peers that gossip can be exchanged with now."""
        return frozenset(self._links)

    def mesh_peers(self, topic: str) -> frozenset[str]:
        """Return the peers that full messages of a topic are forwarded to."""
        return frozenset(self._router.mesh.members[topic])

    def subscribers(self, topic: str) -> int:
        """Count the peers that a message of ours on a topic is for."""
        return len(self._router.mesh.subscribers[topic])

    def counters(self) -> dict[str, int]:
        """Return how often each thing happened (delivered, duplicate, malformed, …)."""
        return dict(self._router.counters)

    async def dial(self, address: str) -> None:
        """
        Connect once and stay until the connection ends or fails; never raises for what peers do.

        `address` ends in `/p2p/<peer id>`; `ValueError` when it does not. A peer that is connected
        already, or has to stay away, is left alone. A connection whose caller is cancelled is
        ended as all are when the host closes: what waits is sent, then a goodbye.
        """
        parsed = _peer_address(address)
        peer = parsed.peer_id or ""
        if peer in self._links or peer == self.peer_id:
            return
        if not self._may_dial(peer):
            return
        ended, scope = trio.Event(), trio.CancelScope()

        async def stay() -> None:
            try:
                with scope:
                    await self._dial(parsed, peer)
            finally:
                ended.set()

        # In a task of ours: whoever waits may be cancelled, and then the peer hears a goodbye.
        self._tasks.start_soon(stay)
        try:
            await ended.wait()
        finally:
            if not ended.is_set():
                links = self._links.get(peer, ())
                await self._take_leave([link for link in links if link.is_initiator])
                scope.cancel()

    async def wait_for_mesh(self, topic: str, peers: int) -> None:
        """Return when at least `peers` peers are in the mesh of a topic."""
        while len(self._router.mesh.members[topic]) < peers:
            await self.wait_for_change()

    async def wait_for_change(self) -> None:
        """Return after the next event that can change connections, meshes, scores or counters."""
        await self._changed.wait()

    # Tasks.

    async def _run(self, dialled: Sequence[Address]) -> None:
        static = {address_group(address.host) for address in dialled}
        self._admission = Admission(self._settings, static, self._router.scores)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._beat)
            nursery.start_soon(self._hand_over)
            nursery.start_soon(self._tick)
            for address in dialled:
                nursery.start_soon(self._keep_dialling, address)
            nursery.start_soon(self._listen)

    async def _listen(self) -> None:
        await trio.serve_listeners(self._accept, [self._listener])

    async def _beat(self) -> None:
        due_s = trio.current_time()
        while True:
            # By the clock and not by the pause, so that the rhythm does not drift.
            due_s = max(due_s + self._settings.heartbeat_s, trio.current_time())
            await trio.sleep_until(due_s)
            self._perform(self._router.heartbeat(trio.current_time()))

    async def _tick(self) -> None:
        while True:
            while not self._router.has_follow_ups():
                await self.wait_for_change()
            await trio.sleep(self._settings.tick_s)
            if actions := self._router.tick(trio.current_time()):
                self._perform(actions)

    async def _accept(self, stream: trio.SocketStream) -> None:
        with trio.CancelScope() as scope:
            origin = self._origin_of(stream)
            ticket = self._admission.enter(origin, scope.cancel, trio.current_time())
            if ticket is None:
                self._router.counters["connection_refused"] += 1
                await stream.aclose()
                return
            try:
                await self._serve_guarded(stream, None, ticket)
            finally:
                self._admission.leave(ticket)
        if scope.cancelled_caught:
            self._router.counters["connection_replaced"] += 1

    async def _keep_dialling(self, address: Address) -> None:
        settings, peer = self._settings, address.peer_id or ""
        # When both sides dial each other, the one with the smaller name goes first.
        pause_s = settings.redial_first_s if peer < self.peer_id else 0.0
        while True:
            await trio.sleep(pause_s)
            while peer in self._links:
                await self._connected_or_lost.wait()
            if not self._may_dial(peer):
                pause_s = settings.redial_most_s
                continue
            started_s = trio.current_time()
            await self._dial(address, peer)
            lasted = trio.current_time() - started_s > settings.redial_most_s
            doubled_s = min(max(pause_s, settings.redial_first_s / 2) * 2, settings.redial_most_s)
            pause_s = settings.redial_first_s if lasted else doubled_s

    def _may_dial(self, peer: str) -> bool:
        if self._router.scores.is_graylisted(peer, trio.current_time()):
            return False
        return self._services is None or self._services.may_dial(peer)

    async def _dial(self, address: Address, peer: str) -> None:
        try:
            with trio.fail_after(self._settings.dial_timeout_s):
                stream = await trio.open_tcp_stream(address.host, address.port)
        except (OSError, trio.TooSlowError):
            self._router.counters["dial_failed"] += 1
            return
        await self._serve_guarded(stream, peer)

    async def _serve_guarded(
        self, stream: trio.SocketStream, peer: str | None, ticket: Ticket | None = None
    ) -> None:
        """Be the outermost shell of a peer: whatever happens in here ends this connection only."""
        try:
            await self._serve(stream, peer, ticket)
        except* (PeerError, trio.TooSlowError) as errors:
            self._router.counters["connection_lost"] += 1
            if ticket is not None and errors.subgroup(ProtocolViolation) is not None:
                self._admission.fine(ticket.seat.origin.address)
            logger.debug("connection to %s lost: %s", peer or "a caller", errors.exceptions)
        except* Exception as errors:  # a handshake may raise anything, and one bug ends one link
            self._router.counters["connection_failed"] += 1
            logger.warning("connection to %s failed", peer or "a caller", exc_info=errors)
        finally:
            with trio.move_on_after(0):
                await stream.aclose()

    async def _serve(
        self, stream: trio.SocketStream, peer: str | None, ticket: Ticket | None
    ) -> None:
        chosen = self._settings.congestion_control
        if chosen and not choose_congestion_control(stream, chosen):
            self._router.counters["congestion_control_refused"] += 1
        with trio.fail_after(self._settings.dial_timeout_s):
            channel = await self._secure(stream, peer)
        if self._router.scores.is_graylisted(channel.peer_id, trio.current_time()):
            self._router.counters["graylisted_refused"] += 1
            return
        name = channel.peer_id
        if name == self.peer_id:
            self._router.counters["our_own_identity"] += 1
            return
        if ticket is not None:
            ticket.shown(name, trio.current_time())
        origin = self._origin_of(stream)
        link = Link(
            self,
            channel,
            Place(origin.address, is_chosen=peer is not None, network=origin.network),
            self._settings,
            self._frame_limit_bytes,
            lambda protocols: self._identity.identify(protocols, self._address.to_bytes()),
            Outbox(self._settings, lambda each: self._router.is_unwanted(name, each)),
            self._services,
            is_initiator=peer is not None,
        )
        try:
            await link.run()
        finally:
            self._link_closed(link)

    async def _secure(self, stream: trio.SocketStream, peer: str | None) -> SecureChannel:
        if peer is None:
            return await secure_accepted(self._identity, stream, self.traffic)
        return await secure_dialled(self._identity, stream, peer, self.traffic)

    def _origin_of(self, stream: trio.SocketStream) -> Origin:
        try:
            host = str(stream.socket.getpeername()[0])
        except OSError:
            # Gone already; the next read says so.
            return Origin("")
        bits = self._settings.ipv4_network_bits, self._settings.ipv6_network_bits
        return Origin(address_group(host), network_group(host, *bits))

    async def _take_leave(self, links: Sequence[Link]) -> None:
        deadline_s = trio.current_time() + self._settings.drain_s
        with trio.CancelScope(deadline=deadline_s, shield=True):
            async with trio.open_nursery() as nursery:
                for link in links:
                    nursery.start_soon(self._part_with, link)

    async def _part_with(self, link: Link) -> None:
        """Send what waits for a peer, then say goodbye to it."""
        await link.outbox.wait_idle()
        if self._services is not None:
            await self._services.part(link)

    # What links tell us.

    def link_opened(self, link: Link) -> None:
        """Send gossip to the peer over its newest link; the older ones are spare."""
        links = self._links.setdefault(link.peer_id, [])
        links.append(link)
        if len(links) > self._settings.most_links_per_peer:
            links[0].close()
        self._perform(self._router.connected(link.peer_id, link.place))

    def link_negotiated(self, link: Link, *, understands_idontwant: bool) -> None:
        """Take note of what the peer's protocol version allows."""
        self._router.negotiated(link.peer_id, understands_idontwant=understands_idontwant)

    def link_received(self, link: Link, rpc: Rpc) -> None:
        """Route what the peer sent."""
        self._perform(self._router.received(link.peer_id, rpc, trio.current_time()))

    def link_progressed(self, link: Link) -> None:
        """Note that a big frame is coming in."""
        self._router.progressed(link.peer_id, trio.current_time())

    def link_worked(self, link: Link, work_s: float) -> float:
        """Count the work that a peer causes and return how many seconds it is to wait."""
        now_s, peer = trio.current_time(), link.peer_id
        is_friend = self._router.scores.score(peer, now_s) >= FRIEND_SCORE
        pause_s = self._work.spend(peer, work_s, now_s, is_friend=is_friend)
        if pause_s:
            self._router.counters["slowed_down"] += 1
        return pause_s

    def link_dawdled(self, link: Link) -> None:
        """Note that a peer is parted with because it did not finish what it began."""
        self._router.counters["unfinished"] += 1
        logger.debug("peer %s: unfinished frame", link.peer_id)

    def link_misused(self, link: Link, error: ProtocolViolation) -> None:
        """Debit a stream that broke the protocol."""
        self._router.counters["malformed"] += 1
        logger.debug("peer %s: %s", link.peer_id, error)
        self._perform(self._router.misbehaved(link.peer_id, trio.current_time()))

    def _link_closed(self, link: Link) -> None:
        links = self._links.get(link.peer_id, [])
        if link not in links:
            return
        was_newest = links[-1] is link
        links.remove(link)
        if not links:
            del self._links[link.peer_id]
            self._work.forget(link.peer_id)
            self._router.disconnected(link.peer_id)
        elif was_newest:
            # What the peer said on its older link was forgotten when the newer one opened, and it
            # may never have seen the newer one: start over.
            links[-1].close()
        self._connected_or_lost.set()
        self._connected_or_lost = trio.Event()
        self._announce_change()

    # What the router decides.

    def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Send(peer, frame, message_id):
                    self._send(peer, OutFrame(frame, message_id))
                case Deliver(message):
                    self._deliver(message)
                case Disconnect(peer):
                    for link in self._links.get(peer, []):
                        self._admission.fine(link.place.address)
                        link.close()
        self._announce_change()

    def _send(self, peer: str, frame: OutFrame) -> None:
        links = self._links.get(peer)
        if links and not links[-1].outbox.put(frame):
            self._router.counters["outbox_full"] += 1
            if frame.message_id is not None:
                self._router.dropped(peer, frame.message_id)

    def _deliver(self, message: GossipMessage) -> None:
        score = self._router.scores.score(message.from_peer, trio.current_time())
        self._waiting.put(message, is_friend=score >= FRIEND_SCORE)
        self._waits.set()

    async def _hand_over(self) -> None:
        """Give messages to the embedder, in fair turns, as fast as it takes them."""
        while True:
            message = self._waiting.take()
            if message is None:
                self._waits = trio.Event()
                await self._waits.wait()
            elif self._router.is_pending(message.message_id):
                await self._delivered.send(message)

    def _announce_change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def _listen_address(text: str) -> Address:
    address = Address.parse(text)
    if address.protocol not in {"ip4", "ip6"}:
        raise ValueError(f"address {text!r}: listening takes an IP address")
    return address


def _peer_address(text: str) -> Address:
    address = Address.parse(text)
    if address.peer_id is None:
        raise ValueError(f"address {text!r}: a peer's address ends in /p2p/<peer id>")
    return address
