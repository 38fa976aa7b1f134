"""Hosts over loopback: delivery, verdicts, scores, restarts, peers that break the rules."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
import trio

from tests.helpers.gossip import (
    BLOCKS,
    PROOF_BYTES,
    PROOFS,
    SETTINGS,
    Collector,
    Judge,
    RawPeer,
    open_host,
    wait_until,
)
from zkattest.net import GossipHost, Verdict, snappy
from zkattest.net.address import Address
from zkattest.net.boundary import select_outbound
from zkattest.net.errors import PeerError
from zkattest.net.link import IDENTIFY_PROTOCOL, MESHSUB_PROTOCOLS, PING_BYTES, PING_PROTOCOL
from zkattest.net.message_id import valid_snappy_id
from zkattest.net.wire import Published, Rpc, encode_rpc, encode_varint, read_frame

LIMIT_S = 20


@asynccontextmanager
async def full_mesh(count: int) -> AsyncIterator[list[Collector]]:
    """Open hosts that all know each other and accept everything."""
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
            collectors: list[Collector] = []
            for number in range(count):
                peers = [collector.host.address for collector in collectors]
                host = await stack.enter_async_context(open_host(number, peers))
                collectors.append(Collector(host))
                nursery.start_soon(collectors[-1].run)
            for collector in collectors:
                await collector.host.wait_for_mesh(PROOFS, count - 1)
            yield collectors
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def chain(judge: Judge) -> AsyncIterator[tuple[GossipHost, Collector, Collector]]:
    """Open a sender, a judge and a host that only the judge is connected to."""
    with trio.fail_after(LIMIT_S):
        async with (
            open_host(2) as middle,
            open_host(1, [middle.address]) as sender,
            open_host(3, [middle.address]) as end,
            trio.open_nursery() as nursery,
        ):
            await middle.wait_for_mesh(PROOFS, 2)
            await sender.wait_for_mesh(PROOFS, 1)
            await end.wait_for_mesh(PROOFS, 1)
            judging, last = Collector(middle, judge), Collector(end)
            nursery.start_soon(judging.run)
            nursery.start_soon(last.run)
            yield sender, judging, last
            nursery.cancel_scope.cancel()


def accept_only(good: bytes, otherwise: Verdict | None) -> Judge:
    return lambda message: Verdict.ACCEPT if message.data == good else otherwise


async def test_message__of_a_proof_reaches_four_hosts_once_each() -> None:
    data = os.urandom(PROOF_BYTES)
    async with full_mesh(5) as collectors:
        message_id = collectors[0].host.publish(PROOFS, data)
        for collector in collectors[1:]:
            message = await collector.wait_for(message_id)
            assert (message.topic, message.data) == (PROOFS, data)
        # A second message that everybody has seen comes after every copy of the first.
        fence = collectors[1].host.publish(PROOFS, b"fence")
        for collector in (collectors[0], *collectors[2:]):
            await collector.wait_for(fence)
        received = [[m.message_id for m in collector.received] for collector in collectors]
        assert received == [[fence], [message_id], *[[message_id, fence]] * 3]


async def test_reject__debits_the_sender_only_and_forwards_nothing() -> None:
    async with chain(accept_only(b"good", Verdict.REJECT)) as (sender, judging, last):
        sender.publish(PROOFS, b"bad")
        await wait_until(judging.host, lambda: judging.host.peer_scores()[sender.peer_id] < 0)
        good = sender.publish(PROOFS, b"good")
        await last.wait_for(good)
        assert [message.data for message in last.received] == [b"good"]
        scores = judging.host.peer_scores()
        assert scores[sender.peer_id] < -5
        assert scores[last.host.peer_id] == 0


async def test_ignore__debits_nobody_and_forwards_nothing() -> None:
    async with chain(accept_only(b"good", Verdict.IGNORE)) as (sender, judging, last):
        sender.publish(PROOFS, b"early")
        await wait_until(judging.host, lambda: judging.host.counters().get("ignore", 0) == 1)
        await last.wait_for(sender.publish(PROOFS, b"good"))
        assert [message.data for message in last.received] == [b"good"]
        assert judging.host.peer_scores()[sender.peer_id] > 0


async def test_accept__given_late_still_forwards() -> None:
    async with chain(accept_only(b"good", None)) as (sender, judging, last):
        late = sender.publish(PROOFS, os.urandom(PROOF_BYTES))
        await judging.wait_for(late)
        await last.wait_for(sender.publish(PROOFS, b"good"))
        assert judging.host.report(late, Verdict.ACCEPT)
        assert len((await last.wait_for(late)).data) == PROOF_BYTES
        assert not judging.host.report(late, Verdict.ACCEPT)


async def test_message__crosses_four_hops_and_arrives_once() -> None:
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
            line: list[Collector] = []
            for number in range(1, 6):
                peers = [line[-1].host.address] if line else []
                host = await stack.enter_async_context(open_host(number, peers))
                line.append(Collector(host))
                nursery.start_soon(line[-1].run)
            for collector, peers_wanted in zip(line, (1, 2, 2, 2, 1), strict=True):
                await collector.host.wait_for_mesh(PROOFS, peers_wanted)
            first = line[0].host.publish(PROOFS, os.urandom(PROOF_BYTES))
            second = line[0].host.publish(PROOFS, b"second")
            await line[-1].wait_for(first)
            await line[-1].wait_for(second)
            assert [m.message_id for m in line[-1].received].count(first) == 1
            nursery.cancel_scope.cancel()


async def test_message__reaches_peers_outside_the_mesh_by_gossip() -> None:
    sparse = replace(SETTINGS, degree=1, degree_low=1, degree_high=1, heartbeat_s=0.05)
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
            hub = await stack.enter_async_context(open_host(1, settings=sparse))
            nursery.start_soon(Collector(hub).run)
            rim: list[Collector] = []
            for number in range(2, 6):
                opening = open_host(number, [hub.address], settings=sparse)
                rim.append(Collector(await stack.enter_async_context(opening)))
                nursery.start_soon(rim[-1].run)
                await wait_until(hub, lambda: len(hub.connected_peers()) == len(rim))
            message_id = rim[0].host.publish(PROOFS, os.urandom(PROOF_BYTES))
            for collector in rim[1:]:
                await collector.wait_for(message_id)
            assert hub.counters()["resent"] >= 2
            nursery.cancel_scope.cancel()


async def test_host__that_restarts_gets_its_mesh_and_what_it_missed() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as builder, trio.open_nursery() as nursery:
            async with open_host(2, [builder.address]) as first:
                place = first.address.split("/p2p/")[0]
                await builder.wait_for_mesh(PROOFS, 1)
            await wait_until(builder, lambda: not builder.connected_peers())
            missed = builder.publish(PROOFS, os.urandom(PROOF_BYTES))
            async with open_host(2, [builder.address], listen=place) as second:
                collector = Collector(second)
                nursery.start_soon(collector.run)
                await collector.wait_for(missed)
                await builder.wait_for_mesh(PROOFS, 1)
                await collector.wait_for(builder.publish(PROOFS, b"new"))
            nursery.cancel_scope.cancel()


async def test_host__dials_a_static_peer_that_comes_back() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as first:
            address = first.address
        place = address.split("/p2p/")[0]
        async with open_host(2, [address]) as dialler:
            for _ in range(2):
                async with open_host(1, listen=place):
                    await dialler.wait_for_mesh(PROOFS, 1)
                await wait_until(dialler, lambda: not dialler.connected_peers())


async def test_host__sends_what_it_published_before_it_closes() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as receiver:
            async with open_host(2, [receiver.address]) as sender:
                await sender.wait_for_mesh(PROOFS, 1)
                message_id = sender.publish(PROOFS, os.urandom(PROOF_BYTES))
            assert (await receiver.messages.receive()).message_id == message_id


async def test_hosts__that_dial_each_other_at_once_exchange_messages() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as probe:
            first_address = probe.address
        place = first_address.split("/p2p/")[0]
        async with (
            open_host(2, [first_address]) as second,
            open_host(1, [second.address], listen=place) as first,
        ):
            await first.wait_for_mesh(PROOFS, 1)
            await second.wait_for_mesh(PROOFS, 1)
            sent = first.publish(PROOFS, b"there"), second.publish(PROOFS, b"back")
            assert (await second.messages.receive()).message_id == sent[0]
            assert (await first.messages.receive()).message_id == sent[1]


# Peers that break the rules. After each, an honest pair must still exchange a message.

SUBSCRIBE = encode_rpc(Rpc(subscribe=(PROOFS,)))
IDS = tuple(number.to_bytes(20, "big") for number in range(10_000))


def frame(body: bytes) -> bytes:
    return encode_varint(len(body)) + body


HOSTILE_FRAMES = {
    "garbage": frame(b"\xa7" * 50),
    "length without end": b"\xff" * 20,
    "length of 100 MiB": encode_varint(100 << 20),
    "length of 2^63": b"\xff" * 8 + b"\x7f",
    "message too big for every topic": encode_varint(11 << 20) + bytes(1000),
    "10,000 subscriptions": encode_rpc(Rpc(subscribe=tuple(f"t{i}" for i in range(10_000)))),
    "2,000 topics": encode_rpc(Rpc(subscribe=tuple(f"t{i}" for i in range(2000)))),
    "topic that is no text": frame(b"\x0a\x06\x08\x01\x12\x02\xff\xfe"),
    "empty frames": b"\x00" * 1000,
    "ids wanted": encode_rpc(Rpc(iwant=IDS)),
    "ids announced": encode_rpc(Rpc(ihave=((PROOFS, IDS),))),
    "ids unwanted": encode_rpc(Rpc(idontwant=IDS)),
    "grafts": encode_rpc(Rpc(graft=(PROOFS,) * 4000)),
    "prune for ages": encode_rpc(Rpc(prune=((PROOFS, 2**63), ("other", 2**63)))),
    "many messages": frame(b"\x12\x00" * 100_000),
}


@asynccontextmanager
async def honest_pair() -> AsyncIterator[tuple[GossipHost, Collector]]:
    """Open a host under attack and an honest peer of it."""
    with trio.fail_after(LIMIT_S):
        async with (
            open_host(1) as host,
            open_host(2, [host.address]) as friend,
            trio.open_nursery() as nursery,
        ):
            collector = Collector(host)
            nursery.start_soon(collector.run)
            await friend.wait_for_mesh(PROOFS, 1)
            await host.wait_for_mesh(PROOFS, 1)
            yield friend, collector
            await collector.wait_for(friend.publish(PROOFS, b"still here"))
            assert host.peer_scores()[friend.peer_id] > 0
            nursery.cancel_scope.cancel()


async def test_host__survives_malformed_frames() -> None:
    async with honest_pair() as (friend, collector):
        for number, (name, hostile) in enumerate(HOSTILE_FRAMES.items()):
            async with RawPeer.connect(collector.host, 100 + number) as attacker:
                await attacker.send(SUBSCRIBE + hostile)
                await collector.wait_for(friend.publish(PROOFS, name.encode()))
        assert collector.host.counters()["malformed"] >= 6


async def test_host__survives_streams_that_are_cut() -> None:
    async with honest_pair() as (_, collector):
        async with RawPeer.connect(collector.host, 100) as attacker:
            await attacker.send(SUBSCRIBE + encode_varint(5000) + b"x" * 10)
            attacker.stream.close()
        async with RawPeer.connect(collector.host, 101) as attacker:
            await attacker.send(encode_varint(5000))
            attacker.stream.reset()
            for _ in range(200):
                attacker.muxer.open_stream()


@pytest.mark.parametrize(
    "junk",
    [
        os.urandom(3000),
        b"\xff" * 12,
        b"\x00",
        b"\x13/multistream/1.0.0\n\x04\xff\xfe\xfd\n",
        b"\x13/multistream/1.0.0\n\xff\xff\xff\xff\x0f" + bytes(100_000),
        b"\x13/multistream/1.0.0\n\x07/noise\n\x00\x20" + bytes(32) + b"\x00\x60" + bytes(96),
        b"\x13/multistream/1.0.0\n\x07/noise\n\xff\xff" + b"a" * 100,
    ],
    ids=["random", "varint", "empty", "utf-8", "4 GiB", "noise", "noise cut"],
)
async def test_host__survives_junk_instead_of_a_handshake(junk: bytes) -> None:
    async with honest_pair() as (_, collector):
        address = Address.parse(collector.host.address)
        stream = await trio.open_tcp_stream(address.host, address.port)
        try:
            await stream.send_all(junk)
            await stream.send_eof()
            while await stream.receive_some():
                pass
        except trio.BrokenResourceError:
            pass
        await stream.aclose()


async def test_host__accepts_friends_while_strangers_hold_connections() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as host:
            address = Address.parse(host.address)
            idle = [await trio.open_tcp_stream(address.host, address.port) for _ in range(64)]
            async with open_host(2, [host.address]) as friend:
                await friend.wait_for_mesh(PROOFS, 1)
            for stream in idle:
                await stream.aclose()


async def test_host__parts_with_a_peer_that_sends_invalid_messages() -> None:
    async with honest_pair() as (friend, collector):
        host = collector.host
        async with RawPeer.connect(host, 100) as attacker:
            await attacker.send(SUBSCRIBE)
            for number in range(3):
                await attacker.publish(PROOFS, b"\xff\xff" + bytes([number]))
            await attacker.ended.wait()
        name = next(peer for peer, score in host.peer_scores().items() if score < -80)
        await wait_until(host, lambda: name not in host.connected_peers())
        assert host.connected_peers() == {friend.peer_id}
        # It is refused when it comes back.
        with pytest.raises(PeerError):
            await RawPeer.greet(host, 100)
        assert host.counters()["graylisted_refused"] == 1


async def test_bomb__is_debited_and_not_delivered() -> None:
    async with honest_pair() as (_, collector):
        async with RawPeer.connect(collector.host, 100) as attacker:
            bomb = snappy.compress(bytes(64 << 20))
            await attacker.publish(BLOCKS, bomb)
            await wait_until(
                collector.host, lambda: collector.host.counters().get("invalid_snappy") == 1
            )
        assert min(collector.host.peer_scores().values()) < -9


async def test_peer__that_never_reads_is_dropped_and_stalls_nobody() -> None:
    impatient = replace(SETTINGS, stall_s=0.5)
    with trio.fail_after(LIMIT_S):
        async with (
            open_host(1, settings=impatient) as host,
            open_host(2, [host.address]) as friend,
            RawPeer.connect(host, 100) as idler,
        ):
            await idler.send(SUBSCRIBE)
            await idler.accept_and_never_read()
            await host.wait_for_mesh(PROOFS, 2)
            sent = [host.publish(PROOFS, os.urandom(PROOF_BYTES)) for _ in range(4)]
            for message_id in sent:
                message = await friend.messages.receive()
                assert message.message_id == message_id
            await idler.ended.wait()
            assert host.connected_peers() == {friend.peer_id}


async def test_host__goes_on_while_a_peer_is_overloaded() -> None:
    # The embedder of the second host decides nothing: what it cannot take is dropped unblamed.
    small = replace(SETTINGS, pending_peer_limit=3)
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as host, open_host(2, [host.address], settings=small) as busy:
            await host.wait_for_mesh(PROOFS, 1)
            for number in range(5):
                host.publish(PROOFS, bytes([number]))
            await wait_until(busy, lambda: busy.counters().get("overload", 0) == 2)
            assert busy.peer_scores() == {host.peer_id: 0.0}
            for _ in range(3):
                message = await busy.messages.receive()
                assert busy.report(message.message_id, Verdict.ACCEPT)
            assert busy.peer_scores()[host.peer_id] > 2


async def test_host__answers_pings_and_says_who_it_is() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as host, RawPeer.connect(host, 100) as peer:
            ping = peer.muxer.open_stream()
            await select_outbound(ping, [PING_PROTOCOL])
            for number in range(3):
                await ping.write(bytes([number]) * PING_BYTES)
                assert await ping.read(PING_BYTES) == bytes([number]) * PING_BYTES
            identify = peer.muxer.open_stream()
            await select_outbound(identify, [IDENTIFY_PROTOCOL])
            description = await read_frame(identify, 4096)
            assert all(protocol.encode() in description for protocol in MESHSUB_PROTOCOLS)
            assert b"zkattest" in description


async def test_host__takes_the_newest_gossip_stream_of_a_peer() -> None:
    async with honest_pair() as (_, collector), RawPeer.connect(collector.host, 100) as peer:
        await peer.send(SUBSCRIBE)
        again = peer.muxer.open_stream()
        await select_outbound(again, MESHSUB_PROTOCOLS)
        payload = snappy.compress(b"by the second stream")
        await again.write(encode_rpc(Rpc(published=(Published((PROOFS,), payload),))))
        await collector.wait_for(valid_snappy_id(PROOFS, b"by the second stream"))
        with pytest.raises(PeerError):
            await peer.stream.receive_some(1)


async def test_publish__refuses_foreign_topics_and_messages_too_big() -> None:
    async with open_host(1) as host:
        with pytest.raises(ValueError, match="was not opened"):
            host.publish("other", b"")
        with pytest.raises(ValueError, match="allowed"):
            host.publish(PROOFS, bytes(4 * 2**20 + 146))


async def test_host__does_not_talk_to_its_own_identity() -> None:
    with trio.fail_after(LIMIT_S):
        async with open_host(1) as host, open_host(2, [host.address]) as friend:
            await friend.wait_for_mesh(PROOFS, 1)
            with pytest.raises(PeerError):
                await RawPeer.greet(host, 1)
            assert host.counters()["our_own_identity"] == 1
            assert host.connected_peers() == {friend.peer_id}


async def test_open__refuses_a_bad_address_and_a_peer_without_name() -> None:
    with pytest.raises(ValueError, match="ends in /p2p"):
        async with open_host(1, ["/ip4/127.0.0.1/tcp/1"]):
            pass
    for listen in ("127.0.0.1:80", "/dns4/localhost/tcp/0"):
        with pytest.raises(ValueError, match="address"):
            async with open_host(1, listen=listen):
                pass
    async with open_host(1) as host:
        with pytest.raises(OSError, match="in use"):
            async with open_host(2, listen=host.address.split("/p2p/")[0]):
                pass
