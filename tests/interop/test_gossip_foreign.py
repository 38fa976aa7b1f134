"""
Gossip with hosts that we did not write: js-libp2p, go-libp2p-pubsub, rust-libp2p.

Each runs as a process of its own, with its own snappy, and tells what it got and what it thinks
of us. A peer that we break the rules with says so in its scores; every test looks.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise

import pytest
import trio

from tests.helpers.gossip import (
    ANY_PORT,
    PROOF_BYTES,
    PROOFS,
    SETTINGS,
    TOPICS,
    Collector,
    accept,
    seed,
    wait_until,
)
from tests.interop.peers import ForeignPeer, content, join
from tests.interop.programs import NoProgram, Program, command
from zkattest.net import GossipHost, GossipMessage, GossipSettings, Verdict
from zkattest.net.boundary import KeyKind
from zkattest.net.gossipsub import Send
from zkattest.net.message_id import valid_snappy_id
from zkattest.net.wire import encode_published

LIMIT_S = 60
LARGEST_BYTES = 4_194_449
# js-libp2p sends no frame above 4 MiB (test_js_libp2p__ below): its largest proof ends in zeros,
# so that its snappy block fits.
MOST_ZEROS = {Program.JS: 1 << 16}
# Too short for anybody to say IDONTWANT.
MARKER_BYTES = 400
BACKOFF_S = 3
KEPT_S = 12
# Twice what go-libp2p-pubsub hears announcements of in one heartbeat.
BURST = 20
BURST_BYTES = 100_000
# It neither asks anybody into its mesh nor lets anybody in.
NO_MESH = replace(SETTINGS, degree=0, degree_low=0, degree_high=0)
MISTAKES = ("malformed", "connection_failed", "not_anonymous", "invalid_snappy", "too_many_ids")


@pytest.fixture(params=list(Program), ids=lambda each: f"{each}-libp2p")
def program(request: pytest.FixtureRequest) -> Program:
    """Have each program there, before any clock runs."""
    try:
        command(request.param)
    except NoProgram as reason:
        pytest.skip(f"no {request.param} peer: {reason}")
    return request.param


class Net:
    """Hold the hosts and peers of one test; on leaving, look what they hold against each other."""

    def __init__(self, program: Program, stack: AsyncExitStack, nursery: trio.Nursery) -> None:
        self._program = program
        self._stack = stack
        self._nursery = nursery
        self.ours: list[Collector] = []
        self.theirs: list[ForeignPeer] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, program: Program) -> AsyncIterator[Net]:
        """Run for a bounded time."""
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                async with AsyncExitStack() as stack:
                    net = cls(program, stack, nursery)
                    yield net
                    await net._look_back()
                nursery.cancel_scope.cancel()

    async def host(
        self,
        *peers: str,
        judge: Callable[[GossipMessage], Verdict | None] = accept,
        settings: GossipSettings = SETTINGS,
        key: KeyKind = KeyKind.ED25519,
    ) -> Collector:
        """Open a host of ours."""
        secret = seed(len(self.ours) + 1)
        opened = GossipHost.open(ANY_PORT, peers, TOPICS, secret, settings, key_kind=key)
        collector = Collector(await self._stack.enter_async_context(opened), judge)
        self._nursery.start_soon(collector.run)
        self.ours.append(collector)
        return collector

    async def peer(self, program: Program | None = None, **settings: object) -> ForeignPeer:
        """Start a peer of another make."""
        opened = ForeignPeer.open(program or self._program, **settings)
        self.theirs.append(await self._stack.enter_async_context(opened))
        return self.theirs[-1]

    async def _look_back(self) -> None:
        for collector in self.ours:
            counters = collector.host.counters()
            assert {name: counters[name] for name in MISTAKES if name in counters} == {}
        names = {collector.host.peer_id for collector in self.ours}
        for peer in [each for each in self.theirs if not each.ended.is_set()]:
            # They look at scores from time to time only.
            state = await peer.wait_until(lambda state: set(state["mesh"]) <= set(state["scores"]))
            blamed = {name: score for name, score in state["scores"].items() if score < 0}
            assert {name: blamed[name] for name in names & set(blamed)} == {}, peer.program


def proofs(program: Program) -> list[tuple[int, int, int]]:
    """Return seed, size and trailing zeros of a usual proof and of the largest one."""
    return [(1, PROOF_BYTES, 0), (2, LARGEST_BYTES, MOST_ZEROS.get(program, 0))]


async def check_arrival(host: Collector, data: bytes, message_id: bytes) -> None:
    """See that a message arrives at a host of ours byte for byte."""
    message = await host.wait_for(message_id)
    assert message.data == data


async def check_foreign_arrival(peer: ForeignPeer, data: bytes, sender: GossipHost) -> None:
    """See that a message arrives at a foreign peer byte for byte, under the id that is ours."""
    message = await peer.wait_for_message(valid_snappy_id(PROOFS, data))
    told = {name: message[name] for name in ("sha256", "size", "topic", "from")}
    assert told == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "topic": PROOFS,
        "from": sender.peer_id,
    }


@pytest.mark.parametrize("who_dials", ["we", "they"])
async def test_proof__of_any_size_arrives_byte_for_byte_both_ways(program, who_dials):
    async with Net.open(program) as net:
        peer = await net.peer()
        ours = await net.host(*([peer.address] if who_dials == "we" else []))
        if who_dials == "they":
            await peer.ask("dial", address=ours.host.address)
        await peer.wait_for_mesh(ours.host.peer_id)
        await ours.host.wait_for_mesh(PROOFS, 1)
        for proof in proofs(program):
            await check_arrival(ours, content(*proof), await peer.publish(*proof))
        for size in (PROOF_BYTES, LARGEST_BYTES):
            data = content(3, size)
            assert ours.host.publish(PROOFS, data) == valid_snappy_id(PROOFS, data)
            await check_foreign_arrival(peer, data, ours.host)
        state = await peer.state()
        assert state["protocols"] == {ours.host.peer_id: "/meshsub/1.2.0"}
        assert ours.host.peer_scores() == {peer.peer_id: pytest.approx(2, abs=0.1)}


@pytest.mark.parametrize("theirs", KeyKind)
@pytest.mark.parametrize("ours", KeyKind)
@pytest.mark.parametrize("who_dials", ["we", "they"])
async def test_identity__of_either_kind_is_believed_both_ways(program, who_dials, ours, theirs):
    async with Net.open(program) as net:
        peer = await net.peer(key=theirs)
        host = await net.host(*([peer.address] if who_dials == "we" else []), key=ours)
        if who_dials == "they":
            await peer.ask("dial", address=host.host.address)
        await peer.wait_for_mesh(host.host.peer_id)
        await wait_until(host.host, lambda: host.host.mesh_peers(PROOFS) == {peer.peer_id})
        await check_arrival(host, content(1, 100), await peer.publish(1, 100))
        host.host.publish(PROOFS, content(2, 100))
        await check_foreign_arrival(peer, content(2, 100), host.host)


async def test_score__of_theirs_falls_for_a_payload_that_is_no_snappy(program):
    """Show that what every other test looks at, in the end, would tell."""
    async with Net.open(program) as net:
        peer, ours = await net.peer(), await net.host()
        await join(peer, ours.host)
        name = ours.host.peer_id
        # No method of a host would send this.
        ours.host._perform([Send(peer.peer_id, encode_published(PROOFS, b"\xff" * 100))])
        await peer.wait_until(lambda state: state["scores"].get(name, 0) < -50)
        assert peer.messages == []
        net.ours.clear()


async def test_burst__of_more_big_messages_than_they_hear_announcements_of_arrives(program):
    async with Net.open(program) as net:
        middle, one, other = await net.host(), await net.peer(), await net.peer()
        await join(one, middle.host)
        await join(other, middle.host)
        sent = [await one.publish(number, BURST_BYTES) for number in range(BURST)]
        for number, message_id in enumerate(sent):
            await check_arrival(middle, content(number, BURST_BYTES), message_id)
            await check_foreign_arrival(other, content(number, BURST_BYTES), middle.host)
        # Each came once: what was announced was not pushed as well.
        assert (await other.state())["counters"]["message_received"] == BURST


async def test_proof__passes_through_a_foreign_peer(program):
    async with Net.open(program) as net:
        middle, one, other = await net.peer(), await net.host(), await net.host()
        await join(middle, one.host, other.host)
        for proof in proofs(program):
            data = content(*proof)
            message_id = one.host.publish(PROOFS, data)
            message = await other.wait_for(message_id)
            assert message == GossipMessage(PROOFS, data, message_id, middle.peer_id)


async def test_proof__passes_through_us_between_foreign_peers(program):
    async with Net.open(program) as net:
        middle, one, other = await net.host(), await net.peer(), await net.peer()
        await join(one, middle.host)
        await join(other, middle.host)
        for proof in proofs(program):
            assert await one.publish(*proof)
            await check_foreign_arrival(other, content(*proof), middle.host)
        # Announced to a member of the mesh, and asked for.
        assert middle.host.counters()["asked"] == 2


async def test_message__that_we_refuse_or_ignore_is_not_passed_on(program):
    verdicts = {2000: Verdict.IGNORE, 3000: Verdict.REJECT}

    def judge(message: GossipMessage) -> Verdict:
        return verdicts.get(len(message.data), Verdict.ACCEPT)

    async with Net.open(program) as net:
        middle, sender, third = await net.host(judge=judge), await net.peer(), await net.peer()
        await join(sender, middle.host)
        await join(third, middle.host)
        sent = [await sender.publish(1, size) for size in (2000, 2500, 3000)]
        for message_id in sent:
            await middle.wait_for(message_id)
        # What is published after a verdict shows that nothing was sent before it.
        marker = middle.host.publish(PROOFS, content(2, MARKER_BYTES))
        for message_id in (sent[1], marker):
            await third.wait_for_message(message_id)
        assert (await third.state())["counters"]["message_received"] == len(third.messages) == 2
        assert middle.host.peer_scores()[sender.peer_id] == pytest.approx(1 - 10, abs=0.1)
        assert middle.host.peer_scores()[third.peer_id] == 0


async def test_message__published_while_the_link_was_down_is_asked_of_us(program):
    async with Net.open(program) as net:
        ours, peer = await net.host(), await net.peer()
        await join(peer, ours.host)
        await peer.ask("part", peer=ours.host.peer_id)
        await wait_until(ours.host, lambda: not ours.host.connected_peers())
        data = content(1, PROOF_BYTES)
        ours.host.publish(PROOFS, data)
        await peer.ask("dial", address=ours.host.address)
        await check_foreign_arrival(peer, data, ours.host)
        counters = ours.host.counters()
        assert (counters["ihave_sent"], counters["iwant_received"], counters["asked"]) == (1, 1, 1)


async def test_message__published_while_the_link_was_down_is_asked_of_them(program):
    async with Net.open(program) as net:
        peer, sender = await net.peer(), await net.host()
        ours = await net.host(settings=NO_MESH)
        await join(peer, sender.host)
        await peer.ask("dial", address=ours.host.address)
        await peer.wait_until(lambda state: ours.host.peer_id in state["subscribers"])
        await peer.ask("part", peer=ours.host.peer_id)
        await wait_until(ours.host, lambda: not ours.host.connected_peers())
        data = content(1, PROOF_BYTES)
        message_id = sender.host.publish(PROOFS, data)
        await peer.wait_for_message(message_id)
        assert ours.received == []
        await peer.ask("dial", address=ours.host.address)
        await check_arrival(ours, data, message_id)
        counters = ours.host.counters()
        assert counters["ihave_received"] >= 1
        assert counters["iwant_sent"] == 1


async def test_proof__whose_link_breaks_on_the_way_is_asked_for_again(program):
    async with Net.open(program) as net:
        ours, peer = await net.host(), await net.peer()
        await join(peer, ours.host)
        data = content(1, LARGEST_BYTES)
        ours.host.publish(PROOFS, data)
        # Megabytes are under way, or waiting in the socket, when the peer hangs up.
        await peer.ask("part", peer=ours.host.peer_id)
        await wait_until(ours.host, lambda: not ours.host.connected_peers())
        lost = peer.messages == []
        # rust-libp2p asks for nothing that it asked for in the last three seconds, of nobody: then
        # it is pushed to it.
        await peer.ask("dial", address=ours.host.address)
        await check_foreign_arrival(peer, data, ours.host)
        assert len(peer.messages) == 1
        counters = Counter(ours.host.counters())
        assert counters["asked"] + counters["sent_unasked"] == (1 if lost else 0)
        # They may count against us what they asked for and broke off themselves.
        net.ours.clear()


async def test_message__that_they_announce_outside_the_mesh_is_asked_for(program):
    async with Net.open(program) as net:
        peer, sender = await net.peer(), await net.host()
        ours = await net.host(settings=NO_MESH)
        await join(peer, sender.host)
        await peer.ask("dial", address=ours.host.address)
        await peer.wait_until(lambda state: ours.host.peer_id in state["subscribers"])
        data = content(*proofs(program)[1])
        await check_arrival(ours, data, sender.host.publish(PROOFS, data))
        assert ours.received[0].from_peer == peer.peer_id
        assert ours.host.counters()["iwant_sent"] == 1
        assert (await peer.state())["mesh"] == [sender.host.peer_id]


async def test_message__that_we_announce_outside_the_mesh_is_asked_for(program):
    async with Net.open(program) as net:
        peer, ours = await net.peer(), await net.host(settings=NO_MESH)
        await peer.ask("dial", address=ours.host.address)
        await peer.wait_until(lambda state: ours.host.peer_id in state["subscribers"])
        feeder = await net.host(ours.host.address)
        # Ours is known to want the topic once it has declined to be in the mesh.
        await wait_until(feeder.host, lambda: "prune_received" in feeder.host.counters())
        data = content(1, LARGEST_BYTES)
        feeder.host.publish(PROOFS, data)
        await check_foreign_arrival(peer, data, ours.host)
        counters = ours.host.counters()
        assert "sent" not in counters
        assert (counters["iwant_received"], counters["resent"]) == (1, 1)


# By version: IDONTWANT to and from the foreign peer, copies that came, copies held back.
SPARED = {"1.2": (1, 1, 0, 1), "1.1": (0, 0, 1, 0)}


@pytest.mark.parametrize("version", SPARED)
async def test_idontwant__spares_copies_both_ways_where_it_is_spoken(program, version):
    data = content(1, PROOF_BYTES)
    message_id = valid_snappy_id(PROOFS, data)

    def judge(message: GossipMessage) -> Verdict | None:
        return None if message.message_id == message_id else Verdict.ACCEPT

    async with Net.open(program) as net:
        ours, behind_it = await net.host(judge=judge), await net.host()
        peer = await net.peer(version=version)
        await join(peer, ours.host, behind_it.host)
        behind_us = await net.host(ours.host.address)
        await behind_us.host.wait_for_mesh(PROOFS, 1)
        await ours.host.wait_for_mesh(PROOFS, 2)
        # We have it, undecided; the peer is told so before it could send it to us.
        behind_us.host.publish(PROOFS, data)
        await ours.wait_for(message_id)
        if version == "1.2":
            await peer.wait_until(lambda state: state["counters"].get("idontwant_received") == 1)
        # The peer gets it from elsewhere, and then something else, which shows what came before.
        behind_it.host.publish(PROOFS, data)
        await peer.wait_for_message(message_id)
        await ours.wait_for(behind_it.host.publish(PROOFS, content(2, MARKER_BYTES)))
        assert ours.host.report(message_id, Verdict.ACCEPT)
        counters = ours.host.counters()
        names = ("idontwant_sent", "idontwant_received", "duplicate", "unwanted")
        assert tuple(counters.get(name, 0) for name in names) == SPARED[version]
        version_spoken = (await peer.state())["protocols"][ours.host.peer_id]
        assert version_spoken == f"/meshsub/{version}.0"


async def test_prune__of_theirs_keeps_us_out_of_their_mesh_for_its_time(program):
    async with Net.open(program) as net:
        ours, peer = await net.host(), await net.peer(backoff_s=BACKOFF_S)
        await join(peer, ours.host)
        await peer.ask("unsubscribe", topic=PROOFS)
        await wait_until(ours.host, lambda: "prune_received" in ours.host.counters())
        pruned_s = trio.current_time()
        assert ours.host.mesh_peers(PROOFS) == set()
        await peer.ask("subscribe", topic=PROOFS)
        await wait_until(ours.host, lambda: ours.host.mesh_peers(PROOFS) == {peer.peer_id})
        assert trio.current_time() - pruned_s >= BACKOFF_S
        # Nor did it ask before its own time was over.
        assert "prune_sent" not in ours.host.counters()
        await peer.wait_for_mesh(ours.host.peer_id)
        data = content(1, PROOF_BYTES)
        ours.host.publish(PROOFS, data)
        await check_foreign_arrival(peer, data, ours.host)


async def test_prune__of_ours_keeps_them_out_of_our_mesh_for_its_time(program):
    narrow = replace(
        SETTINGS, degree=1, degree_low=1, degree_high=1, prune_backoff_s=float(BACKOFF_S)
    )
    async with Net.open(program) as net:
        ours, first, second = await net.host(settings=narrow), await net.peer(), await net.peer()
        await join(first, ours.host)
        await second.ask("dial", address=ours.host.address)
        await wait_until(ours.host, lambda: "prune_sent" in ours.host.counters())
        pruned_s = trio.current_time()
        assert ours.host.mesh_peers(PROOFS) == {first.peer_id}
        await first.leave()
        await wait_until(ours.host, lambda: ours.host.mesh_peers(PROOFS) == {second.peer_id})
        # Our clock began to run a moment before we looked.
        assert trio.current_time() - pruned_s >= BACKOFF_S - 0.1
        await second.wait_for_mesh(ours.host.peer_id)
        # It asked once, and not again before the time was over.
        assert ours.host.counters()["prune_sent"] == 1
        await check_arrival(ours, content(1, PROOF_BYTES), await second.publish(1, PROOF_BYTES))


async def test_peer__that_leaves_is_gone_at_once_and_comes_back(program):
    async with Net.open(program) as net:
        ours, peer = await net.host(), await net.peer()
        await join(peer, ours.host)
        await peer.leave()
        await wait_until(ours.host, lambda: not ours.host.connected_peers())
        again = await net.peer()
        await join(again, ours.host)
        assert ours.host.mesh_peers(PROOFS) == {again.peer_id}


async def test_peers__of_all_makes_keep_us_connected_and_pass_on_in_a_ring() -> None:
    programs = available()
    async with Net.open(programs[0]) as net:
        peers = [await net.peer(program) for program in programs]
        ours = await net.host(peers[0].address, peers[-1].address)
        for one, other in pairwise(peers):
            await one.ask("dial", address=other.address)
        await ours.host.wait_for_mesh(PROOFS, len({peers[0].peer_id, peers[-1].peer_id}))
        for one, other in pairwise(peers):
            await one.wait_until(lambda state, other=other: other.peer_id in state["mesh"])
        # Longer than any of them keeps a connection that nothing needs, or waits for a ping.
        await trio.sleep(KEPT_S)
        assert ours.host.connected_peers() == {peers[0].peer_id, peers[-1].peer_id}
        assert "connection_lost" not in ours.host.counters()
        for peer in (peers[0], peers[-1]):
            state = await peer.state()
            assert state["agents"][ours.host.peer_id] == "zkattest"
            assert state["protocols"][ours.host.peer_id] == "/meshsub/1.2.0"
            assert (await peer.ask("ping", peer=ours.host.peer_id))["ms"] >= 0
        data = content(*proofs(Program.JS)[1])
        message_id = ours.host.publish(PROOFS, data)
        for peer in peers:
            message = await peer.wait_for_message(message_id)
            assert message["sha256"] == hashlib.sha256(data).hexdigest()
        for number, peer in enumerate(peers):
            proof = (number, PROOF_BYTES, 0)
            await check_arrival(ours, content(*proof), await peer.publish(*proof))


async def test_js_libp2p__sends_no_frame_above_four_mebibytes() -> None:
    """Its encoder of lengths has that limit, which no option reaches; smaller ones still come."""
    if Program.JS not in available():
        pytest.skip("no js peer: npm is not installed")
    async with Net.open(Program.JS) as net:
        ours, peer = await net.host(), await net.peer()
        await join(peer, ours.host)
        await peer.publish(1, LARGEST_BYTES)
        marker = await peer.publish(2, MARKER_BYTES)
        await ours.wait_for(marker)
        assert [message.message_id for message in ours.received] == [marker]


def available() -> list[Program]:
    """Return the programs that can be had here."""
    found = []
    for program in Program:
        with suppress(NoProgram):
            command(program)
            found.append(program)
    if not found:
        pytest.skip("no peer of another make: neither npm, Go nor Rust is installed")
    return found
